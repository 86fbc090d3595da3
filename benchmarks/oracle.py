"""A million due dates for each calendar against a list of every worked minute.

The list knows nothing of prefix sums: a due date is the minute so many places further on. Every
difference is an error.
"""

from __future__ import annotations

import random
import time
from array import array
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.harness import Figures, Servers, Size
from kernel.base.instants import MINUTE
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.working_time import Calendar, due_at, working_us

NAME = "working time: due dates and spans against a list of every worked minute"
COUNTS = {Size.SMALL: 2_000, Size.USUAL: 1_000_000, Size.FULL: 1_000_000}
FIRST, LAST = date(2020, 1, 1), date(2027, 12, 31)
YEARS_OF_STARTS = 6
LONGEST_DAYS = 365
_EXAMPLE = Path(__file__).resolve().parents[1] / "examples/calendars/saturday-desk.toml"


class Minutes:
    """Every worked minute of some years, counted from 1970 in UTC."""

    def __init__(self, calendar: Calendar) -> None:
        self._zone = ZoneInfo(calendar.time_zone)
        self._calendar = calendar
        self._worked = array("q")
        for number in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=number)
            midnight = self._minute(day, 0)
            for session in calendar.sessions_on(day):
                self._worked.extend(range(midnight + session.start, midnight + session.end))

    def _minute(self, day: date, clock: int) -> int:
        local = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return int(local.timestamp()) // 60 + clock

    def after(self, start: int, minutes: int) -> int:
        """Return the end of the minute in which the last of some minutes is worked."""
        return self._worked[bisect_left(self._worked, start) + minutes - 1] + 1

    def between(self, start: int, end: int) -> int:
        """Count the minutes worked in a span."""
        return bisect_left(self._worked, end) - bisect_left(self._worked, start)

    def after_days(self, start: int, days: int) -> int:
        """Return the clock of the start on the day that ends a number of calendar days, or where
        work last ended before it that day, or else that day's opening.
        """
        local = datetime.fromtimestamp(start * 60, UTC).astimezone(self._zone)
        day = local.date() + timedelta(days=days)
        while not self._calendar.sessions_on(day):
            day += timedelta(days=1)
        midnight = self._minute(day, 0)
        clock = midnight + local.hour * 60 + local.minute
        first = bisect_left(self._worked, midnight)
        place = bisect_left(self._worked, clock)
        if place < len(self._worked) and self._worked[place] == clock:
            return clock
        return self._worked[place - 1] + 1 if place > first else self._worked[first]


def _compare(calendar: Calendar, count: int) -> tuple[int, float, float]:
    """Return the number of differences, and both rates."""
    minutes, dice = Minutes(calendar), random.Random(2021)
    first = int(datetime(FIRST.year, 1, 1, tzinfo=UTC).timestamp()) // 60
    span = YEARS_OF_STARTS * 365 * 24 * 60
    hours = [Duration.parse(f"{n * 5}wh") for n in range(1, LONGEST_DAYS + 1)]
    days = [Duration.parse(f"{n}cd") for n in range(1, LONGEST_DAYS + 1)]
    cases = [
        (dice.randrange(3), first + dice.randrange(span), dice.randrange(1, LONGEST_DAYS))
        for _ in range(count)
    ]
    began = time.perf_counter()
    ours = [
        due_at(calendar, start * MINUTE, hours[n - 1])
        if kind == 0
        else due_at(calendar, start * MINUTE, days[n - 1])
        if kind == 1
        else working_us(calendar, start * MINUTE, (start + n * 1440 + n) * MINUTE)
        for kind, start, n in cases
    ]
    between = time.perf_counter()
    listed = [
        minutes.after(start, n * 300)
        if kind == 0
        else minutes.after_days(start, n)
        if kind == 1
        else minutes.between(start, start + n * 1440 + n)
        for kind, start, n in cases
    ]
    ended = time.perf_counter()
    different = sum(one != other * MINUTE for one, other in zip(ours, listed, strict=True))
    return different, count / (between - began), count / (ended - between)


def run(size: Size, servers: Servers) -> Figures:
    """Print for each calendar how many differ; raise ``AssertionError`` when one does."""
    count, figures = COUNTS[size], {}
    for calendar in (state_office(), load_calendar(_EXAMPLE)):
        different, rate, listed = _compare(calendar, count)
        print(f"  {calendar.version:34} {count:,} cases, {different} differ")
        print(f"  {'':34} {rate:,.0f}/s against {listed:,.0f}/s by the list")
        if different:
            raise AssertionError(f"{different} differ")
        figures[f"{calendar.version}, computed"] = rate
        figures[f"{calendar.version}, listed"] = listed
    return figures
