"""The envelope: how events are made, named and put on the log.

Types are known by their protobuf names; the bytes made here once are stored, published and hashed
as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import uuid_utils
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor
from motcua.events.v1.envelope_pb2 import DossierEvent

from kernel.base.instants import isoformat, to_timestamp

_FIELDS = DossierEvent.DESCRIPTOR.oneofs_by_name["payload"].fields
FIELD_OF_TYPE: dict[str, str] = {f.message_type.name: f.name for f in _FIELDS if f.message_type}
"""The payload field for each event type, such as ``dossier_submitted`` for ``DossierSubmitted``."""
TYPE_OF_FIELD: dict[str, str] = {field: name for name, field in FIELD_OF_TYPE.items()}
PACKAGE = DossierEvent.DESCRIPTOR.file.package
Headers = Sequence[tuple[str, bytes]]


def new_id() -> str:
    """Return a new UUID version 7 in its text form."""
    return str(uuid_utils.uuid7())


def make_event(
    code: str,
    source: str,
    sequence: int,
    payload: Message,
    *,
    actor: Actor,
    occurred_at: int,
    recorded_at: int,
    causation_id: str,
    correlation_id: str,
) -> DossierEvent:
    """Put a payload into its envelope; instants in microseconds UTC."""
    event = DossierEvent(
        event_id=new_id(),
        dossier_code=code,
        source=source,
        sequence=sequence,
        occurred_at=to_timestamp(occurred_at),
        recorded_at=to_timestamp(recorded_at),
        actor=actor,
        causation_id=causation_id,
        correlation_id=correlation_id,
    )
    getattr(event, FIELD_OF_TYPE[payload.DESCRIPTOR.name]).CopyFrom(payload)
    return event


def payload_field(event: DossierEvent) -> str:
    """Return the payload field of an event; empty for a type that this build does not know."""
    return event.WhichOneof("payload") or ""


def headers(
    event_id: str, type_name: str, source: str, code: str, occurred_at: int, trace: str
) -> Headers:
    """Return the Kafka headers of an event: CloudEvents in binary mode, and the trace. Never
    personal data.
    """
    pairs = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", f"{PACKAGE}.{type_name}".encode()),
        ("ce_source", source.encode()),
        ("ce_time", isoformat(occurred_at).encode()),
        ("ce_subject", code.encode()),
        ("content-type", b"application/protobuf"),
    ]
    if trace:
        pairs.append(("traceparent", trace.encode()))
    return pairs
