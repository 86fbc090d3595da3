"""The dossiers behind the figures of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from motcua.audit.v1 import audit_pb2 as pb

from cli.formatting import print_json
from cli.grpc_clients import pages
from cli.printer import counted, grid, out
from cli.rpc_errors import audit
from cli.unit_names import unit_names

PAGE_SIZE: Final = 1000
NOBODY: Final = "nobody"
"""Whose late dossiers are that no officer had."""


class Figure(StrEnum):
    """A figure of a report."""

    carried_over = "carried_over"
    received = "received"
    resolved = "resolved"
    early = "early"
    on_time = "on_time"
    late = "late"
    returned = "returned"
    pending = "pending"
    pending_in_time = "pending_in_time"
    pending_overdue = "pending_overdue"
    checked_late = "checked_late"
    received_online = "received_online"
    received_by_post = "received_by_post"


class Whose(StrEnum):
    """Who answers for what is late."""

    unit = "unit"
    officer = "officer"


def fetch(
    report: pb.GetReportRequest, key: str, cross: str, figures: Iterable[Figure]
) -> Iterator[dict[str, Any]]:
    """Yield the dossiers of a line of a report that count in any of some figures, by code.

    Each is ``{"dossier", "procedure", "unit", "received_day", "due_day", "finished_day",
    "responsible_unit", "responsible_officer"}``; a day is None for none.
    """
    request = pb.ListReportDossiersRequest(
        report=report,
        key=key,
        cross=cross,
        figures=[f"FIGURE_{figure.upper()}" for figure in figures],
        page_size=PAGE_SIZE,
    )
    with audit() as stub:
        for page in pages(stub.ListReportDossiers, request):
            for dossier in page.dossiers:
                yield {
                    "dossier": dossier.dossier_code,
                    "procedure": dossier.procedure,
                    "unit": dossier.unit,
                    "received_day": dossier.received_day,
                    "due_day": dossier.due_day or None,
                    "finished_day": dossier.finished_day or None,
                    "responsible_unit": dossier.responsible_unit,
                    "responsible_officer": dossier.responsible_officer,
                }


def show(
    report: pb.GetReportRequest,
    key: str,
    cross: str,
    figures: Iterable[Figure],
    *,
    as_json: bool,
) -> None:
    """Print the dossiers behind a figure."""
    found = list(fetch(report, key, cross, figures))
    if as_json:
        print_json(found)
        return
    out.print(_table(found, ("unit", "procedure")))
    out.print(counted(len(found), "dossier"), markup=False)


def show_late(report: pb.GetReportRequest, by: Whose, *, as_json: bool) -> None:
    """Print what is late of a report, by who answers for it; whoever has most comes first."""
    groups = late_groups(fetch(report, "", "", (Figure.late, Figure.pending_overdue)), by, report)
    if as_json:
        print_json(groups)
        return
    names = unit_names() if by is Whose.unit else {}
    for group in groups:
        name = f" {names[group['key']]}" if group["key"] in names else ""
        out.print(
            f"{group['key'] or NOBODY}{name}: {group['late']} late,"
            f" {group['pending_overdue']} overdue",
            markup=False,
        )
        other = "responsible_officer" if by is Whose.unit else "responsible_unit"
        out.print(_table(group["dossiers"], (other, "days_late")))
    total = sum(len(group["dossiers"]) for group in groups)
    out.print(counted(total, "dossier"), markup=False)


def late_groups(
    dossiers: Iterable[dict[str, Any]], by: Whose, report: pb.GetReportRequest
) -> list[dict[str, Any]]:
    """Return late dossiers by who answers for them: ``[{"key", "late", "pending_overdue",
    "dossiers": […]}]``, whoever has most first.

    ``days_late`` of each counts calendar days from its due day to the end of its work, or to the
    last day of the report.
    """
    key = f"responsible_{by}"
    last = date.fromisoformat(report.to_date)
    ordered = sorted(dossiers, key=lambda dossier: (dossier[key], dossier["dossier"]))
    groups = []
    for value, members in groupby(ordered, key=lambda dossier: dossier[key]):
        listed = [dossier | {"days_late": _days_late(dossier, last)} for dossier in members]
        ended = sum(_ended_by(dossier, last) for dossier in listed)
        groups.append(
            {
                "key": value,
                "late": ended,
                "pending_overdue": len(listed) - ended,
                "dossiers": listed,
            }
        )
    return sorted(groups, key=lambda group: (-len(group["dossiers"]), group["key"]))


def _ended_by(dossier: dict[str, Any], last: date) -> bool:
    finished = dossier["finished_day"]
    return finished is not None and date.fromisoformat(finished) <= last


def _days_late(dossier: dict[str, Any], last: date) -> int:
    end = date.fromisoformat(dossier["finished_day"]) if _ended_by(dossier, last) else last
    return (end - date.fromisoformat(dossier["due_day"])).days


def _table(dossiers: Iterable[dict[str, Any]], others: tuple[str, ...]) -> Any:
    days = ("received_day", "due_day", "finished_day")
    headings = ["dossier", *(name.replace("_", " ") for name in (*days, *others))]
    rows = [
        [dossier["dossier"], *(str(dossier[name] or "") for name in (*days, *others))]
        for dossier in dossiers
    ]
    return grid(headings, rows, whole=("dossier",))
