"""Routing's views: what each event, its own or another service's, changes in them.

Columns of ``cases`` belong to one source each, ``work`` and ``deadlines`` to routing alone, so that
a rebuild, which meets the sources' events interleaved otherwise, ends with the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from motcua.events.v1.envelope_pb2 import DossierEvent

from kernel.base.instants import instant_in, to_us
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


def _submitted(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.dossier_submitted
    uow.change(
        CASES,
        event.dossier_code,
        procedure_code=said.procedure_code,
        dossier_unit=said.unit,
        channel=said.channel,
        result_channel=said.result_channel,
        imported_from=said.imported_from,
        level=said.level,
        parent_code=said.parent_code,
        parent_number=said.parent_number,
        received_unit=event.actor.unit,
    )
    if said.parent_code:
        code = event.dossier_code
        uow.change(CHILDREN, said.parent_code, said.parent_number, child_code=code)


def _accepted(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.dossier_accepted
    uow.change(
        CASES,
        event.dossier_code,
        time_limit=said.time_limit,
        calendar_version=said.calendar_version,
        resume_policy=said.resume_policy,
        supplement_rounds=said.supplement_rounds if said.HasField("supplement_rounds") else None,
        supplement_period=said.supplement_period,
        result_kind=said.result_kind,
    )


def _wished(uow: UnitOfWork, event: DossierEvent) -> None:
    """Count the citizen's wishes to withdraw, and keep the last."""
    row = uow.get(CASES, event.dossier_code) or {}
    uow.change(
        CASES,
        event.dossier_code,
        withdrawals=(row.get("withdrawals") or 0) + 1,
        withdrawal_reason=event.withdrawal_requested.reason,
        withdrawal_requested_at=to_us(event.occurred_at),
    )


def _opened(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.case_opened
    row = set_case(
        uow,
        event,
        state=RUNNING,
        process=said.process,
        process_version=said.process_version,
        imported=int(said.imported),
        opened_at=to_us(event.occurred_at),
        due_at=instant_in(said, "due_at"),
        first_due_at=instant_in(said, "due_at"),
        **current_in(said.current),
    )
    deadline_rows.set_dossier(uow, event, said, running=watched(row))
    deadline_rows.set_step(uow, event, said.current, running=watched(row))
    sharing.set_timer(uow, event, said.current, running=watched(row))


def _assigned(uow: UnitOfWork, event: DossierEvent) -> None:
    set_case(uow, event, assignee=event.step_assigned.assignee)
    deadline_rows.touch(uow, event.dossier_code)


def _looked(uow: UnitOfWork, event: DossierEvent) -> None:
    deadline_rows.touch(uow, event.dossier_code)


def _completed(uow: UnitOfWork, event: DossierEvent) -> None:
    _enter(uow, event, event.step_completed.next)


def _sent_back(uow: UnitOfWork, event: DossierEvent) -> None:
    _enter(uow, event, event.step_sent_back.next)


def _enter(uow: UnitOfWork, event: DossierEvent, current: Any) -> None:
    row = set_case(uow, event, **current_in(current))
    deadline_rows.set_step(uow, event, current, running=watched(row))
    sharing.set_timer(uow, event, current, running=watched(row))


def _pulled_back(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.case_pulled_back
    row = set_case(uow, event, **{**current_in(said.next), "assignee": said.assignee})
    deadline_rows.set_step(
        uow,
        event,
        said.next,
        running=watched(row),
        said=DueDate(0, None, said.warned, said.missed, told=said.told),
    )
    sharing.set_timer(uow, event, said.next, running=watched(row))


def _moved(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.case_moved
    row = set_case(
        uow,
        event,
        process=said.process,
        process_version=said.process_version,
        step_role=said.current.role,
    )
    sharing.set_timer(uow, event, said.current, running=watched(row))


def _corrected(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.case_corrected
    changed = {"result_number": said.result_number, "explanation": said.explanation}
    uow.change(CASES, event.dossier_code, **{k: v for k, v in changed.items() if v})


def _asked(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.supplement_requested
    _suspend(
        uow,
        event,
        reason=said.reason,
        answer_due_at=instant_in(said, "answer_due_at"),
        round=said.round,
    )


def _suspended(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.case_suspended
    _suspend(uow, event, reason=said.reason, counterpart=said.counterpart)


def _suspend(
    uow: UnitOfWork, event: DossierEvent, *, reason: str, counterpart: str = "", **values: Any
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


def _resumed(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.case_resumed
    row = set_case(
        uow,
        event,
        state=RUNNING,
        suspended_at=None,
        suspension=None,
        answer_due_at=None,
        due_at=instant_in(said, "due_at"),
        step_due_at=instant_in(said.current, "due_at"),
        step_warn_at=instant_in(said.current, "warn_at"),
    )
    deadline_rows.move(uow, event, running=watched(row))
    sharing.set_timer(uow, event, said.current, running=watched(row))


def _resolved(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.case_resolved
    _end(
        uow,
        event,
        state=RESOLVED,
        result=said.result,
        result_number=said.result_number,
        explanation=said.explanation,
        file_sha256=said.file_sha256,
    )


def _withdrawn(uow: UnitOfWork, event: DossierEvent) -> None:
    _end(uow, event, state=WITHDRAWN)


def _declined(uow: UnitOfWork, event: DossierEvent) -> None:
    row = uow.get(CASES, event.dossier_code) or {}
    declined = (row.get("withdrawals_declined") or 0) + 1
    uow.change(CASES, event.dossier_code, withdrawals_declined=declined)


def _closed(uow: UnitOfWork, event: DossierEvent) -> None:
    _end(uow, event, state=CLOSED, explanation=event.case_closed.reason)


def _end(uow: UnitOfWork, event: DossierEvent, **values: Any) -> None:
    set_case(
        uow,
        event,
        ended_at=to_us(event.occurred_at),
        suspended_at=None,
        suspension=None,
        answer_due_at=None,
        **values,
    )
    deadline_rows.remove(uow, event.dossier_code)
    sharing.close_consultations(uow, event.dossier_code)


def _recorded(uow: UnitOfWork, event: DossierEvent) -> None:
    row = uow.get(CASES, event.dossier_code) or {}
    uow.change(CASES, event.dossier_code, recorded=(row.get("recorded") or 0) + 1)


def _history(uow: UnitOfWork, event: DossierEvent) -> None:
    row = set_case(uow, event, history_complete=1)
    if watched(row):
        deadline_rows.go_on(uow, event.dossier_code)


PROJECTIONS: dict[str, Callable[[UnitOfWork, DossierEvent], None]] = {
    "dossier_submitted": _submitted,
    "dossier_accepted": _accepted,
    "case_opened": _opened,
    "step_assigned": _assigned,
    "step_completed": _completed,
    "step_sent_back": _sent_back,
    "step_opened": _looked,
    "case_pulled_back": _pulled_back,
    "case_moved": _moved,
    "case_corrected": _corrected,
    "supplement_requested": _asked,
    "case_suspended": _suspended,
    "case_resumed": _resumed,
    "case_resolved": _resolved,
    "withdrawal_requested": _wished,
    "case_withdrawn": _withdrawn,
    "withdrawal_declined": _declined,
    "case_closed": _closed,
    "step_recorded": _recorded,
    "history_imported": _history,
    **deadlines.PROJECTIONS,
    **sharing.PROJECTIONS,
}
