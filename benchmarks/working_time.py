"""Due dates by prefix sums against a walk over days, in one process and one run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from benchmarks.harness import Figures, Servers, Size
from kernel.base.instants import HOUR, from_datetime, to_datetime
from office.worktime.calendars.vietnam import state_office
from office.worktime.working_time import Calendar, Duration, due_at

NAME = "working time: due dates by prefix sums against a walk over days"
TARGET = 200_000
COUNTS = {Size.SMALL: 2_000, Size.USUAL: 200_000, Size.FULL: 200_000}
WALKED = {Size.SMALL: 50, Size.USUAL: 2_000, Size.FULL: 2_000}
_Case = tuple[int, Duration]


def _walk(calendar: Calendar, start_at: int, duration: Duration) -> int | None:
    """Find a due date as one would by hand: session by session, day by day."""
    left = timedelta(microseconds=duration.working_us(calendar.day_us))
    zone = ZoneInfo(calendar.time_zone)
    moment = to_datetime(start_at, calendar.time_zone)
    day = moment.date()
    while True:
        for session in calendar.sessions_on(day):
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
            opening = max(moment, midnight + timedelta(minutes=session.start))
            closing = midnight + timedelta(minutes=session.end)
            if opening >= closing:
                continue
            if left <= closing - opening:
                return from_datetime(opening + left)
            left -= closing - opening
        day += timedelta(days=1)


def _rate(compute: Callable[[Calendar, int, Duration], int | None], cases: list[_Case]) -> float:
    calendar = state_office()
    began = time.perf_counter()
    for start, duration in cases:
        compute(calendar, start, duration)
    return len(cases) / (time.perf_counter() - began)


def _cases(unit: str, most: int, count: int) -> list[_Case]:
    """Draw starts over four years and durations up to a year."""
    chance = random.Random(2021)
    durations = [Duration.parse(f"{n}{unit}") for n in range(1, most + 1)]
    first = from_datetime(datetime(2021, 1, 1, tzinfo=UTC))
    return [
        (first + chance.randrange(4 * 365 * 24 * HOUR), chance.choice(durations))
        for _ in range(count)
    ]


def run(size: Size, servers: Servers) -> Figures:
    """Print both rates and their ratio; raise ``AssertionError`` when one due date differs."""
    count, walked_cases = COUNTS[size], WALKED[size]
    working, calendar_days = _cases("wd", 250, count), _cases("cd", 365, count)
    for start, duration in working[:walked_cases]:
        expected, found = (
            _walk(state_office(), start, duration),
            due_at(state_office(), start, duration),
        )
        if expected != found:
            raise AssertionError(f"{start} + {duration}: {found}, by walk {expected}")
    walked = _rate(_walk, working[:walked_cases])
    summed = _rate(due_at, working)
    days = _rate(due_at, calendar_days)
    print(f"  walk over days          {walked:12,.0f} due dates/s")
    print(f"  prefix sums             {summed:12,.0f} due dates/s   (target {TARGET:,})")
    print(f"  prefix sums, cal. days  {days:12,.0f} due dates/s   (target {TARGET:,})")
    print(f"  prefix sums / walk      {summed / walked:12,.0f} x")
    return {"walk": walked, "prefix sums": summed, "calendar days": days}
