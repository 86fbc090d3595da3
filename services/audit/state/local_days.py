"""The local day of an instant in a time zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from office.catalogue.dossier_code import OFFICE_ZONE


def day(at: int, time_zone: str) -> int:
    """Return the local day of an instant as YYYYMMDD; the office's for an unknown time zone."""
    try:
        local = datetime.fromtimestamp(at // 1_000_000, zone_of(time_zone))
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
        return 99991231 if at > 0 else 10101
    return local.year * 10_000 + local.month * 100 + local.day


def end_of(local_day: int, time_zone: str) -> int:
    """Return the last instant of a local day, which is given as YYYYMMDD."""
    month_day = local_day % 10_000
    midnight = datetime(
        local_day // 10_000, month_day // 100, month_day % 100, tzinfo=zone_of(time_zone)
    )
    try:
        return int((midnight + timedelta(days=1)).timestamp()) * 1_000_000 - 1
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
        return int(midnight.timestamp()) * 1_000_000


def date_of(local_day: int) -> date:
    """Return a local day that is given as YYYYMMDD."""
    return date(local_day // 10_000, local_day // 100 % 100, local_day % 100)


def days_between(first: int, last: int) -> int:
    """Return how many days later ``last`` is; both are given as YYYYMMDD."""
    return (date_of(last) - date_of(first)).days


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of a dossier's days; an unknown name counts as the office's."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo(OFFICE_ZONE)
