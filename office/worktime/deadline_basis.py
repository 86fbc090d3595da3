"""How a due date came about: from when a limit runs, how long, by which calendar, the pauses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kernel.base.instants import to_us
from office.worktime import working_time
from office.worktime.durations import NO_LIMIT, limit_of
from office.worktime.working_time import Calendar, ResumePolicy

Pause = tuple[int, int]
"""The instants, in microseconds UTC, at which a clock stopped and ran again."""


@dataclass(frozen=True, slots=True)
class DeadlineBasis:
    """What one due date is computed from; instants are in microseconds UTC."""

    start_at: int
    time_limit: str
    """One duration, or phases: ``20cd+5wd``."""
    calendar_version: str = ""
    """The calendar of the last computation; empty where that does not matter."""
    same_day: bool = False
    """The day of receipt counts, by the rule of the cut-off, not the limit."""
    pauses: tuple[Pause, ...] = ()
    """The pauses in which the remainder was kept, in order."""
    not_before: int | None = None
    """A date promised by hand, before which the limit does not end."""

    def due_before_pauses(self, calendar: Calendar) -> int | None:
        """Return the due date by a calendar as it was before the first pause; None for none."""
        return self.not_before if self.is_held_by_promise(calendar) else self.limit_due(calendar)

    def is_held_by_promise(self, calendar: Calendar) -> bool:
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

    def with_pause(self, pause: Pause, calendar_version: str) -> DeadlineBasis:
        """Return the basis with one more pause, counted by a calendar."""
        return replace(self, pauses=(*self.pauses, pause), calendar_version=calendar_version)

    def counted_by(self, calendar_version: str) -> DeadlineBasis:
        """Return the basis counted by another calendar."""
        return replace(self, calendar_version=calendar_version)


def after_pause(calendar: Calendar, at: int | None, pause: Pause) -> int | None:
    """Return an instant moved by the working time of a pause; None for None."""
    return working_time.resume_due(
        calendar,
        ResumePolicy.KEEP,
        due=at,
        suspended_at=pause[0],
        resumed_at=max(pause),
        limit=NO_LIMIT,
    )


def due_after_pause(
    basis: DeadlineBasis | None, calendar: Calendar, previous: int | None, pause: Pause
) -> int | None:
    """Return the due date after a pause in which the remainder is kept; None for no limit.

    ``basis`` contains the pause already and is computed by ``calendar``. Where the date so computed
    lies before the end of the pause, ``previous`` moves by the working time of the pause instead.
    """
    moved = after_pause(calendar, previous, pause)
    recalculated = moved if basis is None else basis.due(calendar)
    if recalculated is None or moved is None:
        return recalculated
    return moved if would_have_passed(moved, recalculated, max(pause)) else recalculated


def would_have_passed(old: int, new: int, at: int) -> bool:
    """Return whether moving a date from ``old`` to ``new`` at an instant makes it a past one."""
    return new < min(old, at)


def basis_from_message(message: Any) -> DeadlineBasis | None:
    """Return the basis in an event message; None for a date that was not computed here."""
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
