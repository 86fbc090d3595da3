"""What events about due dates and their alarms change in routing's views."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import SupplementExpired
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineEscalated,
    DeadlineExtended,
    DeadlineMissed,
    DeadlineRecalculated,
)

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.domain.alarms import CONSULTATION, DOSSIER, STEP, SUSPENSION, TIMER, key_of
from services.routing.tables import CASES, CONSULTATIONS
from services.routing.views import collaboration as sharing
from services.routing.views import deadline_rows
from services.routing.views.case_rows import own, set_case, watched


def _extended(uow: UnitOfWork, event: Event, payload: DeadlineExtended) -> None:
    row = set_case(
        uow,
        event,
        due_at=instant_in(payload, "due_at"),
        extended_at=to_us(event.occurred_at),
        apology_number=payload.apology_number,
    )
    deadline_rows.set_dossier(uow, event, payload, running=watched(row))


def _approaching(uow: UnitOfWork, event: Event, payload: DeadlineApproaching) -> None:
    deadline_rows.say(uow, event.stream_id, key_of(payload))


def _missed(uow: UnitOfWork, event: Event, payload: DeadlineMissed) -> None:
    deadline_rows.say(uow, event.stream_id, key_of(payload), missed=True)


def _expired(uow: UnitOfWork, event: Event, payload: SupplementExpired) -> None:
    deadline_rows.say(uow, event.stream_id, key_of(payload), missed=True)


def _escalated(uow: UnitOfWork, event: Event, payload: DeadlineEscalated) -> None:
    deadline_rows.say(uow, event.stream_id, key_of(payload), told=payload.number)


def _recalculated(uow: UnitOfWork, event: Event, payload: DeadlineRecalculated) -> None:
    due_at, warn_at = instant_in(payload, "due_at"), instant_in(payload, "warn_at")
    changed: dict[str, Any] = {}
    if payload.scope == DOSSIER:
        changed = {"due_at": due_at}
    elif payload.scope == STEP:
        changed = {"step_due_at": due_at, "step_warn_at": warn_at}
    elif payload.scope == SUSPENSION:
        shown = json.loads((uow.get(CASES, event.stream_id) or {}).get("suspension") or "{}")
        shown["end_at"] = due_at
        shown = json.dumps(shown, sort_keys=True, ensure_ascii=False)
        changed = {"answer_due_at": due_at, "suspension": shown}
    row = set_case(uow, event, **changed)
    if payload.scope == TIMER:
        sharing.set_timer(uow, event, payload, running=watched(row))
        return
    if payload.scope == CONSULTATION:
        uow.change(CONSULTATIONS, event.stream_id, payload.consultation, due_at=due_at)
    alone = payload.scope in (SUSPENSION, CONSULTATION)
    deadline_rows.relay(uow, event, running=own(row) if alone else watched(row))


PROJECTIONS: dict[type[Message], Projection] = {
    DeadlineExtended: _extended,
    SupplementExpired: _expired,
    DeadlineEscalated: _escalated,
    DeadlineApproaching: _approaching,
    DeadlineMissed: _missed,
    DeadlineRecalculated: _recalculated,
}
