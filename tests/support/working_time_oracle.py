"""A slow second opinion on working time, by looking at the wall clock of every minute.

It shares no code with the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Sessions = tuple[tuple[int, int], ...]
MINUTE_US = 60_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Office:
    """Opening hours as plain data, for seven weekdays and for single dates.

    Sessions are in minutes since local midnight.
    """

    zone: str
    week: tuple[Sessions, ...]
    dates: dict[date, Sessions] = field(default_factory=dict)

    def sessions(self, day: date) -> Sessions:
        """Return the sessions of a date."""
        return self.dates.get(day, self.week[day.weekday()])

    def works(self, minute: int) -> bool:
        """Return whether a minute, counted from the epoch in UTC, is worked."""
        local = (EPOCH + timedelta(minutes=minute)).astimezone(ZoneInfo(self.zone))
        clock = local.hour * 60 + local.minute
        return any(start <= clock < end for start, end in self.sessions(local.date()))


def due(office: Office, start: int, minutes: int) -> int:
    """Return the end of the minute in which the last of some working minutes is done."""
    at = start
    while minutes:
        minutes -= office.works(at)
        at += 1
    return at


def worked(office: Office, start: int, end: int) -> int:
    """Count the working minutes between two minutes."""
    return sum(office.works(at) for at in range(start, end))


def due_in_days(office: Office, start: int, days: int) -> int:
    """Return the clock of the start on the end day if work is done then.

    Otherwise it is the end of the last minute worked before it, or else the opening.
    """
    tz = ZoneInfo(office.zone)
    local = (EPOCH + timedelta(minutes=start)).astimezone(tz)
    day = local.date() + timedelta(days=days)
    while not office.sessions(day):
        day += timedelta(days=1)
    wall = datetime(day.year, day.month, day.day, local.hour, local.minute, tzinfo=tz)
    end = (wall.astimezone(UTC) - EPOCH) // timedelta(minutes=1)
    first = (
        datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC) - EPOCH
    ) // timedelta(minutes=1)
    if office.works(end):
        return end
    worked_before = [at for at in range(first, end) if office.works(at)]
    if worked_before:
        return worked_before[-1] + 1
    return next(at for at in range(first, first + 3 * 24 * 60) if office.works(at))
