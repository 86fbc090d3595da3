"""Due dates come near and pass without anybody doing anything."""

from __future__ import annotations

from typing import Any

from motcua.routing.v1.case_events_pb2 import SupplementExpired
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineEscalated,
    DeadlineMissed,
)
from motcua.routing.v1.types_pb2 import DeadlineScope, SuspensionKind

from kernel.base.instants import to_timestamp
from services.routing.domain.due_dates import DueDate
from services.routing.domain.state import CaseStatus, Key, State, limits

DOSSIER = DeadlineScope.DEADLINE_SCOPE_DOSSIER
STEP = DeadlineScope.DEADLINE_SCOPE_STEP
SUSPENSION = DeadlineScope.DEADLINE_SCOPE_SUSPENSION
FIRST_ACTION = DeadlineScope.DEADLINE_SCOPE_FIRST_ACTION
CONSULTATION = DeadlineScope.DEADLINE_SCOPE_CONSULTATION
TIMER = DeadlineScope.DEADLINE_SCOPE_TIMER
RUNNING_SCOPES = (DOSSIER, STEP, FIRST_ACTION)
"""What counts while the clock runs; a suspension's end counts while it stands still."""
_NOTHING = SuspensionKind.SUSPENSION_KIND_UNSPECIFIED
Passed = DeadlineMissed | SupplementExpired
Alarm = DeadlineApproaching | DeadlineMissed | SupplementExpired | DeadlineEscalated


def key_of(alarm: Alarm) -> Key:
    """Return which due date an alarm is about."""
    if isinstance(alarm, SupplementExpired):
        return SUSPENSION, 0
    return alarm.scope, alarm.consultation


def next_alarm(limit: DueDate | None) -> int | None:
    """Return the instant after which something is to be said of a limit; None when all is said."""
    if limit is None:
        return None
    waiting = [level.at for level in limit.escalation_levels[limit.levels_notified :]]
    if not limit.missed:
        waiting.append(limit.due_at)
        if not limit.warned and limit.warn_at is not None:
            waiting.append(limit.warn_at)
    return min(waiting, default=None)


def watched(state: State) -> list[Key]:
    """Return what is watched of a case at present.

    The unit that was asked has its time whether the dossier's clock runs or stands still.
    """
    scopes = watched_scopes(state)
    keys = [(scope, 0) for scope in scopes if scope != CONSULTATION]
    if CONSULTATION in scopes:
        keys += [(CONSULTATION, each.number) for each in state.work.asked if each.open]
    return keys


def watched_scopes(state: State) -> tuple[int, ...]:
    """Return the scopes whose due dates are watched at present."""
    if not state.own:
        return ()
    return _WATCHED.get(state.status, ())


_WATCHED: dict[CaseStatus, tuple[int, ...]] = {
    CaseStatus.RUNNING: (*RUNNING_SCOPES, CONSULTATION),
    CaseStatus.SUSPENDED: (SUSPENSION, CONSULTATION),
}


def alarms(state: State, now: int) -> list[Alarm]:
    """Return what is true by now and was not said: each thing once for a due date.

    Work done at the very instant of the due date is in time. Whoever comes after the due date has
    passed says that alone: a warning would be of no use. The levels of its policy are told all the
    same: they are other people.
    """
    due_dates = limits(state)
    found: list[Alarm] = []
    for key in watched(state):
        limit = due_dates[key]
        if limit is not None:
            found += _dates(state, limit, key, now)
            found += _escalations(state, limit, key, now)
    return found


def overdue(state: State, now: int) -> list[Passed]:
    """Return which due dates have passed by now, as far as that was not said."""
    return [message for message in alarms(state, now) if isinstance(message, Passed)]


def _dates(state: State, limit: DueDate, key: Key, now: int) -> list[Alarm]:
    if limit.missed:
        return []
    kind = _NOTHING if state.suspension is None else state.suspension.kind
    due_at = to_timestamp(limit.due_at)
    if now > limit.due_at:
        if key[0] == SUSPENSION and kind == SuspensionKind.SUSPENSION_KIND_SUPPLEMENT:
            return [SupplementExpired(round=state.round, answer_due_at=due_at, unit=state.unit)]
        return [DeadlineMissed(due_at=due_at, **_about(state, key), **_stands(key, kind))]
    if limit.warned or limit.warn_at is None or now <= limit.warn_at:
        return []
    return [DeadlineApproaching(due_at=due_at, **_about(state, key), **_stands(key, kind))]


def _about(state: State, key: Key) -> dict[str, Any]:
    """Return the fields that name a due date: its scope, the step, and who has the work."""
    scope, number = key
    consultation = state.work.question(number)
    if scope == CONSULTATION and consultation is not None:
        step, unit = consultation.step, consultation.unit
    else:
        step, unit = (state.step if scope in (STEP, FIRST_ACTION) else ""), state.unit
    return {"scope": scope, "step": step, "unit": unit, "consultation": number}


def _stands(key: Key, kind: SuspensionKind) -> dict[str, Any]:
    """Return why the clock of a due date stands still; that of a question never does."""
    return {} if key[0] == CONSULTATION else {"suspended_for": kind}


def _escalations(state: State, limit: DueDate, key: Key, now: int) -> list[Alarm]:
    about = _about(state, key)
    return [
        DeadlineEscalated(
            **about
            | {
                "unit": level.unit,
                "role": level.role,
                "escalation_level": level.name,
                "number": number,
            },
            due_at=to_timestamp(limit.due_at),
            work_unit=about["unit"],
        )
        for number, level in enumerate(limit.escalation_levels, start=1)
        if number > limit.levels_notified and now > level.at
    ]
