"""How a report looks on a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from cli.commands.report.indicators import COUNTS
from cli.printer import grid, out

_NARROW: Final = (
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
_LABELS: Final = {"returned": "no result"}
"""What people read for a count: where a dossier is returned without result, none is returned."""
LEGEND: Final = (
    "early, on time, late: of those resolved; no result: returned without one, as withdrawn or"
    " closed because papers never came"
)


def table(document: dict[str, Any]) -> Table:
    """Lay a report out for a terminal."""
    narrow = out.narrow
    headings = _NARROW if narrow else [_LABELS.get(name, name.replace("_", " ")) for name in COUNTS]
    lines = [
        [row["key"], *[str(row[name]) for name in COUNTS]]
        for row in [*document["rows"], document["total"] | {"key": "total"}]
    ]
    lines[-1] = [Text(cell, style="bold") for cell in lines[-1]]
    return grid(
        [document["by"].replace("_", " "), *headings],
        lines,
        title=title(document),
        right=headings,
        gap=1 if narrow else 2,
    )


def cross_table(document: dict[str, Any]) -> Table:
    """Lay a report that is broken down twice out: what was received, with the share of each key,
    and how much of what was resolved was early or on time.
    """
    headings = ["received", "share", "resolved", "in time", "pending", "overdue"]
    lines = [
        [
            row["key"],
            row["cross"],
            str(row["received"]),
            percent(row["share"]),
            str(row["resolved"]),
            percent(row["in_time_share"]),
            str(row["pending"]),
            str(row["pending_overdue"]),
        ]
        for row in [*document["rows"], document["total"] | {"key": "total", "cross": ""}]
    ]
    lines[-1] = [Text(cell, style="bold") for cell in lines[-1]]
    first = [document[name].replace("_", " ") for name in ("by", "cross")]
    return grid([*first, *headings], lines, title=title(document), right=headings)


def shares_line(document: dict[str, Any]) -> str:
    """Return the total's percentages in words."""
    total = document["total"]
    return (
        f"early or on time: {percent(total['in_time_share'])} of those resolved; online:"
        f" {percent(total['online_share'])} of those received"
    )


def percent(share: float | None) -> str:
    """Show a percentage; a dash for the share of nothing."""
    return "–" if share is None else f"{share:.2f} %"


def title(document: dict[str, Any]) -> str:
    """Return the period of a report and its instants."""
    as_of = f", as of {_shown(document['as_of'])}" if document["as_of"] else ""
    known_at = f", known at {_shown(document['known_at'])}" if document.get("known_at") else ""
    return f"{document['from']} – {document['to']}{as_of}{known_at}"


def _shown(instant: str) -> str:
    """Show a person an instant that is given for scripts."""
    iso_text = datetime.fromisoformat(instant).isoformat(" ", "minutes")
    return f"{iso_text[:16]} {iso_text[16:]}"
