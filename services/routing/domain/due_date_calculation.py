"""Due dates as a function of their bases: the same basis gives the same dates, another calendar
gives others.
"""

from __future__ import annotations

from dataclasses import replace

from office.worktime.deadline_basis import DeadlineBasis, Pause, after_pause
from office.worktime.working_time import Calendar
from services.routing.domain.context import DecisionContext, Target, limit
from services.routing.domain.due_dates import DueDate


def lay(context: DecisionContext, basis: DeadlineBasis, target: Target) -> DueDate | None:
    """Return the due date of a basis by the calendar in force, with its warning and its levels.

    None where the limit is none.
    """
    due_at = basis.due_before_pauses(context.calendar)
    if due_at is None:
        return None
    laid = limit(context, target, basis.start_at, due_at)
    for pause in basis.pauses:
        laid = shifted(laid, context.calendar, pause)
    return laid


def shifted(old: DueDate, calendar: Calendar, pause: Pause) -> DueDate:
    """Move a due date, its warning and its levels by the working time of a pause."""

    def moved(at: int) -> int:
        later = after_pause(calendar, at, pause)
        assert later is not None
        return later

    warning = None if old.warn_at is None else moved(old.warn_at)
    levels = tuple(replace(level, at=moved(level.at)) for level in old.escalation_levels)
    return replace(old, due_at=moved(old.due_at), warn_at=warning, escalation_levels=levels)
