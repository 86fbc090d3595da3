"""Events as JSON: one line for each, with its place in the log and its stored bytes. Pure."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event

from kernel.eventsourcing.envelope import payload_type, short_name, type_name


class NoEvent(ValueError):
    """A line is no event that a replay wrote; the text says what is wrong with it."""


def document(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it; as its bytes a payload that this build does not know, or that
    JSON can't hold, such as an instant after the year 9999.
    """
    if payload_type(event) is not None:
        try:
            return MessageToDict(event, preserving_proto_field_name=True)
        except ValueError:
            pass
    envelope = Event()
    envelope.CopyFrom(event)
    envelope.ClearField("payload")
    payload = {
        "@type": event.payload.type_url,
        "value": base64.b64encode(event.payload.value).decode(),
    }
    return MessageToDict(envelope, preserving_proto_field_name=True) | {"payload": payload}


def to_line(item: pb.StreamEventsResponse) -> str:
    """Return an event as one line of JSON, without the end of the line.

    ``body`` has its stored bytes in Base64, of which ``event`` is a reading.
    """
    place = {"partition": item.partition, "offset": item.offset, "type": item.type}
    event = document(Event.FromString(item.body))
    body = base64.b64encode(item.body).decode()
    return json.dumps(place | {"event": event, "body": body}, ensure_ascii=False)


def from_line(line: str | bytes) -> pb.StreamEventsResponse:
    """Return the event that ``to_line`` wrote; raise ``NoEvent`` for anything else."""
    try:
        found = json.loads(line)
        partition, offset, body = (found[name] for name in ("partition", "offset", "body"))
        stored = base64.b64decode(body, validate=True)
        event = Event.FromString(stored)
        item = pb.StreamEventsResponse(
            partition=partition, offset=offset, type=short_name(type_name(event)), body=stored,
            occurred_at=event.occurred_at, stream_id=event.stream_id,
            stream_kind=event.stream_kind,
        )  # fmt: skip
    except KeyError as lacking:
        raise NoEvent(f"has no {lacking}") from lacking
    except (ValueError, TypeError, DecodeError) as wrong:
        raise NoEvent("is no event as a replay writes it") from wrong
    if item.partition < 0 or item.offset < 0 or not event.event_id:
        raise NoEvent("is no event as a replay writes it")
    return item
