"""Tables of due dates for a terminal."""

from __future__ import annotations

from motcua.audit.v1 import audit_pb2 as pb
from rich.table import Table

from cli.formatting import ZONE, moment, word
from cli.printer import grid, out

_DESK_CHECK = "desk check"


def deadline_table(rows: list[pb.Deadline]) -> Table:
    """Lay due dates out for a terminal.

    The first promise is shown only when one was moved, what a date is of only when one is of a desk
    check, the unit of the step only when one has it that does not answer for the dossier.
    """
    if out.narrow:
        return _narrow_deadlines(rows)
    columns: dict[str, list[str]] = {
        "due": [moment(row.due_at) for row in rows],
        "kind": [_DESK_CHECK if _checking(row) else "promise" for row in rows],
        "first promise": [moment(row.first_due_at) for row in rows],
        "status": [word(pb.DeadlineStatus, row.status) for row in rows],
        "report": [_in_the_report(row) for row in rows],
        "dossier": [row.dossier_code for row in rows],
        "unit": [row.unit for row in rows],
        "step": [row.step for row in rows],
        "at": [_elsewhere(row) for row in rows],
    }
    if not any(map(_checking, rows)):
        del columns["kind"]
    if not any(map(_moved, rows)):
        del columns["first promise"]
    if not any(columns["at"]):
        del columns["at"]
    title = f"status to the instant, report by the day; {ZONE}"
    lines = zip(*columns.values(), strict=True)
    whole = ("due", "kind", "status", "report", "dossier")
    return grid(tuple(columns), lines, title=title, whole=whole)


def _narrow_deadlines(rows: list[pb.Deadline]) -> Table:
    lines = [
        (
            moment(row.due_at) + _first_promise(row),
            word(pb.DeadlineStatus, row.status),
            _in_the_report(row),
            row.dossier_code,
            f"{row.unit} {_DESK_CHECK if _checking(row) else row.step}".strip()
            + (f" at {elsewhere}" if (elsewhere := _elsewhere(row)) else ""),
        )
        for row in rows
    ]
    first = "; in brackets the first promise" if any(map(_moved, rows)) else ""
    title = f"status to the instant, report by the day{first}; {ZONE}"
    columns = ("due", "status", "report", "dossier", "unit and step")
    return grid(columns, lines, title=title, whole=columns[:-1])


def _first_promise(row: pb.Deadline) -> str:
    """Return the first promise in brackets, on a line of its own, where another date holds now."""
    return f"\n({moment(row.first_due_at)})" if _moved(row) else ""


def _moved(row: pb.Deadline) -> bool:
    return row.first_due_at != row.due_at and not _checking(row)


def _checking(row: pb.Deadline) -> bool:
    return row.kind == pb.DEADLINE_KIND_DESK_CHECK


def _elsewhere(row: pb.Deadline) -> str:
    """Return the unit of the current step, where it is not the one that answers for the dossier."""
    return row.step_unit if row.step_unit != row.unit else ""


def _in_the_report(row: pb.Deadline) -> str:
    if _checking(row):
        return ""  # a report counts what was accepted
    return "late" if row.lateness == pb.LATENESS_PENDING_OVERDUE else "in time"
