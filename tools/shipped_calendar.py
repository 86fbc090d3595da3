"""Write out the shipped calendar with all its holidays: `python -m tools.shipped_calendar`.

To be run after a change of ``vn_overrides.toml`` or of the library ``holidays``; a test compares.
"""

from __future__ import annotations

from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.snapshot_format import write_snapshot
from office.worktime.calendars.vietnam import STATE_OFFICE_FILE, STATE_OFFICE_SNAPSHOT


def main() -> None:
    """Write the file anew."""
    STATE_OFFICE_SNAPSHOT.write_bytes(write_snapshot(load_calendar(STATE_OFFICE_FILE)))


if __name__ == "__main__":
    main()
