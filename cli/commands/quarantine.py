"""`motcua quarantine`: the dead-letter queue, and what the broker refused, for an operator."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import typer
from motcua.operations.v1 import operations_pb2 as pb
from rich.table import Table

from cli.formatting import ZONE, iso, moment, print_json
from cli.grpc_clients import Connection, identity
from cli.options import JSON, as_code
from cli.printer import counted, grid, out
from cli.rpc_errors import failures
from cli.stack.plan import SERVICES

app = typer.Typer(no_args_is_help=True, help="Look at quarantined records, and try them again.")
SERVICE = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]


def _known(service: str) -> str:
    if service not in SERVICES:
        raise typer.BadParameter(f"{service!r} is no service; there are {', '.join(SERVICES)}")
    return service


@app.command("list")
def list_records(
    service: Annotated[str, typer.Argument(help="One service; all when left out.")] = "",
    as_json: JSON = False,
) -> None:
    """List quarantined records, oldest first."""
    rows: list[tuple[str, pb.QuarantinedRecord]] = []
    for name in [_known(service)] if service else SERVICES:
        with failures(name), Connection(name) as connection:
            request = pb.ListQuarantinedRequest(page_size=1000)
            answer = connection.operations().ListQuarantined(
                request, timeout=10, metadata=identity()
            )
            rows += [(name, record) for record in answer.records]
    if as_json:
        print_json([_document(name, record) for name, record in rows])
        return
    if not rows:
        out.print("nothing is quarantined")
        return
    out.print(_narrow(rows) if out.narrow else _wide(rows))


def _wide(rows: list[tuple[str, pb.QuarantinedRecord]]) -> Table:
    cells = [
        (
            name,
            f"{record.partition}:{record.offset}",
            record.stream_id,
            record.reason,
            moment(record.first_seen_at),
            str(record.attempts),
            record.error,
        )
        for name, record in rows
    ]
    columns = ("service", "place", "dossier", "reason", "since", "tries", "error")
    return grid(columns, cells, title=ZONE, right=["tries"], whole=columns[:5])


def _narrow(rows: list[tuple[str, pb.QuarantinedRecord]]) -> Table:
    cells = [
        (
            name,
            f"{record.partition}:{record.offset}",
            record.stream_id,
            f"{record.reason}, {counted(record.attempts, 'try', 'tries')}"
            f" since {moment(record.first_seen_at)}\n{record.error}",
        )
        for name, record in rows
    ]
    columns = ("service", "place", "dossier", "why")
    return grid(columns, cells, title=ZONE, whole=columns[:3])


def _document(service: str, record: pb.QuarantinedRecord) -> dict[str, Any]:
    return {
        "service": service,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "dossier_code": record.stream_id,
        "reason": record.reason,
        "error": record.error,
        "first_seen_at": iso(record.first_seen_at),
        "attempts": record.attempts,
    }


@app.command("show")
def show(
    service: SERVICE,
    place: Annotated[str, typer.Argument(help="PARTITION:OFFSET")],
    as_json: Annotated[bool, typer.Option("--json", help="As it is without.")] = False,
) -> None:
    """Show one record with its original bytes, as one JSON document."""
    partition, offset = _place(place)
    with failures(_known(service)), Connection(service) as connection:
        request = pb.GetQuarantinedRequest(partition=partition, offset=offset)
        answer = connection.operations().GetQuarantined(request, timeout=10, metadata=identity())
    headers = {name: value.decode("utf-8", "replace") for name, value in answer.headers.items()}
    print_json(
        _document(service, answer.record)
        | {"key": answer.key.hex(), "value": answer.value.hex(), "headers": headers}
    )


@app.command("redrive")
def redrive(
    service: SERVICE,
    what: Annotated[
        str,
        typer.Argument(
            metavar="DOSSIER|PLACE",
            help="A dossier's code, or PARTITION:OFFSET of a record without one.",
        ),
    ],
    discard_first: Annotated[
        bool, typer.Option("--discard-first", help="Drop the first record for good.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Try the quarantined records of a dossier again, in order.

    Exit status 1 when some are still quarantined.
    """
    request = pb.RedriveRequest(request_id=str(uuid.uuid4()), discard_first=discard_first)
    if ":" in what:
        request.partition, request.offset = _place(what)
    else:
        request.stream_id = as_code(what)
    with failures(_known(service)), Connection(service) as connection:
        answer = connection.operations().Redrive(request, timeout=60, metadata=identity())
    if as_json:
        print_json({"handled": answer.handled, "quarantined": answer.quarantined})
    else:
        out.print(f"{answer.handled} handled, {answer.quarantined} still quarantined")
    if answer.quarantined:
        raise typer.Exit(1)


@app.command("republish")
def republish(
    service: SERVICE,
    dossier: Annotated[str, typer.Argument(help="A dossier's code; all when left out.")] = "",
    as_json: JSON = False,
) -> None:
    """Have events that the broker refused sent again.

    Those of the same dossier that wait behind them follow.
    """
    request = pb.RepublishRequest(request_id=str(uuid.uuid4()))
    if dossier:
        request.stream_id = as_code(dossier)
    with failures(_known(service)), Connection(service) as connection:
        answer = connection.operations().Republish(request, timeout=60, metadata=identity())
    if as_json:
        print_json({"released": answer.released})
    else:
        out.print(f"{counted(answer.released, 'event')} to be sent again")


def _place(text: str) -> tuple[int, int]:
    partition, _, offset = text.partition(":")
    if not (partition.isdigit() and offset.isdigit()):
        raise typer.BadParameter(f"{text!r} is no PARTITION:OFFSET")
    return int(partition), int(offset)
