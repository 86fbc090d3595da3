"""`motcua what-if`: how a period would have been under other rules."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from motcua.audit.v1 import audit_pb2 as pb

from cli.formatting import print_json, word
from cli.grpc_clients import identity
from cli.options import in_order, parse_day, parse_instant
from cli.printer import counted, grid, out
from cli.rpc_errors import audit
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.model import CalendarError
from office.worktime.calendars.snapshot_format import write_snapshot

COUNTS = ("early", "on_time", "late", "pending_in_time", "pending_overdue")


class Format(StrEnum):
    """How it is printed."""

    table = "table"
    json = "json"


def what_if(
    from_day: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    to_day: Annotated[str, typer.Option("--to", help="Last day, itself included.")],
    calendar: Annotated[
        Path | None, typer.Option(help="Count by the calendar in this file (TOML).")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help="PROCEDURE=LIMIT, such as 2.000815=5wd; * for every one.", metavar="P=L"),
    ] = None,
    without_pauses: Annotated[
        bool, typer.Option("--without-pauses", help="Let no pause move a date.")
    ] = False,
    known_at: Annotated[
        str, typer.Option(help="Only what had been recorded by then (ISO 8601).")
    ] = "",
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Compute a period's promised dates again under other rules.

    Nothing is changed: it lists the dossiers that would have been early, on time or late otherwise,
    and counts all, as they are and as they would be. A date that a leader has signed stands; so
    does one of another system, unless its procedure is given a limit.
    """
    request = pb.SimulateDeadlinesRequest(
        from_date=parse_day(from_day, "--from"),
        to_date=parse_day(to_day, "--to"),
        calendar=_calendar(calendar),
        limits=[_limit(text) for text in limit or ()],
        without_pauses=without_pauses,
    )
    in_order(request.from_date, request.to_date)
    if not (calendar or limit or without_pauses):
        raise typer.BadParameter(
            "say what is to be different: --calendar, --limit or --without-pauses"
        )
    if known_at:
        request.known_at.CopyFrom(parse_instant(known_at, "--known-at"))
    document = fetch(request)
    if as_json or form is Format.json:
        print_json(document)
    else:
        _show(document)


def fetch(request: pb.SimulateDeadlinesRequest) -> dict[str, Any]:
    """Return ``{"changed": [{"dossier", "was", "would_be", …}], "totals": {"was": {…}, "would_be":
    {…}, "kept": …}}``.
    """
    changed: list[dict[str, Any]] = []
    with audit() as stub:
        for answer in stub.SimulateDeadlines(request, timeout=600, metadata=identity()):
            changed += [_dossier(found) for found in answer.changed]
    was, would_be = (
        {name: getattr(counts, name) for name in COUNTS} for counts in (answer.was, answer.would_be)
    )
    return {
        "changed": changed,
        "totals": {"was": was, "would_be": would_be, "kept": answer.kept},
    }


def _dossier(found: pb.SimulatedDossier) -> dict[str, Any]:
    return {
        "dossier": found.dossier_code,
        "procedure": found.procedure,
        "unit": found.unit,
        "was": word(pb.Timeliness, found.was),
        "would_be": word(pb.Timeliness, found.would_be),
        "due_day": found.due_day or None,
        "simulated_due_day": found.simulated_due_day or None,
    }


def _calendar(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        return write_snapshot(load_calendar(path))
    except (CalendarError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--calendar") from error


def _limit(text: str) -> pb.SimulatedLimit:
    procedure, _, limit = text.partition("=")
    if not procedure or not limit:
        raise typer.BadParameter(f"{text!r} is not PROCEDURE=LIMIT", param_hint="--limit")
    return pb.SimulatedLimit(procedure=procedure, time_limit=limit)


def _show(document: dict[str, Any]) -> None:
    names = ("dossier", "unit", "was", "would_be", "due_day", "simulated_due_day")
    rows = [[str(row[name] or "") for name in names] for row in document["changed"]]
    out.print(grid([name.replace("_", " ") for name in names], rows, whole=("dossier",)))
    totals = document["totals"]
    lines = [
        [kind.replace("_", " "), *(str(totals[kind][name]) for name in COUNTS)]
        for kind in ("was", "would_be")
    ]
    headings = [name.replace("_", " ") for name in COUNTS]
    out.print(grid(["all", *headings], lines, right=headings))
    out.print(
        f"{counted(totals['kept'], 'dossier')} with a date that is not computed: a leader signed"
        " it, or another system set it",
        markup=False,
    )
