"""Find strings of events that are neither sealed nor listed as ones that everybody may read.

`python -m tools.proto_rules.clear_text` reads gen/motcua.binpb and the list
tools/proto_rules/clear_text_fields.toml; 1 when one is.
"""

import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from motcua.validation.v1.format_pb2 import sealed as sealed_option

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("clear_text_fields.toml")
WRITERS = ("officer", "partner", "operator", "system")
"""Whose text may be in clear, if there is a reason: of who acts for the office, never a citizen."""


def problems(files: Iterable[FileDescriptorProto], listed: dict[str, Any]) -> list[str]:
    """Return a line for each unlisted string, and for each entry of the list that fits none, is
    there twice, or whose writer may not write in clear.
    """
    files = list(files)
    found = {name for message in _in_events(files) for name in _strings(message)}
    if not found:
        return ["no event message was found: has the place of the contracts changed?"]
    clear = [name for entry in listed["clear"] for name in entry["fields"]]
    made = set(listed["made"])
    sealed = set(listed["sealed"])
    marked = {name for message in _in_events(files) for name in _strings(message, marked=True)}
    open_to_all = {name for name in found - marked if name.partition(".")[0] not in sealed}
    typed = {name for name in open_to_all if name.rpartition(".")[2] not in made}
    lines = [f"{name} is a string, not sealed and not listed" for name in typed - set(clear)]
    lines += [f"{name} is listed, and no event has it" for name in set(clear) - open_to_all]
    lines += [f"{name} is listed twice" for name in set(clear) if clear.count(name) > 1]
    names = {name.rpartition(".")[2] for name in open_to_all}
    lines += [f"{name} is listed under `made`, and no event has it" for name in made - names]
    for entry in listed["clear"]:
        if not entry["reason"]:
            lines.append(f"{entry['fields'][0]}: no reason")
        if (writer := entry["writer"]) not in WRITERS:
            lines.append(f"{entry['fields'][0]}: what a {writer} writes is sealed")
    return sorted(lines)


def _in_events(files: Iterable[FileDescriptorProto]) -> Iterator[DescriptorProto]:
    """Yield the messages that an event holds, however deep: those of files that are named for
    events, and whatever their fields refer to.
    """
    known: dict[str, DescriptorProto] = {}
    waiting: list[str] = []
    for file in files:
        for message in file.message_type:
            name = f".{file.package}.{message.name}"
            known[name] = message
            if file.name.startswith("motcua/") and "events" in file.name:
                waiting.append(name)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in known or name.startswith(".google."):
            continue
        seen.add(name)
        yield known[name]
        waiting += [field.type_name for each in _with_nested(known[name]) for field in each.field]


def _with_nested(message: DescriptorProto) -> Iterator[DescriptorProto]:
    yield message
    for nested in message.nested_type:
        yield from _with_nested(nested)


def _strings(message: DescriptorProto, *, marked: bool = False) -> Iterator[str]:
    """Yield the strings of a message as MESSAGE.FIELD, a map's are the map's; or only those that
    are marked to be sealed when an event is written.
    """
    option: Any = sealed_option
    maps = {
        nested.name
        for nested in message.nested_type
        if nested.options.map_entry and nested.field[1].type == FieldDescriptorProto.TYPE_STRING
    }
    for field in message.field:
        kind = field.type_name.rpartition(".")[2]
        if marked and not field.options.Extensions[option]:
            continue
        if field.type == FieldDescriptorProto.TYPE_STRING or kind in maps:
            yield f"{message.name}.{field.name}"
    for nested in message.nested_type:
        if not nested.options.map_entry:
            yield from _strings(nested, marked=marked)


def main() -> int:
    """Print what is wrong; 1 when something is."""
    files = FileDescriptorSet.FromString((ROOT / "gen" / "motcua.binpb").read_bytes()).file
    lines = problems(files, tomllib.loads(LIST.read_text("utf-8")))
    for line in lines:
        print(f"tools/{LIST.name}: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
