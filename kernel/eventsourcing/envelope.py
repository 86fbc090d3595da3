"""The envelope: how events are made, named, opened and put on the log.

Types are known by their full protobuf names; the bytes made here once are stored, published and
hashed as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import import_module
from pkgutil import walk_packages
from typing import TypeVar

import motcua
import uuid_utils
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from motcua.events.v1.common_pb2 import Actor
from motcua.events.v1.event_pb2 import Event, EventBatch

from kernel.base.instants import isoformat, to_timestamp

M = TypeVar("M", bound=Message)
Headers = Sequence[tuple[str, bytes]]
Stream = tuple[str, str]
"""What tells one stream from another: its kind and its id."""
DIGEST_SIZE = 8
BATCH = "batch"
"""The header with the other events of one decision."""
BATCH_BYTES = 250_000
"""What these may have at most."""
_FILES = "_events_pb2"
"""How the modules end that hold events: each top-level message in them is a type of event."""
_TYPES: dict[str, type[Message] | None] = {}
"""The classes of payloads by type URL, as far as they were asked for; None for an unknown one."""
_last: tuple[Event | None, Message | None] = None, None
"""The event whose payload was asked for last: those who handle it ask one after the other."""


@cache
def event_types() -> Mapping[str, type[Message]]:
    """Return every type of event that this build knows, by its full protobuf name."""
    found: dict[str, type[Message]] = {}
    for module in walk_packages(motcua.__path__, f"{motcua.__name__}."):
        if module.name.endswith(_FILES):
            file = import_module(module.name).DESCRIPTOR
            for message in file.message_types_by_name.values():
                found[message.full_name] = GetMessageClass(message)
    return found


def new_id() -> str:
    """Return a new UUID version 7 in its text form."""
    return str(uuid_utils.uuid7())


def make_event(
    stream_id: str,
    source: str,
    sequence: int,
    payload: Message,
    *,
    stream_kind: str,
    actor: Actor,
    occurred_at: int,
    recorded_at: int,
    causation_id: str,
    correlation_id: str,
    request_digest: bytes = b"",
) -> Event:
    """Put a payload into its envelope; instants in microseconds UTC."""
    event = Event(
        event_id=new_id(),
        stream_kind=stream_kind,
        stream_id=stream_id,
        source=source,
        sequence=sequence,
        occurred_at=to_timestamp(occurred_at),
        recorded_at=to_timestamp(recorded_at),
        actor=actor,
        causation_id=causation_id,
        correlation_id=correlation_id,
        request_digest=request_digest,
    )
    event.payload.Pack(payload)
    return event


def digest_of(body: bytes) -> bytes:
    """Return a digest, ``DIGEST_SIZE`` bytes long, that tells an event's bytes from others."""
    return sha256(body).digest()[:DIGEST_SIZE]


def batch_of(bodies: Sequence[bytes]) -> bytes:
    """Return what the header `batch` holds: the other events of a decision; empty when there is
    none, or when they are so large that the broker might refuse the record.
    """
    if not bodies or sum(map(len, bodies)) > BATCH_BYTES:
        return b""
    return EventBatch(events=bodies).SerializeToString()


def stream_of(event: Event) -> Stream:
    """Return the stream that an event belongs to."""
    return event.stream_kind, event.stream_id


def type_name(event: Event) -> str:
    """Return the full name of an event's type, known or not; empty without a payload."""
    return event.payload.type_url.rpartition("/")[2]


def short_name(name: str) -> str:
    """Return the message's own name in a full one, such as ``CaseOpened``."""
    return name.rpartition(".")[2]


def payload_type(event: Event) -> type[Message] | None:
    """Return the class of an event's payload; None for a type that this build does not know."""
    url = event.payload.type_url
    try:
        return _TYPES[url]
    except KeyError:
        found = event_types().get(url.rpartition("/")[2])
        if found is not None or len(_TYPES) < 10_000:
            _TYPES[url] = found
        return found


def payload_of(event: Event) -> Message | None:
    """Return the payload of an event; None for a type that this build does not know.

    It is parsed here, once for all who ask for the same event one after the other, and shared: an
    event is never changed. Raise ``DecodeError`` when the bytes are not of the type that they name.
    """
    global _last
    last, payload = _last
    if last is event:
        return payload
    known = payload_type(event)
    payload = None if known is None else known.FromString(event.payload.value)
    _last = event, payload
    return payload


def payload_as(event: Event, kind: type[M]) -> M:
    """Return the payload of an event of a type that the caller expects; raise ``TypeError`` for
    another one.
    """
    payload = payload_of(event)
    if not isinstance(payload, kind):
        raise TypeError(f"expected {kind.__name__}, got {type_name(event)}")
    return payload


def headers(
    event_id: str,
    type_name: str,
    source: str,
    stream: Stream,
    occurred_at: int,
    trace: str,
    batch: bytes = b"",
) -> Headers:
    """Return the Kafka headers of an event: CloudEvents in binary mode, the trace, and the other
    events of its decision. Personal data is in them only as it is in events: sealed.

    ``ce_subject`` is the stream's id; its kind is an extension attribute.
    """
    kind, stream_id = stream
    pairs = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", type_name.encode()),
        ("ce_source", source.encode()),
        ("ce_time", isoformat(occurred_at).encode()),
        ("ce_subject", stream_id.encode()),
        ("ce_streamkind", kind.encode()),
        ("content-type", b"application/protobuf"),
    ]
    if trace:
        pairs.append(("traceparent", trace.encode()))
    if batch:
        pairs.append((BATCH, batch))
    return pairs
