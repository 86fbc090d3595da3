"""Sample events, made from the descriptors: one with every field set, one with hardly any.

The values depend on names, numbers and types of fields only, so the same contract gives the same
bytes.
"""

from __future__ import annotations

import typing

from google.protobuf.any_pb2 import Any
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.event_pb2 import Event

from kernel.eventsourcing.envelope import event_types, short_name
from tests.support.events import type_named

_INTEGERS = {
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
}
_AUGUST_9 = 1_628_470_800


def types() -> list[str]:
    """List the names of all types of events, such as DossierSubmitted."""
    return sorted(map(short_name, event_types()))


def full(name: str) -> Event:
    """Return an event of a type with every field set, lists with two entries."""
    event = Event()
    for field in Event.DESCRIPTOR.fields:
        if field.name != "payload":
            _set(event, field)
    payload = type_named(name)()
    _fill(payload, 1)
    event.payload.Pack(payload, deterministic=True)
    return event


def minimal(name: str) -> Event:
    """Return an event of a type with nothing but its identity."""
    event = Event(
        event_id="017b2953-0f80-7000-8000-000000000001",
        stream_kind="dossier",
        stream_id="H22.12-210809-0001",
        source="intake",
        sequence=1,
    )
    event.payload.Pack(type_named(name)())
    return event


def paths(message: Message, prefix: str = "") -> set[str]:
    """List the fields that are set, however deep, such as ``payload.parts.code``."""
    if isinstance(message, Any):
        message = opened(message)
    found: set[str] = set()
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        found.add(path)
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for each in value if field.is_repeated else [value]:
            found |= paths(each, f"{path}.")
    return found


def opened(payload: Any) -> Message:
    """Return the message that an ``Any`` holds."""
    message = event_types()[payload.TypeName()]()
    assert payload.Unpack(message)
    return message


def _set(message: Message, field: typing.Any) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        for number in (1, 2):
            getattr(message, field.name)[f"key-{number}"] = f"{field.name}-{number}"
    elif field.is_repeated:
        values = getattr(message, field.name)
        for salt in (1, 2):
            if field.message_type is not None:
                _fill(values.add(), salt)
            else:
                values.append(_value(field, salt))
    elif field.message_type is not None:
        _fill(getattr(message, field.name), 1)
    else:
        setattr(message, field.name, _value(field, 1))


def _fill(message: Message, salt: int) -> None:
    message.SetInParent()
    if isinstance(message, Timestamp):
        message.seconds, message.nanos = _AUGUST_9 + salt, 123_456_000
        return
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None and not field.is_repeated:
            setattr(message, field.name, _value(field, salt))
        else:
            _set(message, field)


def _value(field: typing.Any, salt: int) -> typing.Any:
    """Return a value that is not the default; texts hold Vietnamese letters."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return f"{field.name} ở Hà Giang {salt}"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes([0, field.number, 255, salt])
    if field.type == FieldDescriptor.TYPE_BOOL:
        return True
    if field.type == FieldDescriptor.TYPE_ENUM:
        return field.enum_type.values[-1].number
    if field.type in _INTEGERS:
        return 1000 * salt + field.number
    if field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return salt + 0.5
    raise NotImplementedError(f"{field.full_name}: no sample for this type")
