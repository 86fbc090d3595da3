"""From bytes to an event, or to the reason why not. Nothing here raises, whatever the bytes are."""

from __future__ import annotations

from functools import lru_cache

from google.protobuf.message import DecodeError
from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import FIRST_SECOND, LAST_SECOND
from kernel.eventsourcing.record import Record

UNDECODABLE = "undecodable"
KEY_MISMATCH = "key_mismatch"
UNAUTHENTICATED = "unauthenticated"
NOT_PROVEN = "no code of the source that it names"
_LONGEST = 128


def read(record: Record) -> Event | None:
    """Return the event in a record; None when there is none, or only some bytes that happen to
    parse.

    An empty byte string is a valid protobuf message, hence the look at the envelope's own fields.
    """
    if not record.value:
        return None
    try:
        event = Event.FromString(record.value)
    except DecodeError:
        return None
    fits = (
        event.sequence > 0
        and _is_name(event.event_id)
        and _is_name(event.stream_id)
        and _is_frequent_name(event.stream_kind)
        and _is_frequent_name(event.source)
        and FIRST_SECOND <= event.occurred_at.seconds <= LAST_SECOND
        and FIRST_SECOND <= event.recorded_at.seconds <= LAST_SECOND
    )
    return event if fits else None


def _is_name(text: str) -> bool:
    """Return whether a text can name something: not every database takes control characters, or
    long keys."""
    return 0 < len(text) <= _LONGEST and text.isprintable()


_is_printable = lru_cache(maxsize=64)(str.isprintable)


def _is_frequent_name(text: str) -> bool:
    """Return what ``_is_name`` does for kinds of streams and sources, of which there are a few."""
    # The length first: the cache keeps no longer texts alive.
    return 0 < len(text) <= _LONGEST and _is_printable(text)


def key_fits(record: Record, event: Event) -> bool:
    """Return whether a record's key names the stream of its event."""
    return record.key is not None and record.key == event.stream_id.encode()


def stream_of_key(record: Record) -> str:
    """Return the id of the stream that a record's key names; empty when it can't be one."""
    try:
        name = (record.key or b"").decode()
    except UnicodeDecodeError:
        return ""
    return name if _is_name(name) else ""
