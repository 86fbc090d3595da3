"""What the events of sharing a case change in routing's views; all of them are routing's own."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.collaboration_events_pb2 import (
    ChildEnded,
    ChildRequested,
    ConsultationAnswered,
    ConsultationCancelled,
    ConsultationRequested,
    ParticipantChanged,
    WorkDelegated,
)
from motcua.routing.v1.officer_events_pb2 import AbsenceDelegated, AbsenceEnded
from motcua.routing.v1.types_pb2 import Participation

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.application.officer_stream import absence_in
from services.routing.domain.state import State
from services.routing.tables import (
    ABSENCES,
    CASES,
    CONSULTATIONS,
    NO_DUE,
    PARTICIPANTS,
    SUBSTITUTIONS,
    TIMERS,
)
from services.routing.views import deadline_rows


def _requested(uow: UnitOfWork, event: Event, payload: ConsultationRequested) -> None:
    due_at = instant_in(payload, "due_at")
    row = {
        "dossier_code": event.stream_id,
        "number": payload.number,
        "unit": payload.unit,
        "role": payload.role,
        "step": payload.step,
        "question": payload.question,
        "waits": int(payload.waits),
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
    case = uow.get(CASES, event.stream_id) or {}
    own = not case.get("imported") or bool(case.get("history_complete"))
    deadline_rows.ask(uow, event, watched=own)
    _held(uow, event)


def _answered(uow: UnitOfWork, event: Event, payload: ConsultationAnswered) -> None:
    uow.change(
        CONSULTATIONS,
        event.stream_id,
        payload.number,
        open=0,
        answered_at=to_us(event.occurred_at),
        opinion=payload.opinion,
        answer=payload.answer,
    )
    deadline_rows.answered(uow, event.stream_id, payload.number)
    _held(uow, event)


def _cancelled(uow: UnitOfWork, event: Event, payload: ConsultationCancelled) -> None:
    uow.change(
        CONSULTATIONS,
        event.stream_id,
        payload.number,
        open=0,
        cancelled_at=to_us(event.occurred_at),
        cancelled_for=payload.reason,
    )
    deadline_rows.answered(uow, event.stream_id, payload.number)
    _held(uow, event)


def close_consultations(uow: UnitOfWork, code: str) -> None:
    """Leave no question open when a case ends."""
    number = 1
    while (row := uow.get(CONSULTATIONS, code, number)) is not None:
        if row["open"]:
            uow.put(CONSULTATIONS, {**row, "open": 0})
            deadline_rows.answered(uow, code, number)
        number += 1


def _participant(uow: UnitOfWork, event: Event, payload: ParticipantChanged) -> None:
    if payload.participation == Participation.PARTICIPATION_UNSPECIFIED:
        uow.delete(PARTICIPANTS, event.stream_id, payload.officer)
        return
    row = {
        "dossier_code": event.stream_id,
        "officer": payload.officer,
        "participation": payload.participation,
    }
    uow.put(PARTICIPANTS, row)


def _absent(uow: UnitOfWork, event: Event, payload: AbsenceDelegated) -> None:
    row = {
        "officer": payload.officer,
        "sequence": event.sequence,
        "substitute": payload.substitute,
        "begins_at": to_us(payload.begins_at),
        "ends_at": to_us(payload.ends_at),
        "unit": payload.unit,
        "ended_in": "",
    }
    uow.put(ABSENCES, row)


def _came_back(uow: UnitOfWork, event: Event, payload: AbsenceEnded) -> None:
    at = to_us(event.occurred_at)
    for sequence in range(1, event.sequence):
        row = uow.get(ABSENCES, payload.officer, sequence)
        absence = row and absence_in(row)
        if row and absence and absence.delegation.runs(at):
            left = absence.ended(payload.unit, at).delegation
            ended = {"ends_at": left.ends_at, "ended_in": " ".join(left.ended_in)}
            uow.put(ABSENCES, {**row, **ended})


def _delegated(uow: UnitOfWork, event: Event, payload: WorkDelegated) -> None:
    code = event.stream_id
    row = uow.get(SUBSTITUTIONS, code, payload.officer) or {"ends_at": 0}
    ends_at = max(row["ends_at"], to_us(payload.ends_at))
    uow.change(SUBSTITUTIONS, code, payload.officer, ends_at=ends_at)


def set_timer(uow: UnitOfWork, event: Event, current: Any, *, running: bool) -> None:
    """Keep which way of the current step is taken next by itself, or none."""
    code = event.stream_id
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


def _awaited(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    _held(uow, event)


def _held(uow: UnitOfWork, event: Event) -> None:
    """What the current step waits for has come up, or has come: a way may be held up by it."""
    code = event.stream_id
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


PROJECTIONS: dict[type[Message], Projection] = {
    ConsultationRequested: _requested,
    ChildRequested: _awaited,
    ChildEnded: _awaited,
    ConsultationAnswered: _answered,
    ConsultationCancelled: _cancelled,
    ParticipantChanged: _participant,
    AbsenceDelegated: _absent,
    AbsenceEnded: _came_back,
    WorkDelegated: _delegated,
}
