"""How a case's row, and what the work lists show of it, changes."""

from __future__ import annotations

from typing import Any

from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.routing_pb2 import CaseState

from kernel.base.instants import instant_in
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from services.routing.tables import CASES, NO_DUE, WORK
from services.routing.views import collaboration as sharing

RUNNING = CaseState.CASE_STATE_RUNNING
SUSPENDED = CaseState.CASE_STATE_SUSPENDED
RESOLVED = CaseState.CASE_STATE_RESOLVED
WITHDRAWN = CaseState.CASE_STATE_WITHDRAWN
CLOSED = CaseState.CASE_STATE_CLOSED


def current_in(current: Any) -> dict[str, Any]:
    """Return the columns that say what the current step is; nobody has it yet."""
    return {
        "step": current.step,
        "step_unit": current.unit,
        "step_role": current.role,
        "step_due_at": instant_in(current, "due_at"),
        "step_warn_at": instant_in(current, "warn_at"),
        "assignee": "",
    }


def watched(row: Row) -> bool:
    """Return whether its due dates count at present."""
    return row["state"] == RUNNING and own(row)


def own(row: Row) -> bool:
    """Return whether nothing of another system's history is still to come."""
    return not row["imported"] or bool(row["history_complete"])


def set_case(uow: UnitOfWork, event: Event, **values: Any) -> Row:
    """Change a case's row and what ``work`` shows of it; gives the row."""
    code = event.stream_id
    uow.change(CASES, code, **values)
    row = uow.get(CASES, code)
    assert row is not None
    if row["state"] != RUNNING:
        sharing.stop_timer(uow, code, ended=row["state"] != SUSPENDED)
    if row["state"] not in (RUNNING, SUSPENDED):
        uow.delete(WORK, code)
        return row
    dues = [at for at in (row["due_at"], row["step_due_at"]) if at is not None]
    work = {
        "dossier_code": code,
        "state": row["state"],
        "unit": row["step_unit"],
        "role": row["step_role"],
        "assignee": row["assignee"],
        "due_at": min(dues, default=NO_DUE),
    }
    uow.put(WORK, work)
    return row
