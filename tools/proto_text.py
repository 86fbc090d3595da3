"""Write a .proto file from its descriptor.

It knows what protovalidate's rules need: proto2 messages with fields, oneofs, reserved and
extension ranges, enums, extensions, and options, also those that the file itself defines. Comments
are not in a descriptor. Whoever uses the text compiles it and compares the result with the
descriptor, as `tools.protos_bundle` does.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_MAX_FIELD = 536870912
"""One more than the highest field number."""


def with_options(files: FileDescriptorSet, name: str) -> Any:
    """Return a file's descriptor, with the options that the files themselves define."""
    pool = DescriptorPool()
    for file in files.file:
        pool.Add(file)
    kind = pool.FindMessageTypeByName("google.protobuf.FileDescriptorProto")
    for file in files.file:  # an extension is known once its file is built
        pool.FindFileByName(file.name)
    (found,) = [file for file in files.file if file.name == name]
    return GetMessageClass(kind).FromString(found.SerializeToString(deterministic=True))


def proto_text(file: FileDescriptorProto) -> str:
    """Return the source text of a file, as `with_options` gives it."""
    lines = ['syntax = "proto2";', "", f"package {file.package};", ""]
    lines += [f'import "{name}";' for name in file.dependency]
    lines += ["", *(f"option {option};" for option in _options(file.options))]
    for extension in file.extension:
        lines += ["", f"extend {extension.extendee} {{", _field(extension), "}"]
    for message in file.message_type:
        lines += ["", *_message(message)]
    for enum in file.enum_type:
        lines += ["", *_enum(enum)]
    return "\n".join(lines) + "\n"


def _message(message: DescriptorProto) -> Iterator[str]:
    yield f"message {message.name} {{"
    yield from (f"  option {option};" for option in _options(message.options))
    yield from _reserved([(r.start, r.end - 1) for r in message.reserved_range], message)
    for extensions in message.extension_range:
        end = "max" if extensions.end == _MAX_FIELD else extensions.end - 1
        yield f"  extensions {extensions.start} to {end};"
    written: set[int] = set()
    for field in message.field:
        if not field.HasField("oneof_index"):
            yield _field(field)
        elif field.oneof_index not in written:  # where its first field is
            written.add(field.oneof_index)
            yield from _oneof(message, field.oneof_index)
    yield "}"


def _oneof(message: DescriptorProto, index: int) -> Iterator[str]:
    oneof = message.oneof_decl[index]
    yield f"  oneof {oneof.name} {{"
    yield from (f"    option {option};" for option in _options(oneof.options))
    for field in message.field:
        if field.HasField("oneof_index") and field.oneof_index == index:
            yield "  " + _field(field)
    yield "  }"


def _enum(enum: EnumDescriptorProto) -> Iterator[str]:
    yield f"enum {enum.name} {{"
    yield from (f"  option {option};" for option in _options(enum.options))
    yield from _reserved([(r.start, r.end) for r in enum.reserved_range], enum)
    for value in enum.value:
        yield f"  {value.name} = {value.number}{_in_brackets(value.options)};"
    yield "}"


def _reserved(
    ranges: Iterable[tuple[int, int]], owner: DescriptorProto | EnumDescriptorProto
) -> Iterator[str]:
    """Write what must not be used again; both ends of a range belong to it."""
    for first, last in ranges:
        yield f"  reserved {first} to {last};" if first != last else f"  reserved {first};"
    for name in owner.reserved_name:
        yield f'  reserved "{name}";'


def _field(field: FieldDescriptorProto) -> str:
    label = FieldDescriptorProto.Label.Name(field.label).removeprefix("LABEL_").lower() + " "
    kind = field.type_name or FieldDescriptorProto.Type.Name(field.type)[5:].lower()
    start = f"  {'' if field.HasField('oneof_index') else label}{kind}"
    return f"{start} {field.name} = {field.number}{_in_brackets(field.options)};"


def _in_brackets(options: Message) -> str:
    texts = list(_options(options))
    return f" [{', '.join(texts)}]" if texts else ""


def _options(options: Message) -> Iterator[str]:
    for field, value in options.ListFields():
        name = f"({field.full_name})" if field.is_extension else field.name
        for each in value if field.is_repeated else [value]:
            if isinstance(each, Message):
                yield f"{name} = {{ {text_format.MessageToString(each, as_one_line=True)} }}"
            else:
                out = io.StringIO()
                text_format.PrintFieldValue(field, each, out)
                yield f"{name} = {out.getvalue()}"
