"""The rows of ``deadlines`` and ``timers``: when a scheduler has to look at a case again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from kernel.storage.row_cache import Row
from services.routing.domain.alarms import next_alarm, watched_scopes
from services.routing.domain.due_dates import Cause, DueDate, EscalationLevel
from services.routing.domain.state import Key, State, limits

Entry = tuple[DueDate, bool]
"""A due date, and whether it is watched at present."""
_NO_CAUSE = Cause("", "")
_encode = json.JSONEncoder(ensure_ascii=False).encode


def due_dates(state: State) -> Mapping[Key, Entry]:
    """Return the due dates of an open case; none of one that has ended."""
    if not state.open:
        return {}
    scopes, found = watched_scopes(state), limits(state).items()
    return {key: (limit, key[0] in scopes) for key, limit in found if limit is not None}


def same_due_dates(before: State, after: State) -> bool:
    """Return whether everything that ``due_dates`` depends on is the very same in two states."""
    return (
        before.dossier_limit is after.dossier_limit
        and before.step_limit is after.step_limit
        and before.first_action is after.first_action
        and before.suspension is after.suspension
        and before.work.asked is after.work.asked
        and before.status is after.status
        and before.own == after.own
    )


def due_date_row(code: str, key: Key, entry: Entry) -> Row:
    """Return the row of a due date; it has a next alarm only while it is watched."""
    (scope, number), (limit, watched) = key, entry
    cause = limit.cause or _NO_CAUSE
    return {
        "dossier_code": code,
        "scope": scope,
        "number": number,
        "due_at": limit.due_at,
        "warn_at": limit.warn_at,
        "warned": int(limit.warned),
        "missed": int(limit.missed),
        "escalation_levels": _levels_json(limit.escalation_levels)
        if limit.escalation_levels
        else "",
        "levels_notified": limit.levels_notified,
        "next_alarm_at": next_alarm(limit) if watched else None,
        "cause_id": cause.event_id,
        "correlation_id": cause.correlation_id,
    }


def _levels_json(levels: Sequence[EscalationLevel]) -> str:
    return _encode([(level.name, level.unit, level.role, level.at) for level in levels])


def timer_row(code: str, state: State) -> Row | None:
    """Return which transition of the current step is taken next by itself, and when.

    While all are held up, or the clock stands still, the row names the one that would be, without
    an instant. None without any, and for a case that has ended.
    """
    timers = state.work.timers
    if not timers or not state.open:
        return None
    free = state.work.next_timer(state.step)
    timer = free or min(timers, key=lambda each: (each.at, each.name))
    cause = state.work.timers_cause or _NO_CAUSE
    return {
        "dossier_code": code,
        "transition": timer.name,
        "at": timer.at,
        "next_at": timer.at if free is not None and state.watched else None,
        "cause_id": cause.event_id,
        "correlation_id": cause.correlation_id,
    }
