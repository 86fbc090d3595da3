"""Routing's views: what each event, its own or another service's, changes in them.

Columns of ``cases`` belong to one source each, ``work`` and ``deadlines`` to routing alone, so that
a rebuild, which meets the sources' events interleaved otherwise, ends with the same rows.
"""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierSubmitted,
    WithdrawalRequested,
)
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseCorrected,
    CaseMoved,
    CaseOpened,
    CasePulledBack,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    HistoryImported,
    StepAssigned,
    StepCompleted,
    StepOpened,
    StepRecorded,
    StepSentBack,
    SupplementRequested,
    WithdrawalDeclined,
)

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.domain.due_dates import DueDate
from services.routing.domain.state import suspension_in
from services.routing.tables import CASES, CHILDREN
from services.routing.views import collaboration as sharing
from services.routing.views import deadline_rows, deadlines
from services.routing.views.case_rows import (
    CLOSED,
    RESOLVED,
    RUNNING,
    SUSPENDED,
    WITHDRAWN,
    current_in,
    own,
    set_case,
    watched,
)


def _submitted(uow: UnitOfWork, event: Event, payload: DossierSubmitted) -> None:
    uow.change(
        CASES,
        event.stream_id,
        procedure_code=payload.procedure_code,
        dossier_unit=payload.unit,
        channel=payload.channel,
        result_channel=payload.result_channel,
        imported_from=payload.imported_from,
        level=payload.level,
        parent_code=payload.parent_code,
        parent_number=payload.parent_number,
        received_unit=event.actor.unit,
    )
    if payload.parent_code:
        code = event.stream_id
        uow.change(CHILDREN, payload.parent_code, payload.parent_number, child_code=code)


def _accepted(uow: UnitOfWork, event: Event, payload: DossierAccepted) -> None:
    uow.change(
        CASES,
        event.stream_id,
        time_limit=payload.time_limit,
        calendar_version=payload.calendar_version,
        resume_policy=payload.resume_policy,
        supplement_rounds=payload.supplement_rounds
        if payload.HasField("supplement_rounds")
        else None,
        supplement_period=payload.supplement_period,
        result_kind=payload.result_kind,
    )


def _wished(uow: UnitOfWork, event: Event, payload: WithdrawalRequested) -> None:
    """Count the citizen's wishes to withdraw, and keep the last."""
    row = uow.get(CASES, event.stream_id) or {}
    uow.change(
        CASES,
        event.stream_id,
        withdrawals=(row.get("withdrawals") or 0) + 1,
        withdrawal_reason=payload.reason,
        withdrawal_requested_at=to_us(event.occurred_at),
    )


def _opened(uow: UnitOfWork, event: Event, payload: CaseOpened) -> None:
    row = set_case(
        uow,
        event,
        state=RUNNING,
        process=payload.process,
        process_version=payload.process_version,
        imported=int(payload.imported),
        opened_at=to_us(event.occurred_at),
        due_at=instant_in(payload, "due_at"),
        first_due_at=instant_in(payload, "due_at"),
        **current_in(payload.current),
    )
    deadline_rows.set_dossier(uow, event, payload, running=watched(row))
    deadline_rows.set_step(uow, event, payload.current, running=watched(row))
    sharing.set_timer(uow, event, payload.current, running=watched(row))


def _assigned(uow: UnitOfWork, event: Event, payload: StepAssigned) -> None:
    set_case(uow, event, assignee=payload.assignee)
    deadline_rows.touch(uow, event.stream_id)


