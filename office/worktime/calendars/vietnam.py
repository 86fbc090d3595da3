"""The calendar of Vietnamese state offices."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from office.worktime.calendars.model import Calendar
from office.worktime.calendars.snapshot_format import read_snapshot

STATE_OFFICE_FILE = Path(__file__).with_name("vn_overrides.toml")
STATE_OFFICE_SNAPSHOT = Path(__file__).with_name("vn.json")
"""What is in the file, with all holidays written out by `python -m tools.shipped_calendar`."""


@cache
def state_office() -> Calendar:
    """Return the calendar that offices follow unless they have one of their own.

    It is read as it was written out: the library of holidays, 3 MB, is for those who write
    calendars.
    """
    return read_snapshot(STATE_OFFICE_SNAPSHOT)
