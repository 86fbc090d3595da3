"""`motcua calendar recalculate`: open due dates by the calendars that are in force."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.types_pb2 import DeadlineScope
from rich.progress import TextColumn, TimeElapsedColumn

from cli.formatting import ZONE, iso, moment, print_json, word
from cli.grpc_clients import Connection, identity
from cli.options import JSON, parse_unit
from cli.printer import counted, grid, out, progress_on
from cli.rpc_errors import failures

PAGE = 500
SHOWN = 50
_PATIENCE = 60.0


def recalculate(
    reason: Annotated[
        str, typer.Option(help="In words, with the document; citizens read it. Not personal.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List; change nothing.")] = False,
    unit: Annotated[str, typer.Option(help="Only this unit and those below it.")] = "",
    as_json: JSON = False,
) -> None:
    """Move the open due dates that the calendars in force now move.

    Interrupted, begin it again: what has moved does not move twice.
    """
    if not dry_run and not reason.strip():
        raise typer.BadParameter("is needed (or --dry-run)", param_hint="--reason")
    if unit:
        parse_unit(unit, "--unit")
    moved: list[pb.MovedDeadline] = []
    skipped: list[pb.SkippedCase] = []
    looked_at = 0
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        failures("routing"),
        Connection("routing") as connection,
        progress_on(*columns) as progress,
    ):
        task = progress.add_task("recalculate", total=None)
        for page in _pages(connection.case_administration(), reason, dry_run, unit):
            moved += page.moved
            skipped += page.skipped
            looked_at += page.looked_at
            text = f"{looked_at:,} cases looked at, {len(moved):,} due dates moved"
            progress.update(task, description=text)
    document = _document(moved, looked_at, dry_run, skipped)
    if as_json:
        print_json(document)
        return
    _show(document, moved)


def _seconds(one: Timestamp, other: Timestamp) -> float:
    return (one.ToDatetime() - other.ToDatetime()).total_seconds()


def _pages(
    routing: Any, reason: str, dry_run: bool, unit: str
) -> Iterator[pb.PreviewRecalculationResponse | pb.RecalculateDeadlinesResponse]:
    token = ""
    while True:
        if dry_run:
            ask = pb.PreviewRecalculationRequest(unit=unit, page_size=PAGE, page_token=token)
            page = routing.PreviewRecalculation(ask, timeout=_PATIENCE, metadata=identity())
        else:
            change = pb.RecalculateDeadlinesRequest(
                request_id=str(uuid.uuid4()),
                reason=reason,
                unit=unit,
                page_size=PAGE,
                page_token=token,
            )
            page = routing.RecalculateDeadlines(change, timeout=_PATIENCE, metadata=identity())
        yield page
        token = page.next_page_token
        if not token:
            return


def _document(
    moved: list[pb.MovedDeadline],
    looked_at: int,
    dry_run: bool,
    skipped: Sequence[pb.SkippedCase] = (),
) -> dict[str, Any]:
    rows = [_row(each) for each in moved]
    later = sum(_seconds(each.change.due_at, each.change.previous_due_at) > 0 for each in moved)
    return {
        "dry_run": dry_run,
        "looked_at": looked_at,
        "dossiers": len({row["dossier"] for row in rows}),
        "later": later,
        "earlier": len(rows) - later,
        "moved": rows,
        "skipped": [
            {
                "dossier": case.dossier_code,
                "process": case.process,
                "version": case.process_version,
            }
            for case in skipped
        ],
    }


def _row(moved: pb.MovedDeadline) -> dict[str, Any]:
    change = moved.change
    return {
        "dossier": moved.dossier_code,
        "unit": moved.unit,
        "scope": word(DeadlineScope, change.scope),
        "step": change.step,
        "consultation": change.consultation or None,
        "previous_due": iso(change.previous_due_at),
        "due": iso(change.due_at),
        "previous_calendar": change.previous_calendar_version,
        "calendar": change.calendar_version,
        "was_late": change.after_missed,
    }


def _limit(row: dict[str, Any]) -> str:
    """Return the limit in a row for people."""
    names = {
        "dossier": "dossier",
        "step": f"{row['step']}",
        "first_action": f"{row['step']}: begin",
        "timer": f"{row['step']}: timer",
        "consultation": f"question {row['consultation']}",
        "suspension": "papers",
    }
    return names.get(row["scope"], str(row["scope"]))


def _show(document: dict[str, Any], moved: list[pb.MovedDeadline]) -> None:
    rows = document["moved"]
    table = [
        (
            row["dossier"],
            row["unit"],
            _limit(row),
            moment(each.change.previous_due_at),
            moment(each.change.due_at) + ("\nwas late" if row["was_late"] else ""),
        )
        for row, each in zip(rows[:SHOWN], moved, strict=False)
    ]
    if table:
        columns = ("dossier", "unit", "limit", "before", "now")
        versions = ", ".join(sorted({row["calendar"] for row in rows[:SHOWN]}))
        out.print(grid(columns, table, title=f"by {versions}; {ZONE}", whole=columns))
    if len(rows) > SHOWN:
        out.print(f"and {len(rows) - SHOWN:,} more (--json lists all)")
    for unit, count in sorted(Counter(row["unit"] for row in rows).items()):
        out.print(f"{unit}: {count:,}", markup=False)
    missing = Counter((row["process"], row["version"]) for row in document["skipped"])
    for (process, version), count in sorted(missing.items()):
        text = f"{process} version {version} is not there: {counted(count, 'case')} skipped"
        out.print(f"{text} (--json lists them)", markup=False)
    verb = "would move" if document["dry_run"] else "moved"
    out.print(
        f"{counted(document['looked_at'], 'open case')} looked at;"
        f" {counted(len(rows), 'due date')} of {counted(document['dossiers'], 'dossier')} {verb}:"
        f" {document['later']} later, {document['earlier']} earlier"
    )
