"""Conversions of instants, which are whole microseconds since 1970-01-01 UTC everywhere inside.

Whole numbers sort, compare and store alike in SQLite, PostgreSQL and Python; wall-clock time
appears only at the edges.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import overload
from zoneinfo import ZoneInfo

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FIRST_SECOND, LAST_SECOND = -62_135_596_800 + 86_400, 253_402_300_799 - 86_400
"""Seconds since 1970 of the years 1 to 9999, but for a day, which time zones need."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name; raise ``ZoneInfoNotFoundError`` for an unknown one."""
    return ZoneInfo(name)


def to_us(timestamp: Timestamp) -> int:
    """Return a protobuf timestamp in microseconds, rounded down."""
    return timestamp.seconds * SECOND + timestamp.nanos // 1000


def instant_in(message: Message, field: str) -> int | None:
    """Return a timestamp field of a message in microseconds; None when it is absent."""
    return to_us(getattr(message, field)) if message.HasField(field) else None


@overload
def to_timestamp(us: int) -> Timestamp: ...


@overload
def to_timestamp(us: None) -> None: ...


def to_timestamp(us: int | None) -> Timestamp | None:
    """Return microseconds as a protobuf timestamp; None for None, which leaves a field absent."""
    if us is None:
        return None
    seconds, rest = divmod(us, SECOND)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


def from_datetime(moment: datetime) -> int:
    """Return an aware datetime in microseconds; raise ``ValueError`` for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} names no time zone")
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(us: int, tz: str = "UTC") -> datetime:
    """Return microseconds as an aware datetime in the zone named."""
    return (_EPOCH + timedelta(microseconds=us)).astimezone(zone(tz))


def local_date(us: int, tz: str) -> date:
    """Return the calendar day on which an instant falls in the zone named."""
    return to_datetime(us, tz).date()


def isoformat(us: int, tz: str = "UTC") -> str:
    """Return an instant in ISO 8601 with its offset, in the zone named."""
    return to_datetime(us, tz).isoformat()
