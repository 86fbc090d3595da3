"""Due date calculation in working time (business days), and how a pause moves a due date.

Everything is a function of a ``Calendar`` value and instants in microseconds UTC; there is no clock
here. Conventions:

* A due date is the EARLIEST instant at which the working time has passed: three days from Monday
  17:30, after the office closed at 17:00, end on Thursday at 17:00, not on Friday at 07:00.
* A working day stands for ``calendar.day_us`` of working time (8 hours), whatever the sessions of
  the days crossed.
* Calendar days keep the wall clock of the start. An end on a day off moves to the next working day.
  A clock before that day's opening becomes the opening; one in a break or after closing becomes the
  end of the session before it.
* Nothing is rounded, except that a fraction of a microsecond counts as a whole one.

Raise ``NoWorkingTime`` where the calendar has no work for more than 366 days on the way,
``OutOfRange`` for instants before 1901 or after 2199. The cost does not grow with the length of
time, except in ``stretches_between``: see ``calendars/span_index.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from kernel.base.instants import MINUTE
from office.worktime.calendars.model import Calendar, CalendarError, DayKind, DayRule, Session
from office.worktime.calendars.span_index import NoWorkingTime, OutOfRange
from office.worktime.durations import (
    NO_DURATION,
    NO_LIMIT,
    Duration,
    DurationError,
    DurationUnit,
    TimeLimit,
)

__all__ = [
    "CUT_OFF",
    "NO_DURATION",
    "NO_LIMIT",
    "Calendar",
    "CalendarError",
    "DayKind",
    "DayRule",
    "Duration",
    "DurationError",
    "DurationUnit",
    "NoWorkingTime",
    "OutOfRange",
    "ResumePolicy",
    "Session",
    "Stretch",
    "TimeLimit",
    "after_cut_off",
    "due_at",
    "latest_day_before",
    "latest_start",
    "limit_due_at",
    "local_day",
    "next_working_instant",
    "phase_ends",
    "resume_due",
    "same_day_due",
    "stretches_between",
    "working_us",
]

CUT_OFF: Final = 15 * 60
"""Until when same-day procedures are done on the day of receipt: minutes since local midnight."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()


class ResumePolicy(StrEnum):
    """How a due date changes when a suspension ends."""

    KEEP = "keep"
    """The remainder is kept: the working time of the suspension is added to the old due date."""
    RESTART = "restart"
    """The full duration runs again from the resumption."""


def due_at(calendar: Calendar, start_at: int, duration: Duration) -> int | None:
    """Return the instant at which a duration that begins at ``start_at`` is over; None for
    ``NO_DURATION``.
    """
    if duration.unit is DurationUnit.CALENDAR_DAY:
        return _calendar_days_due(calendar, start_at, duration.whole_days())
    if duration.unit is DurationUnit.NONE:
        return None
    return calendar.span_index.after(start_at, duration.working_us(calendar.day_us))


def limit_due_at(calendar: Calendar, start_at: int, limit: TimeLimit) -> int | None:
    """Return the instant at which the last phase of a limit is over; None for ``NO_LIMIT``."""
    return phase_ends(calendar, start_at, limit)[-1] if limit.phases else None


def phase_ends(calendar: Calendar, start_at: int, limit: TimeLimit) -> tuple[int, ...]:
    """Return the due date of each phase of a limit; each phase begins where the last one ended."""
    ends: list[int] = []
    at = start_at
    for phase in limit.phases:
        due = due_at(calendar, at, phase)
        assert due is not None, "a phase has a limit"
        ends.append(due)
        at = due
    return tuple(ends)


def working_us(calendar: Calendar, from_at: int, to_at: int) -> int:
    """Return the working time between two instants, in microseconds; negative if ``to_at`` is the
    earlier.
    """
    return calendar.span_index.between(from_at, to_at)


def resume_due(
    calendar: Calendar,
    policy: ResumePolicy,
    *,
    due: int | None,
    suspended_at: int,
    resumed_at: int,
    limit: TimeLimit,
) -> int | None:
    """Return the due date that holds after a suspension; None when there is no limit.

    ``KEEP`` adds the working time between suspension and resumption to ``due``, so a dossier that
    was late by four hours when it was suspended is late by four hours when it goes on. ``RESTART``
    counts ``limit`` from the resumption. Raise ``ValueError`` when the resumption lies before
    the suspension.
    """
    if resumed_at < suspended_at:
        raise ValueError(f"resumed_at {resumed_at} lies before suspended_at {suspended_at}")
    if policy is ResumePolicy.RESTART:
        return limit_due_at(calendar, resumed_at, limit)
    if due is None:
        return None
    waited = calendar.span_index.between(suspended_at, resumed_at)
    return calendar.span_index.after(due, waited) if waited else due


