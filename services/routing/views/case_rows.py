"""What the rows of ``cases`` and ``work`` show of a case's state."""

from __future__ import annotations

import json
from typing import Any

from motcua.routing.v1.routing_pb2 import CaseState
from motcua.routing.v1.types_pb2 import SuspensionKind

from kernel.storage.row_cache import Row
from services.routing.domain.state import CaseStatus, State, Suspension
from services.routing.tables import NO_DUE

_SUPPLEMENT = SuspensionKind.SUSPENSION_KIND_SUPPLEMENT
RESOLVED = CaseState.CASE_STATE_RESOLVED
_STATES = {
    CaseStatus.NONE: None,
    CaseStatus.RUNNING: CaseState.CASE_STATE_RUNNING,
    CaseStatus.SUSPENDED: CaseState.CASE_STATE_SUSPENDED,
    CaseStatus.RESOLVED: RESOLVED,
    CaseStatus.WITHDRAWN: CaseState.CASE_STATE_WITHDRAWN,
    CaseStatus.CLOSED: CaseState.CASE_STATE_CLOSED,
}


def case_columns(state: State) -> Row:
    """Return the columns of ``cases`` that routing's events alone write; before the case is opened
    the only one of which something can be known.
    """
    opening, extension, step_limit = state.opening, state.extension, state.step_limit
    if opening is None:
        return {"recorded": state.recorded or None}
    return {
        "state": _STATES[state.status],
        "process": state.process,
        "process_version": state.version,
        "imported": int(state.imported),
        "history_complete": 1 if state.complete else None,
        "recorded": state.recorded or None,
        "opened_at": opening.at,
        "first_due_at": opening.due_at,
        "due_at": state.dossier_limit and state.dossier_limit.due_at,
        "extended_at": extension and extension.at,
        "apology_number": extension and extension.apology_number,
        "step": state.step,
        "step_unit": state.unit,
        "step_role": state.role,
        "step_due_at": step_limit and step_limit.due_at,
        "step_warn_at": step_limit and step_limit.warn_at,
        "assignee": state.assignee,
        "round": state.round or None,
        "withdrawals_declined": state.declined or None,
        **_suspension_columns(state.suspension),
        **_ending_columns(state),
    }


def _suspension_columns(suspension: Suspension | None) -> Row:
    if suspension is None:
        return _NOT_SUSPENDED
    end_at = suspension.end and suspension.end.due_at
    shown = {
        "kind": suspension.kind,
        "reason": suspension.reason,
        "counterpart": suspension.counterpart,
        "phi": suspension.phi,
        "le_phi": suspension.le_phi,
        "end_at": end_at,
        "actor": suspension.actor,
    }
    asked = suspension.kind == _SUPPLEMENT
    return {
        "suspended_at": suspension.since,
        "answer_due_at": end_at if asked else None,
        "suspension": json.dumps(shown, sort_keys=True, ensure_ascii=False),
    }


_NOT_SUSPENDED: Row = dict.fromkeys(("suspended_at", "answer_due_at", "suspension"))


def _ending_columns(state: State) -> Row:
    ending = state.ending
    if ending is None:
        return _NOT_ENDED
    columns = {**_NOT_ENDED, "ended_at": ending.at}
    if state.status is CaseStatus.RESOLVED:
        columns |= {
            "result": ending.result,
            "result_number": state.work.result_number,
            "explanation": state.work.explanation,
            "file_sha256": ending.file_sha256,
        }
    elif state.status is CaseStatus.CLOSED:
        columns["explanation"] = ending.reason
    return columns


_NOT_ENDED: Row = dict.fromkeys(
    ("ended_at", "result", "result_number", "explanation", "file_sha256")
)


def work_row(code: str, state: State) -> dict[str, Any] | None:
    """Return what the work lists show of a case; None unless it is open."""
    if not state.open:
        return None
    limits = (state.dossier_limit, state.step_limit)
    return {
        "dossier_code": code,
        "state": _STATES[state.status],
        "unit": state.unit,
        "role": state.role,
        "assignee": state.assignee,
        "due_at": min([limit.due_at for limit in limits if limit is not None], default=NO_DUE),
    }
