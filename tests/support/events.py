"""Events as tests make them and look at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event

from kernel.eventsourcing import envelope
from office.streams import DOSSIER

M = TypeVar("M", bound=Message)

make_event = partial(envelope.make_event, stream_kind=DOSSIER)
"""Puts a payload into the envelope of a dossier's event."""


def name_of(event: Event) -> str:
    """Return the name of an event's type, such as ``CaseOpened``; empty without a payload."""
    return envelope.short_name(envelope.type_name(event))


def payload_of(event: Event, kind: type[M]) -> M:
    """Return a copy of the payload of an event, which has this type."""
    payload = kind()
    assert event.payload.Unpack(payload), f"{name_of(event)} is no {kind.DESCRIPTOR.name}"
    return payload


def type_named(name: str) -> type[Message]:
    """Return the type of event that has this name, such as ``CaseOpened``."""
    (found,) = [kind for kind in envelope.event_types().values() if kind.DESCRIPTOR.name == name]
    return found


def with_payload(event: Event, payload: Message) -> Event:
    """Return a copy of an event with another payload."""
    changed = Event()
    changed.CopyFrom(event)
    changed.payload.Pack(payload)
    return changed


@contextmanager
def changing(event: Event, kind: type[M]) -> Iterator[M]:
    """Let the payload of an event be changed in place, which no program does."""
    payload = payload_of(event, kind)
    yield payload
    event.payload.Pack(payload)
    envelope.payload_of(Event())  # forget what was opened before
