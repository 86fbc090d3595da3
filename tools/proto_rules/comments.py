"""Show which message, field, enum, value, service or method in protos/ has no comment of its own.

`python -m tools.proto_rules.comments` reads gen/motcua.binpb; 1 when something lacks a comment.
Needs no buf, so it holds on every machine.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

DESCRIPTORS = Path(__file__).resolve().parents[2] / "gen" / "motcua.binpb"
OURS = "motcua/"

# Field numbers in descriptor.proto: a location is a path of them.
FILE_MESSAGE, FILE_ENUM, FILE_SERVICE = 4, 5, 6
MESSAGE_FIELD, MESSAGE_NESTED, MESSAGE_ENUM, MESSAGE_ONEOF = 2, 3, 4, 8
ENUM_VALUE, SERVICE_METHOD = 2, 2

Element = tuple[tuple[int, ...], str]


def missing_comments(file: FileDescriptorProto) -> list[str]:
    """Return the full names of the file's elements without a leading comment, in order."""
    commented = {
        tuple(place.path)
        for place in file.source_code_info.location
        if place.leading_comments.strip()
    }
    return [name for path, name in _elements(file) if path not in commented]


def _elements(file: FileDescriptorProto) -> Iterator[Element]:
    for number, message in enumerate(file.message_type):
        yield from _message((FILE_MESSAGE, number), file.package, message)
    for number, enum in enumerate(file.enum_type):
        yield from _enum((FILE_ENUM, number), file.package, enum)
    for number, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (FILE_SERVICE, number), name
        for index, method in enumerate(service.method):
            yield (FILE_SERVICE, number, SERVICE_METHOD, index), f"{name}.{method.name}"


def _message(path: tuple[int, ...], scope: str, message: DescriptorProto) -> Iterator[Element]:
    if message.options.map_entry:
        return
    name = f"{scope}.{message.name}"
    yield path, name
    optional = {f.oneof_index for f in message.field if f.proto3_optional}
    for number, field in enumerate(message.field):
        yield (*path, MESSAGE_FIELD, number), f"{name}.{field.name}"
    for number, oneof in enumerate(message.oneof_decl):
        if number not in optional:
            yield (*path, MESSAGE_ONEOF, number), f"{name}.{oneof.name}"
    for number, nested in enumerate(message.nested_type):
        yield from _message((*path, MESSAGE_NESTED, number), name, nested)
    for number, enum in enumerate(message.enum_type):
        yield from _enum((*path, MESSAGE_ENUM, number), name, enum)


def _enum(path: tuple[int, ...], scope: str, enum: EnumDescriptorProto) -> Iterator[Element]:
    name = f"{scope}.{enum.name}"
    yield path, name
    for number, value in enumerate(enum.value):
        yield (*path, ENUM_VALUE, number), f"{name}.{value.name}"


def main() -> int:
    files = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file
    lines = [
        f"protos/{file.name}: {name} has no comment"
        for file in files
        if file.name.startswith(OURS)
        for name in missing_comments(file)
    ]
    print("\n".join(lines), end="\n" if lines else "", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
