"""How a due date came about: from when a limit runs, how long, by which calendar, the pauses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kernel.base.instants import to_us
from office.worktime import working_time
from office.worktime.durations import NO_LIMIT, limit_of
from office.worktime.working_time import Calendar, ResumePolicy

Pause = tuple[int, int]
"""From when to when a clock stood still."""


@dataclass(frozen=True, slots=True)
class DeadlineBasis:
    """The course of one due date; instants in microseconds UTC."""

    start_at: int
    time_limit: str
    """One duration, or phases: ``20cd+5wd``."""
    calendar_version: str = ""
    """The calendar by which all of it was counted last; empty where that does not matter."""
    same_day: bool = False
    """The day of receipt counts, by the rule of the cut-off, not the limit."""
    pauses: tuple[Pause, ...] = ()
    """The pauses in which the remainder was kept, in order."""
    not_before: int | None = None
    """A date promised by hand, before which the limit does not end."""

    def due_before_pauses(self, calendar: Calendar) -> int | None:
        """Return the due date by a calendar as it was before the first pause; None for none."""
        return self.not_before if self.held(calendar) else self.limit_due(calendar)

    def held(self, calendar: Calendar) -> bool:
        """Return whether the date promised by hand counts, because the limit ends before it."""
        if self.not_before is None:
            return False
        at = self.limit_due(calendar)
        return at is None or at < self.not_before

    def limit_due(self, calendar: Calendar) -> int | None:
        """Return the instant at which the limit itself ends by a calendar; None for no limit."""
        if self.same_day:
            return working_time.same_day_due(calendar, self.start_at)
        return working_time.limit_due_at(calendar, self.start_at, limit_of(self.time_limit))

    def due(self, calendar: Calendar) -> int | None:
        """Return the due date by a calendar; None for no limit."""
        at = self.due_before_pauses(calendar)
        for pause in self.pauses:
            at = after_pause(calendar, at, pause)
        return at

    def paused(self, pause: Pause, calendar_version: str) -> DeadlineBasis:
        """Return the course after one more pause, counted by a calendar."""
        return replace(self, pauses=(*self.pauses, pause), calendar_version=calendar_version)

    def by(self, calendar_version: str) -> DeadlineBasis:
        """Return the course counted by another calendar."""
        return replace(self, calendar_version=calendar_version)


def after_pause(calendar: Calendar, at: int | None, pause: Pause) -> int | None:
    """Move an instant by the working time of a pause."""
    return working_time.resume_due(
        calendar,
        ResumePolicy.KEEP,
        due=at,
        suspended_at=pause[0],
        resumed_at=max(pause),
        limit=NO_LIMIT,
    )


def kept_after(
    course: DeadlineBasis | None, calendar: Calendar, previous: int | None, pause: Pause
) -> int | None:
    """Return a due date after a pause in which the remainder was kept; ``course`` has the pause.

    The course is counted by the calendar given. Where that date would have passed already, the
    ``previous`` date only moves by the working time of the pause.
    """
    moved = after_pause(calendar, previous, pause)
    laid = moved if course is None else course.due(calendar)
    if laid is None or moved is None:
        return laid
    return moved if passes(moved, laid, max(pause)) else laid


def passes(old: int, new: int, at: int) -> bool:
    """Return whether a date that moves to ``new`` at an instant would have passed by that alone."""
    return new < min(old, at)


def course_in(message: Any) -> DeadlineBasis | None:
    """Return the course that a message tells of; None for a date that was not computed here."""
    if not message.time_limit or not message.HasField("started_at"):
        return None
    pauses = getattr(message, "pauses", ())
    return DeadlineBasis(
        to_us(message.started_at),
        message.time_limit,
        message.calendar_version,
        getattr(message, "same_day", False),
        tuple((to_us(pause.suspended_at), to_us(pause.resumed_at)) for pause in pauses),
    )
