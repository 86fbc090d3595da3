"""Promised dates under other rules: another calendar, other time limits, no pauses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from office.worktime.calendars.model import Calendar
from office.worktime.deadline_basis import DeadlineBasis
from office.worktime.working_time import NoWorkingTime, OutOfRange
from services.audit.deadlines.explanation import CalendarOf, DeadlineExplanation
from services.audit.state.local_days import day

EVERY_PROCEDURE = "*"


class Timeliness(StrEnum):
    """How a dossier stands in a report of a period."""

    EARLY = "early"
    ON_TIME = "on_time"
    LATE = "late"
    PENDING_IN_TIME = "pending_in_time"
    PENDING_OVERDUE = "pending_overdue"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules by which dates are computed again."""

    calendar: Calendar | None = None
    """None for the calendar of each date."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """By procedure; ``*`` for those that have none of their own here."""
    without_pauses: bool = False

    def limit(self, procedure: str) -> str | None:
        """Return another limit of a procedure; None for the one it has."""
        return self.limits.get(procedure, self.limits.get(EVERY_PROCEDURE))


def simulated_due(
    explanation: DeadlineExplanation,
    accepted_at: int,
    procedure: str,
    rules: Rules,
    calendar_of: CalendarOf,
    default: Calendar,
) -> tuple[bool, int | None]:
    """Return whether a dossier's date is computed, and the date; None for no limit.

    A date that a leader signed stands. A dossier of another system has a date of its own, unless
    the rules give its procedure a limit: that is counted by ``default`` where no calendar is given.
    """
    basis, limit = explanation.basis, rules.limit(procedure)
    if explanation.extended_to is not None and basis is None:
        return False, explanation.due_at
    if limit is not None:
        pauses = basis.pauses if basis else ()
        version = basis.calendar_version if basis else ""
        held = basis.not_before if basis else None
        start = basis.start_at if basis else accepted_at
        basis = DeadlineBasis(start, limit, version, pauses=pauses, not_before=held)
    if basis is None:
        return False, explanation.due_at
    if rules.without_pauses:
        basis = replace(basis, pauses=())
    calendar = rules.calendar or calendar_of(basis.calendar_version) or default
    try:
        return True, basis.due(calendar)
    except (NoWorkingTime, OutOfRange):
        return False, explanation.due_at


def timeliness(
    due_at: int | None,
    zone: str,
    finished_day: int | None,
    reference: int,
    *,
    paused: bool,
) -> Timeliness:
    """Return how a dossier stands that is due at an instant.

    ``finished_day`` is None while it is under way; then it is judged on the day ``reference``, and
    one whose clock stands still is in time. Days are YYYYMMDD.
    """
    due = None if due_at is None else day(due_at, zone)
    if finished_day is None:
        in_time = due is None or paused or due >= reference
        return Timeliness.PENDING_IN_TIME if in_time else Timeliness.PENDING_OVERDUE
    if due is None or finished_day == due:
        return Timeliness.ON_TIME
    return Timeliness.EARLY if finished_day < due else Timeliness.LATE
