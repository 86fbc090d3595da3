"""The local day of an instant in a time zone."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

OFFICE_TIME_ZONE: Final = "Asia/Ho_Chi_Minh"


def day(at: int, time_zone: str) -> int:
    """Return the local day of an instant as YYYYMMDD; the office's for an unknown time zone."""
    try:
        local = datetime.fromtimestamp(at // 1_000_000, zone_of(time_zone))
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
        return 99991231 if at > 0 else 10101
    return local.year * 10_000 + local.month * 100 + local.day


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of a dossier's days; an unknown name counts as the office's."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo(OFFICE_TIME_ZONE)
