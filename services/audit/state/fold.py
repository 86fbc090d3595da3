"""The fold of a dossier's events to its row. Pure, and total: any events in any order fold.

A row is a mapping with the columns of the table ``dossiers``; instants are microseconds UTC, days
whole numbers YYYYMMDD in the dossier's own time zone. The first end holds: what comes later
of a dossier that was resolved, withdrawn or closed never undoes it, but for ``CaseReopened``, which
says that a closing does not hold. A refusal counts only for a
dossier that was never accepted.
"""

from __future__ import annotations

from typing import Any, Final

from motcua.events.v1.event_pb2 import Event

from kernel.eventsourcing.envelope import payload_of, payload_type
from office.catalogue.dossier_code import OFFICE_ZONE
from services.audit.state.event_changes import CHANGES, Changes
from services.audit.state.local_days import day
from services.audit.state.portal_state import SUBMITTED, DossierRow, finished_at, state_of

_EMPTY: Final[DossierRow] = {
    "dossier_code": "",
    "procedure": "",
    "field": "",
    "unit": "",
    "level": "",
    "channel": "",
    "time_zone": OFFICE_ZONE,
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
    "step_officer": "",
    "step_state": 0,
    "late_unit": "",
    "late_officer": "",
    "received_day": None,
    "due_day": None,
    "suspended_day": None,
    "finished_day": None,
    "pending_due_at": None,
    "changed_at": 0,
}


_LEADS_NOWHERE: Final = frozenset(
    {
        "step",
        "step_unit",
        "step_officer",
        "missed_at",
        "late_unit",
        "late_officer",
        "check_missed_at",
        "changed_at",
    }
)
"""Columns from which no other is derived."""
_DAYS: Final = (
    ("accepted_at", "received_day"),
    ("due_at", "due_day"),
    ("suspended_at", "suspended_day"),
)


def fold(row: DossierRow | None, event: Event, occurred_at: int) -> DossierRow:
    """Return the row after one more event; the same mapping when it changes none.

    ``row`` is None before a dossier's first event; ``occurred_at`` is the event's in
    microseconds. An event of an unknown type changes nothing. A row whose ``changed_at`` is not
    after an instant is the row as of that instant.
    """
    if row is None:
        row = {**_EMPTY, "dossier_code": event.stream_id, "changed_at": occurred_at}
    kind = payload_type(event)
    if kind is None or kind not in CHANGES:
        return row
    changes = CHANGES[kind](row, payload_of(event), occurred_at)
    if not changes:
        return row
    if occurred_at > row["changed_at"]:
        changes["changed_at"] = occurred_at
    after = {**row, **changes}
    return after if _LEADS_NOWHERE.issuperset(changes) else _settled(after, changes)


def _settled(row: dict[str, Any], changes: Changes) -> DossierRow:
    """Derive days, state and pending due date from the others again."""
    rezoned, zone = "time_zone" in changes, row["time_zone"]
    for instant, name in _DAYS:
        if instant in changes or rezoned:
            at = row[instant]
            row[name] = None if at is None else day(at, zone)
    end = finished_at(row)
    if end is None:
        row["finished_day"] = None
        row["pending_due_at"] = _awaited(row)
    elif rezoned or row["finished_day"] is None or "resolved_at" in changes:
        row["finished_day"] = day(end, zone)
        row["pending_due_at"] = None
    row["state"] = state_of(row)
    return row


def _awaited(row: DossierRow) -> int | None:
    """Return the due date that a dossier without an end has: the promised one, or the desk's."""
    if row["accepted_at"] is not None:
        due: int | None = row["due_at"]
        return due
    return None if row["refused_at"] is not None else row["check_due_at"]
