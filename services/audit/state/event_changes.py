"""What each event changes in the row of a dossier.

The first end holds: what comes later in the log of a dossier that was resolved, withdrawn or closed
never undoes it, but for ``CaseReopened``, which says that a closing does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import (
    CHANNEL_COUNTER,
    CHANNEL_EMAIL,
    CHANNEL_INTERNAL,
    CHANNEL_ONLINE,
    CHANNEL_POST,
    SERVICE_LEVEL_PARTIAL,
    SERVICE_LEVEL_WHOLE,
)
from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckMissed,
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
)
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.types_pb2 import FeeTiming
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseMoved,
    CaseOpened,
    CasePulledBack,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    StepAssigned,
    StepCompleted,
    StepSentBack,
    SupplementRequested,
)
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineExtended,
    DeadlineMissed,
    DeadlineRecalculated,
)
from motcua.routing.v1.types_pb2 import DeadlineScope, SuspensionKind

from kernel.base.instants import instant_in
from office.catalogue.dossier_code import OFFICE_ZONE
from services.audit.state.portal_state import DossierRow, finished_at

Changes = dict[str, Any]

CHANNELS: Final[Mapping[int, str]] = {
    CHANNEL_ONLINE: "online",
    CHANNEL_COUNTER: "counter",
    CHANNEL_POST: "post",
    CHANNEL_EMAIL: "email",
    CHANNEL_INTERNAL: "internal",
}
LEVELS: Final[Mapping[int, str]] = {
    SERVICE_LEVEL_WHOLE: "whole",
    SERVICE_LEVEL_PARTIAL: "partial",
}

_STEP_STATES: Final = frozenset({2, 4, 6, 8})
"""What a step of a process can be on the national portal; 0 stands for 4."""


def _submitted(row: DossierRow, payload: Any, at: int) -> Changes:
    if row["submitted_at"] is not None:
        return {}
    return {
        "submitted_at": at,
        "procedure": payload.procedure_code,
        "field": payload.field,
        "unit": payload.unit,
        "level": _word(LEVELS, payload.level),
        "channel": _word(CHANNELS, payload.channel),
        "time_zone": payload.time_zone or OFFICE_ZONE,
        "imported": int(bool(payload.imported_from)),
        "check_due_at": None if _paid_first(payload.fees) else instant_in(payload, "answer_due_at"),
    }


def _paid_first(fees: Any) -> bool:
    """Return whether the desk waits for money before it checks."""
    owed = fees.phi or fees.le_phi or fees.phi_open or fees.le_phi_open
    return bool(owed) and fees.timing == FeeTiming.FEE_TIMING_BEFORE


def _fee_recorded(_row: DossierRow, payload: Any, _at: int) -> Changes:
    due = instant_in(payload, "answer_due_at")
    return {} if due is None else {"check_due_at": due}


def _fee_cancelled(row: DossierRow, payload: Any, _at: int) -> Changes:
    held = payload.holds_acceptance and row["check_due_at"] is not None
    return {"check_due_at": None} if held else {}


def _accepted(row: DossierRow, payload: Any, at: int) -> Changes:
    if row["accepted_at"] is not None:
        return {}
    due = instant_in(payload, "due_at")
    return {"accepted_at": at, "due_at": due, "first_due_at": due}


def _refused(row: DossierRow, _payload: Any, at: int) -> Changes:
    return {} if row["refused_at"] is not None else {"refused_at": at}


def _opened(row: DossierRow, payload: Any, at: int) -> Changes:
    return _working(row, payload, "current", at)


def _assigned(row: DossierRow, payload: Any, at: int) -> Changes:
    changes: Changes = {}
    if finished_at(row) is None and payload.assignee != row["step_officer"]:
        changes["step_officer"] = payload.assignee
    if row["opened_at"] is None:
        changes["opened_at"] = at
    return changes


def _stepped(row: DossierRow, payload: Any, at: int) -> Changes:
    return _working(row, payload, "next", at)


def _pulled_back(row: DossierRow, payload: Any, at: int) -> Changes:
    changes = _stepped(row, payload, at)
    return {**changes, "step_officer": payload.assignee} if changes else changes


def _working(row: DossierRow, payload: Any, name: str, at: int) -> Changes:
    """Return what an event changes in the current step."""
    if finished_at(row) is not None:
        return {}
    changes: Changes = {"step": "", "step_unit": "", "step_officer": ""}
    state = 0
    if payload.HasField(name):
        current = getattr(payload, name)
        changes |= {"step": current.step, "step_unit": current.unit}
        state = current.national_state if current.national_state in _STEP_STATES else 0
    if state != row["step_state"]:
        changes["step_state"] = state
    if row["opened_at"] is None:
        changes["opened_at"] = at
    return changes


def _asked(row: DossierRow, _payload: Any, at: int) -> Changes:
    return _suspension(row, SuspensionKind.SUSPENSION_KIND_SUPPLEMENT, at)


def _suspended(row: DossierRow, payload: Any, at: int) -> Changes:
    return _suspension(row, payload.kind, at)


def _suspension(row: DossierRow, kind: int, at: int) -> Changes:
    if row["suspended_at"] is not None or finished_at(row) is not None:
        return {}
    return {"suspended_at": at, "suspended_for": kind}


def _extended(row: DossierRow, payload: Any, at: int) -> Changes:
    """Return the new date; the one promised first stays in its own column."""
    if finished_at(row) is not None or not payload.HasField("due_at"):
        return {}
    return {"due_at": instant_in(payload, "due_at"), "extended_at": at}


def _resumed(row: DossierRow, payload: Any, at: int) -> Changes:
    if finished_at(row) is not None:
        return {}
    changes = _working(row, payload, "current", at)
    if changes["step"] == row["step"]:
        changes["step_officer"] = row["step_officer"]
    due = instant_in(payload, "due_at")
    return {**changes, "suspended_at": None, "suspended_for": 0, "due_at": due}


def _resolved(row: DossierRow, _payload: Any, at: int) -> Changes:
    if any(row[end] is not None for end in ("resolved_at", "withdrawn_at", "closed_at")):
        return {}
    return {"resolved_at": at, **_ENDED}


def _withdrawn(row: DossierRow, _payload: Any, at: int) -> Changes:
    return {} if finished_at(row) is not None else {"withdrawn_at": at, **_ENDED}


def _closed(row: DossierRow, _payload: Any, at: int) -> Changes:
    return {} if finished_at(row) is not None else {"closed_at": at, **_ENDED}


def _reopened(row: DossierRow, _payload: Any, _at: int) -> Changes:
    """Undo a closing; ``CaseResumed`` says what follows."""
    return {} if row["closed_at"] is None else {"closed_at": None}


def _returned(row: DossierRow, _payload: Any, at: int) -> Changes:
    if any(row[end] is not None for end in ("returned_at", "withdrawn_at", "closed_at")):
        return {}
    return {"returned_at": at, **_ENDED}


def _missed(row: DossierRow, payload: Any, at: int) -> Changes:
    if payload.scope != DeadlineScope.DEADLINE_SCOPE_DOSSIER or row["missed_at"] is not None:
        return {}
    return {"missed_at": at, "late_unit": payload.unit, "late_officer": row["step_officer"]}


def _check_missed(row: DossierRow, _payload: Any, at: int) -> Changes:
    return {} if row["check_missed_at"] is not None else {"check_missed_at": at}


def _recalculated(row: DossierRow, payload: Any, _at: int) -> Changes:
    if payload.scope != DeadlineScope.DEADLINE_SCOPE_DOSSIER or finished_at(row) is not None:
        return {}
    return {"due_at": instant_in(payload, "due_at")}


_ENDED: Final[Changes] = {
    "suspended_at": None,
    "suspended_for": 0,
    "step": "",
    "step_unit": "",
    "step_officer": "",
}


CHANGES: Final[Mapping[type[Message], Callable[[DossierRow, Any, int], Changes]]] = {
    DossierSubmitted: _submitted,
    DossierAccepted: _accepted,
    DossierRefused: _refused,
    DossierWithdrawn: _withdrawn,
    FeeRecorded: _fee_recorded,
    FeeCancelled: _fee_cancelled,
    ResultReturned: _returned,
    CaseOpened: _opened,
    StepAssigned: _assigned,
    StepCompleted: _stepped,
    StepSentBack: _stepped,
    CasePulledBack: _pulled_back,
    CaseMoved: _opened,
    SupplementRequested: _asked,
    CaseSuspended: _suspended,
    CaseResumed: _resumed,
    CaseResolved: _resolved,
    CaseWithdrawn: _withdrawn,
    CaseClosed: _closed,
    CaseReopened: _reopened,
    DeadlineExtended: _extended,
    DeadlineMissed: _missed,
    DeskCheckMissed: _check_missed,
    DeadlineRecalculated: _recalculated,
}
"""By the class of the payload: the columns that an event sets, from the row before it and when it
happened.
"""


def _word(words: Mapping[int, str], number: int) -> str:
    """Return the name of an enum's value.

    A value newer than this build is named by its number, so that no dossier is left out.
    """
    return words.get(number) or (str(number) if number else "")
