"""The rows of ``deadlines``: when the watch has to look at which due date.

A function of routing's own events alone. It mirrors what ``state.py`` keeps for the decider, in
rows that can be found by their next alarm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any

from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import CaseResumed
from motcua.routing.v1.collaboration_events_pb2 import ConsultationRequested
from motcua.routing.v1.deadline_events_pb2 import DeadlineRecalculated

from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import payload_as
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.domain.alarms import (
    CONSULTATION,
    DOSSIER,
    FIRST_ACTION,
    RUNNING_SCOPES,
    STEP,
    SUSPENSION,
    next_alarm,
    watched,
)
from services.routing.domain.due_dates import (
    DueDate,
    EscalationLevel,
    first_action_in,
    in_place_of,
    limit_in,
    relaid,
)
from services.routing.domain.state import Key, State, limits, resumed_at, suspension_in
from services.routing.tables import CONSULTATIONS, DEADLINES

Row = Mapping[str, Any]
_SCOPES = (*RUNNING_SCOPES, SUSPENSION)


def set_dossier(uow: UnitOfWork, event: Event, message: Any, *, running: bool) -> None:
    """Set the dossier's due date from a message that holds it, or none."""
    _set(uow, event, DOSSIER, limit_in(message), running)


def set_step(
    uow: UnitOfWork,
    event: Event,
    current: Any,
    *,
    running: bool,
    said: DueDate | None = None,
) -> None:
    """Set the current step's due date, and by when somebody is to begin on it, or none; ``said``
    tells what was said of that due date before.
    """
    limit = limit_in(current)
    if limit is not None and said is not None:
        limit = replace(
            limit, warned=said.warned, missed=said.missed, levels_notified=said.levels_notified
        )
    _set(uow, event, STEP, limit, running)
    _set(uow, event, FIRST_ACTION, first_action_in(current), running)


def touch(uow: UnitOfWork, code: str) -> None:
    """Note that somebody has begun on the current step."""
    uow.delete(DEADLINES, code, FIRST_ACTION, 0)


def move(uow: UnitOfWork, event: Event, *, running: bool) -> None:
    """Let the clock go on with the due dates of a ``CaseResumed``."""
    said, code = payload_as(event, CaseResumed), event.stream_id
    for scope, message in ((DOSSIER, said), (STEP, said.current)):
        row = None if said.restarted else uow.get(DEADLINES, code, scope, 0)
        limit = limit_in(message)
        if limit is not None and row is not None:
            limit = in_place_of(_limit(row), limit, resumed_at(event))
        _set(uow, event, scope, limit, running)
    _set(uow, event, FIRST_ACTION, first_action_in(said.current), running)
    uow.delete(DEADLINES, code, SUSPENSION, 0)


def relay(uow: UnitOfWork, event: Event, *, running: bool) -> None:
    """Set a due date that a ``DeadlineRecalculated`` has laid anew."""
    said, code = payload_as(event, DeadlineRecalculated), event.stream_id
    row = uow.get(DEADLINES, code, said.scope, said.consultation)
    if row is not None:
        laid = relaid(_limit(row), said, to_us(event.occurred_at))
        _set(uow, event, said.scope, laid, running, number=said.consultation)


def ask(uow: UnitOfWork, event: Event, *, watched: bool) -> None:
    """Set the time in which a question is to be answered, or none."""
    said = payload_as(event, ConsultationRequested)
    _set(uow, event, CONSULTATION, limit_in(said), watched, number=said.number)


def answered(uow: UnitOfWork, code: str, number: int) -> None:
    """Let nothing more be said of a question."""
    uow.delete(DEADLINES, code, CONSULTATION, number)


def stop(uow: UnitOfWork, event: Event, *, watched: bool) -> None:
    """Let nothing be said while the clock stands still but of the end of that."""
    code = event.stream_id
    touch(uow, code)
    for scope in (DOSSIER, STEP):
        if uow.get(DEADLINES, code, scope, 0) is not None:
            uow.change(DEADLINES, code, scope, 0, next_alarm_at=None)
    _set(uow, event, SUSPENSION, suspension_in(event).end, watched)


def go_on(uow: UnitOfWork, code: str) -> None:
    """Say from now on what is to be said of the due dates as they are."""
    keys = [(scope, 0) for scope in RUNNING_SCOPES]
    number = 1
    while uow.get(CONSULTATIONS, code, number) is not None:
        keys.append((CONSULTATION, number))
        number += 1
    for key in keys:
        row = uow.get(DEADLINES, code, *key)
        if row is not None:
            uow.change(DEADLINES, code, *key, next_alarm_at=next_alarm(_limit(row)))


def say(uow: UnitOfWork, code: str, key: Key, *, missed: bool = False, told: int = 0) -> None:
    """Keep what was said of a due date: a warning, that it passed, or one of its levels."""
    row = uow.get(DEADLINES, code, *key)
    if row is not None:
        said = {**row, "levels_notified": told} if told else {**row, "warned": 1}
        said["missed"] = int(missed or bool(row["missed"]))
        uow.put(DEADLINES, {**said, "next_alarm_at": next_alarm(_limit(said))})


def remove(uow: UnitOfWork, code: str) -> None:
    """Forget the due dates of a case that has ended, but for those of questions."""
    for scope in _SCOPES:
        uow.delete(DEADLINES, code, scope, 0)


def mend(uow: UnitOfWork, code: str, state: State) -> None:
    """Make the rows what the events say, should they ever differ."""
    now = watched(state)
    for key, limit in limits(state).items():
        row = uow.get(DEADLINES, code, *key)
        if row is None:
            continue
        if limit is None or key not in now:
            uow.change(DEADLINES, code, *key, next_alarm_at=None)
            continue
        uow.put(DEADLINES, {**row, **_columns(limit), "next_alarm_at": next_alarm(limit)})


def _set(
    uow: UnitOfWork,
    event: Event,
    scope: int,
    limit: DueDate | None,
    running: bool,
    number: int = 0,
) -> None:
    if limit is None:
        uow.delete(DEADLINES, event.stream_id, scope, number)
        return
    row = {
        "dossier_code": event.stream_id,
        "scope": scope,
        "number": number,
        **_columns(limit),
        "next_alarm_at": next_alarm(limit) if running else None,
        "cause_id": event.event_id,
        "correlation_id": event.correlation_id,
    }
    uow.put(DEADLINES, row)


def _columns(limit: DueDate) -> dict[str, int | str | None]:
    levels = [astuple(level) for level in limit.escalation_levels]
    return {
        "due_at": limit.due_at,
        "warn_at": limit.warn_at,
        "warned": int(limit.warned),
        "missed": int(limit.missed),
        "escalation_levels": json.dumps(levels, ensure_ascii=False) if levels else "",
        "levels_notified": limit.levels_notified,
    }


def _limit(row: Row) -> DueDate:
    levels = tuple(
        EscalationLevel(*level) for level in json.loads(row["escalation_levels"] or "[]")
    )
    return DueDate(
        row["due_at"],
        row["warn_at"],
        bool(row["warned"]),
        bool(row["missed"]),
        levels,
        row["levels_notified"],
    )
