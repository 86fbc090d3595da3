"""Published calendars, for tests."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from office.worktime.calendars import publishing
from office.worktime.calendars.model import Calendar
from office.worktime.calendars.vietnam import state_office

NOW = "2021-08-01T00:00:00+00:00"


def publish(folder: Path, calendar: Calendar, day: str = "2021-08-01") -> bool:
    """Publish a calendar that is in force from a day on."""
    first = date.fromisoformat(day)
    return publishing.publish(folder, calendar, first, "1/UBND", NOW, state_office())


def use(folder: Path, unit: str, calendar: Calendar, day: str) -> bool:
    """Let a unit use a calendar from a day on."""
    return publishing.assign(folder, unit, calendar, date.fromisoformat(day), "2/UBND")
