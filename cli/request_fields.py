"""The fields of a request, with the rules of each, as the contract has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from motcua.buf.validate.validate_pb2 import field as rules_option
from motcua.validation.v1.format_pb2 import Format
from motcua.validation.v1.format_pb2 import format as format_option

_DEPTH: Final = 4
_KINDS: Final = {
    FieldDescriptor.CPPTYPE_STRING: "text",
    FieldDescriptor.CPPTYPE_BOOL: "true or false",
    FieldDescriptor.CPPTYPE_DOUBLE: "number",
    FieldDescriptor.CPPTYPE_FLOAT: "number",
}


class RequestField(NamedTuple):
    """One field: its path, what it holds, and its rules."""

    path: str
    holds: str
    rules: str


def fields_of(message: Descriptor, prefix: str = "", depth: int = 0) -> Iterator[RequestField]:
    """Yield the fields of a message, those of messages within after the field that holds them."""
    for field in message.fields:
        path = f"{prefix}{field.name}"
        yield RequestField(path, _holds(field), ", ".join(_rules(field)))
        inner: Any = field.message_type
        own = inner is not None and inner.full_name.startswith("motcua.")
        if own and not inner.GetOptions().map_entry and depth < _DEPTH:
            yield from fields_of(inner, f"{path}.", depth + 1)


def _holds(field: FieldDescriptor) -> str:
    kind: Any = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return "names with values"
    if field.enum_type is not None:
        one = " | ".join(value.name for value in field.enum_type.values if value.number)
    elif kind is not None:
        one = {"Timestamp": "instant, ISO 8601", "Duration": "seconds, such as 3600s"}.get(
            kind.name, kind.name
        )
    elif field.type == FieldDescriptor.TYPE_BYTES:
        one = "bytes in base64"
    else:
        one = _KINDS.get(field.cpp_type, "whole number")
    return f"list of {one}" if field.is_repeated else one


def _rules(field: FieldDescriptor) -> Iterator[str]:
    options = field.GetOptions()
    named: Any = format_option
    if form := options.Extensions[named]:
        yield f"format {Format.Name(form).removeprefix('FORMAT_').lower()}"
    extension: Any = rules_option
    yield from _said(options.Extensions[extension])


def _said(rules: Message) -> Iterator[str]:
    """Yield the rules that are set, by their names in the contract."""
    for field, value in rules.ListFields():
        if field.name in ("cel", "ignore"):
            continue
        if isinstance(value, Message):
            prefix = "each " if field.name == "items" else ""
            yield from (f"{prefix}{rule}" for rule in _said(value))
        elif isinstance(value, bool):
            yield field.name
        elif field.is_repeated:
            yield f"{field.name} {', '.join(map(str, value))}"
        else:
            yield f"{field.name} {value}"
