"""A row of the record as a verification reads it, and what a finding says of it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import DecodeError
from motcua.events.v1.event_pb2 import Event

from services.audit.record.findings import Subject


class StoredEvent(NamedTuple):
    """A row of the store."""

    partition: int
    offset: int
    body: bytes
    hash: bytes
    stream_id: str
    stream_kind: str
    source: str
    sequence: int
    event_id: str
    occurred_at: int
    recorded_at: int


def subject_of_row(row: StoredEvent) -> Subject:
    """Return what a finding says of a row."""
    stream = row.stream_kind, row.stream_id
    return Subject(stream, row.event_id, row.source, row.sequence, since=row.occurred_at)


def decoded(body: bytes | None) -> Event | None:
    """Return the event in some bytes; None when there is none."""
    try:
        event = Event.FromString(body or b"")
    except DecodeError:
        return None
    return event if event.event_id else None
