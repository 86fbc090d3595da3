"""The fold of a dossier's events to its facts. Pure, and total: any events in any order fold.

Facts are a mapping with the columns of the table ``dossiers``; instants are microseconds UTC, days
whole numbers YYYYMMDD in the dossier's own time zone. The first end holds: what comes later
of a dossier that was resolved, withdrawn or closed never undoes it. A refusal counts only for a
dossier that was never accepted.
"""

from __future__ import annotations

from typing import Any, Final

from motcua.events.v1.event_pb2 import Event

from kernel.eventsourcing.envelope import payload_of, payload_type
from services.audit.state.event_changes import CHANGES, Changes
from services.audit.state.local_days import OFFICE_TIME_ZONE, day
from services.audit.state.portal_state import SUBMITTED, Facts, finished_at, state_of

_EMPTY: Final[Facts] = {
    "dossier_code": "",
    "procedure": "",
    "field": "",
    "unit": "",
    "level": "",
    "channel": "",
    "time_zone": OFFICE_TIME_ZONE,
    "imported": 0,
    "state": SUBMITTED,
    "submitted_at": None,
    "accepted_at": None,
    "refused_at": None,
    "opened_at": None,
    "due_at": None,
    "first_due_at": None,
    "suspended_at": None,
    "suspended_for": 0,
    "extended_at": None,
    "missed_at": None,
    "check_due_at": None,
    "check_missed_at": None,
    "resolved_at": None,
    "withdrawn_at": None,
    "closed_at": None,
    "returned_at": None,
    "step": "",
    "step_unit": "",
    "step_state": 0,
    "received_day": None,
    "due_day": None,
    "suspended_day": None,
    "finished_day": None,
    "pending_due_at": None,
    "changed_at": 0,
}


_LEADS_NOWHERE: Final = frozenset(
    {"step", "step_unit", "missed_at", "check_missed_at", "changed_at"}
)
"""Facts from which no other fact is derived."""
_DAYS: Final = (
    ("accepted_at", "received_day"),
    ("due_at", "due_day"),
    ("suspended_at", "suspended_day"),
)


def fold(facts: Facts | None, event: Event, occurred_at: int) -> Facts:
    """Return the facts after one more event; the same mapping when it changes none.

    ``facts`` is None before a dossier's first event; ``occurred_at`` is the event's in
    microseconds. An event of an unknown type changes nothing. Facts whose ``changed_at`` is not
    after an instant are the facts as of that instant.
    """
    if facts is None:
        facts = {**_EMPTY, "dossier_code": event.stream_id, "changed_at": occurred_at}
    kind = payload_type(event)
    if kind is None or kind not in CHANGES:
        return facts
    changes = CHANGES[kind](facts, payload_of(event), occurred_at)
    if not changes:
        return facts
    if occurred_at > facts["changed_at"]:
        changes["changed_at"] = occurred_at
    after = {**facts, **changes}
    return after if _LEADS_NOWHERE.issuperset(changes) else _settled(after, changes)


def _settled(facts: dict[str, Any], changes: Changes) -> Facts:
    """Derive days, state and pending due date from the facts again."""
    rezoned, zone = "time_zone" in changes, facts["time_zone"]
    for instant, name in _DAYS:
        if instant in changes or rezoned:
            at = facts[instant]
            facts[name] = None if at is None else day(at, zone)
    end = finished_at(facts)
    if end is None:
        facts["pending_due_at"] = _awaited(facts)
    elif rezoned or facts["finished_day"] is None or "resolved_at" in changes:
        facts["finished_day"] = day(end, zone)
        facts["pending_due_at"] = None
    facts["state"] = state_of(facts)
    return facts


def _awaited(facts: Facts) -> int | None:
    """Return the due date that a dossier without an end has: the promised one, or the desk's."""
    if facts["accepted_at"] is not None:
        due: int | None = facts["due_at"]
        return due
    return None if facts["refused_at"] is not None else facts["check_due_at"]