def latest_start(calendar: Calendar, due: int, duration: Duration) -> int:
    """Return the latest instant from which ``duration`` is still left until ``due``.

    A warning of "1wd before" is due then. Calendar days are counted back on the wall clock. Raise
    ``DurationError`` for no limit.
    """
    if duration.unit is DurationUnit.CALENDAR_DAY:
        day, clock = calendar.span_index.local(due)
        return calendar.span_index.instant(day - duration.whole_days(), clock)
    return calendar.span_index.before(due, duration.working_us(calendar.day_us))


def latest_day_before(calendar: Calendar, due: int, duration: Duration) -> int:
    """Return the latest instant on a day before that of ``due`` from which ``duration`` is left.

    Before the opening of the last day as much work is left as at the closing of the day before,
    but a notice that must come a day ahead is late by then.
    """
    day, _ = calendar.span_index.local(due)
    return min(latest_start(calendar, due, duration), calendar.span_index.instant(day, 0) - 1)


def next_working_instant(calendar: Calendar, at: int) -> int:
    """Return ``at`` if it lies in working time, else the instant of the next opening."""
    return max(at, calendar.span_index.next_span(at)[0])


def same_day_due(calendar: Calendar, received_at: int, cut_off: int = CUT_OFF) -> int:
    """Return the due date of a same-day procedure: the closing of the day of receipt.

    A receipt after the cut-off, after closing or on a day off is due at the closing of the next
    working day. ``cut_off`` is in minutes since local midnight.
    """
    table = calendar.span_index
    day, _ = table.local(received_at)
    found, spans = table.working_day(day)
    late = after_cut_off(calendar, received_at, cut_off)
    if found == day and (late or received_at >= spans[-1][1]):
        _, spans = table.working_day(day + 1)
    return spans[-1][1]


def after_cut_off(calendar: Calendar, received_at: int, cut_off: int = CUT_OFF) -> bool:
    """Return whether a receipt lies after the cut-off of its local day.

    ``cut_off`` is in minutes since local midnight; a receipt at the cut-off is still in time.
    """
    _, clock = calendar.span_index.local(received_at)
    return clock > cut_off * MINUTE


def local_day(calendar: Calendar, at: int) -> date:
    """Return the local date of an instant."""
    return date.fromordinal(calendar.span_index.local(at)[0] + _EPOCH_DAY)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the time up to a due date, within one local day: counted or skipped."""

    from_at: int
    to_at: int
    counted: bool
    day: date
    rule: DayRule | None
    """The rule by which the day differs from its weekday; None for an ordinary day."""


def stretches_between(calendar: Calendar, from_at: int, to_at: int) -> Iterator[Stretch]:
    """Yield the stretches between two instants without a gap; the counted ones are the working
    time.

    A skipped stretch without a rule lies outside the sessions of its weekday. The cost grows with
    the number of days: this is for people to read.
    """
    at = from_at
    for begin, end, number in calendar.span_index.within(from_at, to_at):
        yield from _skipped_stretches(calendar, at, begin)
        day = date.fromordinal(number + _EPOCH_DAY)
        yield Stretch(begin, end, True, day, calendar.days.get(day))
        at = end
    yield from _skipped_stretches(calendar, at, to_at)


def _skipped_stretches(calendar: Calendar, from_at: int, to_at: int) -> Iterator[Stretch]:
    """Yield a time without work, cut at each local midnight."""
    at = from_at
    while at < to_at:
        number, _ = calendar.span_index.local(at)
        midnight = calendar.span_index.instant(number + 1, 0)
        end = min(to_at, midnight) if midnight > at else to_at
        day = date.fromordinal(number + _EPOCH_DAY)
        yield Stretch(at, end, False, day, calendar.days.get(day))
        at = end


def _calendar_days_due(calendar: Calendar, start_at: int, count: int) -> int:
    table = calendar.span_index
    day, clock = table.local(start_at)
    found, spans = table.working_day(day + count)
    at = table.instant(found, clock)
    ended = spans[0][0]
    for start, end in spans:
        if start <= at:
            ended = min(at, end)
    return ended