def _looked(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    deadline_rows.touch(uow, event.stream_id)


def _completed(uow: UnitOfWork, event: Event, payload: StepCompleted) -> None:
    _enter(uow, event, payload.next)


def _sent_back(uow: UnitOfWork, event: Event, payload: StepSentBack) -> None:
    _enter(uow, event, payload.next)


def _enter(uow: UnitOfWork, event: Event, current: Any) -> None:
    row = set_case(uow, event, **current_in(current))
    deadline_rows.set_step(uow, event, current, running=watched(row))
    sharing.set_timer(uow, event, current, running=watched(row))


def _pulled_back(uow: UnitOfWork, event: Event, payload: CasePulledBack) -> None:
    row = set_case(uow, event, **{**current_in(payload.next), "assignee": payload.assignee})
    deadline_rows.set_step(
        uow,
        event,
        payload.next,
        running=watched(row),
        said=DueDate(
            0, None, payload.warned, payload.missed, levels_notified=payload.levels_notified
        ),
    )
    sharing.set_timer(uow, event, payload.next, running=watched(row))


def _moved(uow: UnitOfWork, event: Event, payload: CaseMoved) -> None:
    row = set_case(
        uow,
        event,
        process=payload.process,
        process_version=payload.process_version,
        step_role=payload.current.role,
    )
    sharing.set_timer(uow, event, payload.current, running=watched(row))


def _corrected(uow: UnitOfWork, event: Event, payload: CaseCorrected) -> None:
    changed = {"result_number": payload.result_number, "explanation": payload.explanation}
    uow.change(CASES, event.stream_id, **{k: v for k, v in changed.items() if v})


def _asked(uow: UnitOfWork, event: Event, payload: SupplementRequested) -> None:
    _suspend(
        uow,
        event,
        reason=payload.reason,
        answer_due_at=instant_in(payload, "answer_due_at"),
        round=payload.round,
    )


def _suspended(uow: UnitOfWork, event: Event, payload: CaseSuspended) -> None:
    _suspend(uow, event, reason=payload.reason, counterpart=payload.counterpart)


def _suspend(
    uow: UnitOfWork, event: Event, *, reason: str, counterpart: str = "", **values: Any
) -> None:
    begun = suspension_in(event)
    shown = {
        "kind": begun.kind,
        "reason": reason,
        "counterpart": counterpart,
        "fee": begun.fee,
        "charge": begun.charge,
        "end_at": None if begun.end is None else begun.end.due_at,
        "actor": event.actor.id,
    }
    row = set_case(
        uow,
        event,
        state=SUSPENDED,
        suspended_at=begun.since,
        suspension=json.dumps(shown, sort_keys=True, ensure_ascii=False),
        **values,
    )
    deadline_rows.stop(uow, event, watched=own(row))


def _resumed(uow: UnitOfWork, event: Event, payload: CaseResumed) -> None:
    row = set_case(
        uow,
        event,
        state=RUNNING,
        suspended_at=None,
        suspension=None,
        answer_due_at=None,
        due_at=instant_in(payload, "due_at"),
        step_due_at=instant_in(payload.current, "due_at"),
        step_warn_at=instant_in(payload.current, "warn_at"),
    )
    deadline_rows.move(uow, event, running=watched(row))
    sharing.set_timer(uow, event, payload.current, running=watched(row))


def _resolved(uow: UnitOfWork, event: Event, payload: CaseResolved) -> None:
    _end(
        uow,
        event,
        state=RESOLVED,
        result=payload.result,
        result_number=payload.result_number,
        explanation=payload.explanation,
        file_sha256=payload.file_sha256,
    )


def _withdrawn(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    _end(uow, event, state=WITHDRAWN)


def _declined(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    row = uow.get(CASES, event.stream_id) or {}
    declined = (row.get("withdrawals_declined") or 0) + 1
    uow.change(CASES, event.stream_id, withdrawals_declined=declined)


def _closed(uow: UnitOfWork, event: Event, payload: CaseClosed) -> None:
    _end(uow, event, state=CLOSED, explanation=payload.reason)


def _end(uow: UnitOfWork, event: Event, **values: Any) -> None:
    set_case(
        uow,
        event,
        ended_at=to_us(event.occurred_at),
        suspended_at=None,
        suspension=None,
        answer_due_at=None,
        **values,
    )
    deadline_rows.remove(uow, event.stream_id)
    sharing.close_consultations(uow, event.stream_id)


def _recorded(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    row = uow.get(CASES, event.stream_id) or {}
    uow.change(CASES, event.stream_id, recorded=(row.get("recorded") or 0) + 1)


def _history(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    row = set_case(uow, event, history_complete=1)
    if watched(row):
        deadline_rows.go_on(uow, event.stream_id)


PROJECTIONS: dict[type[Message], Projection] = {
    DossierSubmitted: _submitted,
    DossierAccepted: _accepted,
    CaseOpened: _opened,
    StepAssigned: _assigned,
    StepCompleted: _completed,
    StepSentBack: _sent_back,
    StepOpened: _looked,
    CasePulledBack: _pulled_back,
    CaseMoved: _moved,
    CaseCorrected: _corrected,
    SupplementRequested: _asked,
    CaseSuspended: _suspended,
    CaseResumed: _resumed,
    CaseResolved: _resolved,
    WithdrawalRequested: _wished,
    CaseWithdrawn: _withdrawn,
    WithdrawalDeclined: _declined,
    CaseClosed: _closed,
    StepRecorded: _recorded,
    HistoryImported: _history,
    **deadlines.PROJECTIONS,
    **sharing.PROJECTIONS,
}
