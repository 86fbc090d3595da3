"""The office's files that ship, with nothing that an office published itself."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from office.process.model.process import Processes
from office.process.repository import installed_processes
from office.worktime.calendars import repository
from services.postal.config.partners import SHIPPED, load

NOTHING_PUBLISHED = Path(__file__).with_name("nothing-published")
"""A folder that is not there."""
office_calendars = partial(repository.repository_at, NOTHING_PUBLISHED)
find_calendar = partial(repository.find_calendar, NOTHING_PUBLISHED)
PARTNERS = load(SHIPPED, "development")


@cache
def standard_processes() -> Processes:
    """Return the shipped processes, read once."""
    return installed_processes(None, NOTHING_PUBLISHED)
