"""Messages as JSON for people and scripts: names as in the contracts, instants by the office's
clock, lists also where they are empty.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from cli.formatting import iso

_TIMESTAMP: Final = Timestamp.DESCRIPTOR.full_name


def document_of(message: Message) -> dict[str, Any]:
    """Return a message as JSON has it. A list that is empty is shown in the message itself; within
    other messages it is left out, as what is not set is everywhere.
    """
    document: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    _with_office_time(message, document)
    for field in message.DESCRIPTOR.fields:
        if field.is_repeated and not _is_map(field):
            document.setdefault(field.name, [])
    return document


def _with_office_time(message: Message, document: dict[str, Any]) -> None:
    """Write the instants of a message anew, however deep they are."""
    for field, value in message.ListFields():
        name = field.name
        if field.message_type is None or name not in document or _is_map(field):
            continue
        if field.is_repeated:
            for number, each in enumerate(value):
                document[name][number] = _written(each, document[name][number])
        else:
            document[name] = _written(value, document[name])


def _written(value: Any, shown: Any) -> Any:
    if value.DESCRIPTOR.full_name == _TIMESTAMP:
        return iso(value) or shown
    if isinstance(shown, dict) and "@type" not in shown:
        _with_office_time(value, shown)
    return shown


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and bool(kind.GetOptions().map_entry)
