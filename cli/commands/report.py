"""`motcua report`: the official indicators of a period."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from motcua.audit.v1 import audit_pb2 as pb
from rich.table import Table
from rich.text import Text

from cli.commands.dossier import KNOWN_AT
from cli.formatting import iso, print_csv, print_json
from cli.grpc_clients import identity
from cli.options import in_order, parse_day, put_times
from cli.printer import grid, out
from cli.rpc_errors import audit
from cli.unit_names import unit_lines

COUNTS = (
    "carried_over",
    "received",
    "resolved",
    "early",
    "on_time",
    "late",
    "returned",
    "pending",
    "pending_in_time",
    "pending_overdue",
)
"""The figures that balance."""
BESIDE = ("checked_late",)
"""Figures beside the balance."""


_NARROW = (
    "carried\nover",
    "received",
    "resolved",
    "early",
    "on\ntime",
    "late",
    "no\nresult",
    "pending",
    "in\ntime",
    "overdue",
)
"""Headings by which a report fits into 80 columns."""
_LABELS = {"returned": "no result"}
"""What people read for a count: where a dossier is returned without result, none is returned."""
LEGEND = (
    "early, on time, late: of those resolved; no result: returned without one, as withdrawn or"
    " closed because papers never came"
)


class By(StrEnum):
    """By what a report is broken down."""

    unit = "unit"
    field = "field"
    channel = "channel"
    level = "level"
    procedure = "procedure"


class Organisation(StrEnum):
    """Which unit a dossier counts for after mergers."""

    then = "then"
    now = "now"


class Format(StrEnum):
    """How a report is printed."""

    table = "table"
    json = "json"
    csv = "csv"


def report(
    from_day: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    to_day: Annotated[str, typer.Option("--to", help="Last day, itself included.")],
    as_of: Annotated[str, typer.Option(help="Only what had happened by then (ISO 8601).")] = "",
    known_at: KNOWN_AT = "",
    by: Annotated[By, typer.Option(help="One line for each of these.")] = By.unit,
    organisation: Annotated[
        Organisation, typer.Option(help="Units as they were, or their successors of now.")
    ] = Organisation.then,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Count the official indicators of a period.

    What came in, was resolved (early, on time, late), returned without result, and is pending. It
    is judged by the local days of each dossier: what is due today is late from tomorrow on.
    (`motcua deadlines` judges by the instant.)

    --known-at gives the report as it was made then; with --as-of, what had been recorded then of
    what had happened by the other instant.
    """
    document = fetch(from_day, to_day, as_of, by.value, organisation.value, known_at)
    if as_json or form is Format.json:
        print_json(document)
    elif form is Format.csv:
        print_csv(
            ("key", *COUNTS, *BESIDE), [*document["rows"], document["total"] | {"key": "total"}]
        )
    else:
        out.print(table(document))
        if late := document["total"]["checked_late"]:
            out.print(
                f"checked late: {late} of those received, by {_places(document)}", markup=False
            )
        out.print(LEGEND, markup=False)
        if by is By.unit:
            for line in unit_lines(row["key"] for row in document["rows"]):
                out.print(line, markup=False)


def fetch(
    from_day: str,
    to_day: str,
    as_of: str,
    by: str,
    organisation: str = "then",
    known_at: str = "",
) -> dict[str, Any]:
    """Ask for a report.

    Return ``{"from", "to", "as_of", "by", "rows": [{"key", counts…}], "total": {counts…}}``, and
    "known_at" where it was asked for.
    """
    request = pb.GetReportRequest(
        from_date=parse_day(from_day, "--from"),
        to_date=parse_day(to_day, "--to"),
        by=f"BREAKDOWN_{by.upper()}",
        organisation=f"ORGANISATION_{organisation.upper()}",
    )
    in_order(request.from_date, request.to_date)
    put_times(request, as_of, known_at)
    with audit() as stub:
        answer = stub.GetReport(request, timeout=300, metadata=identity())
    return {
        "from": answer.from_date,
        "to": answer.to_date,
        "as_of": iso(answer.as_of),
        "by": by,
        "rows": [{"key": row.key} | _counts(row) for row in answer.rows],
        "total": _counts(answer.total),
        **({"known_at": iso(answer.known_at)} if answer.HasField("known_at") else {}),
    }


def _counts(row: pb.ReportRow) -> dict[str, int]:
    return {name: getattr(row, name) for name in (*COUNTS, *BESIDE)}


def _places(document: dict[str, Any]) -> str:
    """Return which lines of a report have how many dossiers that were checked late."""
    rows = [row for row in document["rows"] if row["checked_late"]]
    return f"{document['by']}: " + ", ".join(f"{row['key']} {row['checked_late']}" for row in rows)


def table(document: dict[str, Any]) -> Table:
    """Lay a report out for a terminal."""
    as_of = f", as of {_shown(document['as_of'])}" if document["as_of"] else ""
    known_at = f", known at {_shown(document['known_at'])}" if document.get("known_at") else ""
    narrow = out.narrow
    headings = _NARROW if narrow else [_LABELS.get(name, name.replace("_", " ")) for name in COUNTS]
    lines = [
        [row["key"], *[str(row[name]) for name in COUNTS]]
        for row in [*document["rows"], document["total"] | {"key": "total"}]
    ]
    lines[-1] = [Text(cell, style="bold") for cell in lines[-1]]
    title = f"{document['from']} – {document['to']}{as_of}{known_at}"
    return grid(
        [document["by"], *headings], lines, title=title, right=headings, gap=1 if narrow else 2
    )


def _shown(instant: str) -> str:
    """Show a person an instant that is given for scripts."""
    iso_text = datetime.fromisoformat(instant).isoformat(" ", "minutes")
    return f"{iso_text[:16]} {iso_text[16:]}"
