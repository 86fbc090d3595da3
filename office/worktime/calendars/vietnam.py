"""The calendar of Vietnamese state offices."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.model import Calendar

STATE_OFFICE_FILE = Path(__file__).with_name("vn_overrides.toml")


@cache
def state_office() -> Calendar:
    """Return the calendar that offices follow unless they have one of their own."""
    return load_calendar(STATE_OFFICE_FILE)
