"""Compares two versions of the contracts and names what breaks readers of the older one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

T = TypeVar("T")


def breaking(old: FileDescriptorSet, new: FileDescriptorSet) -> list[str]:
    """Return the breaking changes; a field or value may go only when number and name are
    reserved.
    """
    found: list[str] = []
    messages, enums, services = _all(new)
    old_messages, old_enums, old_services = _all(old)
    for name, message in old_messages.items():
        found += _message(name, message, messages.get(name))
    for name, enum in old_enums.items():
        found += _enum(name, enum, enums.get(name))
    for name, service in old_services.items():
        found += _service(name, service, services.get(name))
    return found


def own(files: FileDescriptorSet) -> FileDescriptorSet:
    """Keep this project's files, without comments."""
    kept = FileDescriptorSet()
    for file in sorted(files.file, key=lambda f: f.name):
        if file.package.startswith("motcua."):
            kept.file.add().CopyFrom(file)
            kept.file[-1].ClearField("source_code_info")
    return kept


def _all(
    files: FileDescriptorSet,
) -> tuple[
    dict[str, DescriptorProto],
    dict[str, EnumDescriptorProto],
    dict[str, ServiceDescriptorProto],
]:
    messages: dict[str, DescriptorProto] = {}
    enums: dict[str, EnumDescriptorProto] = {}
    services: dict[str, ServiceDescriptorProto] = {}

    def walk(prefix: str, found: Iterable[DescriptorProto]) -> None:
        for message in found:
            name = f"{prefix}.{message.name}"
            messages[name] = message
            enums.update({f"{name}.{enum.name}": enum for enum in message.enum_type})
            walk(name, message.nested_type)

    for file in files.file:
        walk(file.package, file.message_type)
        enums.update({f"{file.package}.{enum.name}": enum for enum in file.enum_type})
        services.update({f"{file.package}.{it.name}": it for it in file.service})
    return messages, enums, services


def _message(name: str, old: DescriptorProto, new: DescriptorProto | None) -> Iterator[str]:
    if new is None:
        yield f"{name}: the message is gone"
        return
    numbers = {field.number: field for field in new.field}
    for field in old.field:
        now = numbers.get(field.number)
        where = f"{name}.{field.name} = {field.number}"
        if now is None:
            if any(f.name == field.name for f in new.field):
                yield f"{where}: has another number now"
            elif not _reserved(new, field.number, field.name):
                yield f"{where}: is gone, and its number and name are not both reserved"
            continue
        yield from _field(where, old, field, new, now)
    for span in old.reserved_range:
        for number in range(span.start, min(span.end, span.start + 1000)):
            if not _in(new.reserved_range, number, 0):
                yield f"{name}: the number {number} is no longer reserved"
    for gone in set(old.reserved_name) - set(new.reserved_name):
        yield f"{name}: the name {gone} is no longer reserved"


def _field(
    where: str,
    old_message: DescriptorProto,
    old: FieldDescriptorProto,
    new_message: DescriptorProto,
    new: FieldDescriptorProto,
) -> Iterator[str]:
    if old.name != new.name:
        yield f"{where}: is named {new.name} now"
    if (old.type, old.type_name) != (new.type, new.type_name):
        yield f"{where}: has another type now"
    if old.label != new.label:
        yield f"{where}: is a list no longer, or has become one"
    if _oneof(old_message, old) != _oneof(new_message, new):
        yield f"{where}: belongs to another oneof now"


def _oneof(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    if not field.HasField("oneof_index"):
        return ""
    return message.oneof_decl[field.oneof_index].name


def _enum(name: str, old: EnumDescriptorProto, new: EnumDescriptorProto | None) -> Iterator[str]:
    if new is None:
        yield f"{name}: the enum is gone"
        return
    numbers = {value.number: value.name for value in new.value}
    for value in old.value:
        where = f"{name}.{value.name} = {value.number}"
        now = numbers.get(value.number)
        if now is None:
            kept = _in(new.reserved_range, value.number, 1) and value.name in new.reserved_name
            if not kept:
                yield f"{where}: is gone, and its number and name are not both reserved"
        elif now != value.name:
            yield f"{where}: is named {now} now"


def _service(
    name: str, old: ServiceDescriptorProto, new: ServiceDescriptorProto | None
) -> Iterator[str]:
    if new is None:
        yield f"{name}: the service is gone"
        return
    methods = {method.name: method for method in new.method}
    for method in old.method:
        now = methods.get(method.name)
        if now is None:
            yield f"{name}/{method.name}: the method is gone"
        elif _shape(method) != _shape(now):
            yield f"{name}/{method.name}: takes or gives something else now"


def _shape(method: MethodDescriptorProto) -> tuple[str, str, bool, bool]:
    return (
        method.input_type,
        method.output_type,
        method.client_streaming,
        method.server_streaming,
    )


def _reserved(message: DescriptorProto, number: int, name: str) -> bool:
    return _in(message.reserved_range, number, 0) and name in message.reserved_name


def _in(ranges: Iterable[Any], number: int, inclusive: int) -> bool:
    """Ranges of messages end before ``end``; those of enums include it."""
    return any(span.start <= number < span.end + inclusive for span in ranges)
