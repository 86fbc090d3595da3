"""What the events of sharing a case change in routing's views; all of them are routing's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motcua.events.v1.envelope_pb2 import DossierEvent
from motcua.routing.v1.types_pb2 import Participation

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.application.officer_stream import absence_in
from services.routing.domain.state import State
from services.routing.tables import (
    ABSENCES,
    CASES,
    CONSULTATIONS,
    NO_DUE,
    PARTICIPANTS,
    STAND_INS,
    TIMERS,
)
from services.routing.views import deadline_rows


def _requested(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.consultation_requested
    due_at = instant_in(said, "due_at")
    row = {
        "dossier_code": event.dossier_code,
        "number": said.number,
        "unit": said.unit,
        "role": said.role,
        "step": said.step,
        "question": said.question,
        "waits": int(said.waits),
        "open": 1,
        "asked_at": to_us(event.occurred_at),
        "due_at": NO_DUE if due_at is None else due_at,
        "answered_at": None,
        "opinion": None,
        "answer": None,
        "cancelled_at": None,
        "cancelled_for": None,
    }
    uow.put(CONSULTATIONS, row)
    case = uow.get(CASES, event.dossier_code) or {}
    own = not case.get("imported") or bool(case.get("history_complete"))
    deadline_rows.ask(uow, event, watched=own)
    _held(uow, event)


def _answered(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.consultation_answered
    uow.change(
        CONSULTATIONS,
        event.dossier_code,
        said.number,
        open=0,
        answered_at=to_us(event.occurred_at),
        opinion=said.opinion,
        answer=said.answer,
    )
    deadline_rows.answered(uow, event.dossier_code, said.number)
    _held(uow, event)


def _cancelled(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.consultation_cancelled
    uow.change(
        CONSULTATIONS,
        event.dossier_code,
        said.number,
        open=0,
        cancelled_at=to_us(event.occurred_at),
        cancelled_for=said.reason,
    )
    deadline_rows.answered(uow, event.dossier_code, said.number)
    _held(uow, event)


def close_consultations(uow: UnitOfWork, code: str) -> None:
    """Leave no question open when a case ends."""
    number = 1
    while (row := uow.get(CONSULTATIONS, code, number)) is not None:
        if row["open"]:
            uow.put(CONSULTATIONS, {**row, "open": 0})
            deadline_rows.answered(uow, code, number)
        number += 1


def _participant(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.participant_changed
    if said.participation == Participation.PARTICIPATION_UNSPECIFIED:
        uow.delete(PARTICIPANTS, event.dossier_code, said.officer)
        return
    row = {
        "dossier_code": event.dossier_code,
        "officer": said.officer,
        "participation": said.participation,
    }
    uow.put(PARTICIPANTS, row)


def _absent(uow: UnitOfWork, event: DossierEvent) -> None:
    said = event.absence_delegated
    row = {
        "officer": said.officer,
        "sequence": event.sequence,
        "substitute": said.substitute,
        "begins_at": to_us(said.begins_at),
        "ends_at": to_us(said.ends_at),
        "unit": said.unit,
        "ended_in": "",
    }
    uow.put(ABSENCES, row)


def _came_back(uow: UnitOfWork, event: DossierEvent) -> None:
    said, at = event.absence_ended, to_us(event.occurred_at)
    for sequence in range(1, event.sequence):
        row = uow.get(ABSENCES, said.officer, sequence)
        absence = row and absence_in(row)
        if row and absence and absence.delegation.runs(at):
            left = absence.ended(said.unit, at).delegation
            ended = {"ends_at": left.ends_at, "ended_in": " ".join(left.ended_in)}
            uow.put(ABSENCES, {**row, **ended})


def _delegated(uow: UnitOfWork, event: DossierEvent) -> None:
    said, code = event.work_delegated, event.dossier_code
    row = uow.get(STAND_INS, code, said.officer) or {"ends_at": 0}
    ends_at = max(row["ends_at"], to_us(said.ends_at))
    uow.change(STAND_INS, code, said.officer, ends_at=ends_at)


def set_timer(uow: UnitOfWork, event: DossierEvent, current: Any, *, running: bool) -> None:
    """Keep which way of the current step is taken next by itself, or none."""
    code = event.dossier_code
    if not current.timers:
        if uow.get(TIMERS, code) is not None:
            uow.delete(TIMERS, code)
        return
    row = {
        "dossier_code": code,
        **_next(uow.state(code), running=running),
        "cause_id": event.event_id,
        "correlation_id": event.correlation_id,
    }
    uow.put(TIMERS, row)


def _next(state: State, *, running: bool) -> dict[str, Any]:
    """Return which way is taken next; while all are held up, which would be, and no instant."""
    timer = state.work.next_timer(state.step)
    first = timer or min(state.work.timers, key=lambda each: (each.at, each.name))
    at = first.at if running and timer is not None else None
    return {"transition": first.name, "at": first.at, "next_at": at}


def _held(uow: UnitOfWork, event: DossierEvent) -> None:
    """What the current step waits for has come up, or has come: a way may be held up by it."""
    code = event.dossier_code
    row = uow.get(TIMERS, code)
    if row is not None:
        state: State = uow.state(code)
        uow.put(TIMERS, {**row, **_next(state, running=state.watched)})


def stop_timer(uow: UnitOfWork, code: str, *, ended: bool) -> None:
    """Let nothing happen by itself while the clock stands still, or any more."""
    row = uow.get(TIMERS, code)
    if row is None:
        return
    if ended:
        uow.delete(TIMERS, code)
    elif row["next_at"] is not None:
        uow.put(TIMERS, {**row, "next_at": None})


PROJECTIONS: dict[str, Callable[[UnitOfWork, DossierEvent], None]] = {
    "consultation_requested": _requested,
    "child_requested": _held,
    "child_ended": _held,
    "consultation_answered": _answered,
    "consultation_cancelled": _cancelled,
    "participant_changed": _participant,
    "absence_delegated": _absent,
    "absence_ended": _came_back,
    "work_delegated": _delegated,
}
