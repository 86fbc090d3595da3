"""Show which field of a request may be of any size: a repeated field or map without a number of
items, a string or bytes without a length.

`python -m tools.proto_rules.request_bounds` reads gen/motcua.binpb; 1 when something has no bound.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from motcua.buf.validate.validate_pb2 import FieldRules
from motcua.buf.validate.validate_pb2 import field as _rules
from motcua.validation.v1.format_pb2 import FORMAT_LINE, FORMAT_UNSPECIFIED
from motcua.validation.v1.format_pb2 import format as format_option

DESCRIPTORS = Path(__file__).resolve().parents[2] / "gen" / "motcua.binpb"
_ENDLESS = re.compile(r"(?<!\\)[*+]|\{\d*,\}")
"""A repetition without an end, outside of a set of signs."""
_SET = re.compile(r"\[(?:\\.|[^\]])*\]")


def unbounded(files: Iterable[FileDescriptorProto]) -> list[str]:
    """Return the full names of the fields, at any depth of what a caller sends, without a bound."""
    files = list(files)
    known = {name: message for file in files for name, message in _messages(file)}
    waiting = [
        method.input_type for file in files for each in file.service for method in each.method
    ]
    extension: Any = _rules
    seen: set[str] = set()
    lines: list[str] = []
    while waiting:
        name = waiting.pop()
        if name in seen or name.startswith(".google.protobuf."):
            continue
        seen.add(name)
        for field in known[name].field:
            inner = known.get(field.type_name)
            if inner is None or not inner.options.map_entry:
                waiting += [field.type_name] if inner is not None else []
                lines += _problems(name[1:], field, field.options.Extensions[extension])
                continue
            rules = field.options.Extensions[extension].map
            key, value = inner.field
            waiting += [value.type_name] if value.type_name else []
            if not rules.HasField("max_pairs"):
                lines.append(f"{name[1:]}.{field.name} has no max_pairs")
            lines += _sizes(f"{name[1:]}.{field.name} (key)", key, rules.keys)
            lines += _sizes(f"{name[1:]}.{field.name} (value)", value, rules.values)
    return sorted(lines)


def _messages(file: FileDescriptorProto) -> Iterator[tuple[str, DescriptorProto]]:
    def inside(scope: str, message: DescriptorProto) -> Iterator[tuple[str, DescriptorProto]]:
        name = f"{scope}.{message.name}"
        yield name, message
        for nested in message.nested_type:
            yield from inside(name, nested)

    for message in file.message_type:
        yield from inside(f".{file.package}", message)


def _problems(message: str, field: FieldDescriptorProto, rules: FieldRules) -> Iterator[str]:
    name = f"{message}.{field.name}"
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        if not rules.repeated.HasField("max_items"):
            yield f"{name} has no max_items"
        rules = rules.repeated.items
    yield from _sizes(name, field, rules)


def _sizes(name: str, field: FieldDescriptorProto, rules: FieldRules) -> Iterator[str]:
    if field.type == FieldDescriptorProto.TYPE_BYTES:
        if not (rules.bytes.HasField("max_len") or rules.bytes.HasField("len")):
            yield f"{name} has no max_len"
    elif field.type == FieldDescriptorProto.TYPE_STRING:
        text = rules.string
        limited = any(text.HasField(rule) for rule in ("max_len", "len", "max_bytes", "uuid"))
        listed = bool(getattr(text, "in")) or text.HasField("const")
        extension: Any = format_option
        formatted = field.options.Extensions[extension] not in (FORMAT_UNSPECIFIED, FORMAT_LINE)
        patterned = text.HasField("pattern") and not _ENDLESS.search(_SET.sub("x", text.pattern))
        if not (limited or listed or formatted or patterned):
            yield f"{name} has no max_len"


def main() -> int:
    """Print what has no bound; 1 when something has none."""
    lines = unbounded(FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file)
    for line in lines:
        print(f"protos: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
