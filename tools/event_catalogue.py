"""Write docs/events.md, the catalogue of all events: `python -m tools.event_catalogue`.

For each event: when it is written, who writes it, whose views and reactions read it, and its fields
with numbers and comments. Everything comes from the descriptors in gen/ and from the services'
models. `--check` compares instead, and exits 1 when the page is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.message import Message

from kernel.eventsourcing.service_model import Model
from tools.proto_rules.comments import (
    DESCRIPTORS,
    ENUM_VALUE,
    FILE_ENUM,
    FILE_MESSAGE,
    MESSAGE_FIELD,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "events.md"
COMMAND = "python -m tools.event_catalogue"
EVENTS = "_events.proto"
_HEAD = f"""# Event catalogue

Every event of the system. `{COMMAND}` writes this page from the files
`*_events.proto` and from the services' models; `make lint` checks that it is up to date.

An event travels in `motcua.events.v1.Event`, its payload as `google.protobuf.Any`. The Kafka key
is the stream's id, the header `ce_type` the payload's full name, `ce_subject` the stream's id and
`ce_streamkind` its kind. The audit service keeps every event, so it is not named among the readers.
*Views* are tables that the event changes; *reactions* are events that it leads to. A service whose
rows are a function of its streams' state is named at each of its own events.
"""
FILE_SYNTAX = 12
_KINDS = {
    "officer_events.proto": "officer",
    "finding_events.proto": "finding",
    "service_events.proto": "service",
}
"""The kinds of the streams of those files whose events are of no dossier."""
_EVERY_SERVICE = "operations"
"""The package of events that each service writes of itself."""


@dataclass(frozen=True)
class Commented:
    """A message or an enum with the comments of its file."""

    name: str
    comment: str
    definition: DescriptorProto | EnumDescriptorProto
    comments: Sequence[str]
    """Of the fields or values, in order."""


def page() -> str:
    """Return the whole page."""
    files = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file
    own = [file for file in files if file.name.startswith("motcua/")]
    known = {each.name: each for file in own for each in _commented(file)}
    events = [file for file in own if file.name.endswith(EVENTS)]
    used = list(dict.fromkeys(name for file in events for name in _used(file, known)))
    parts = [_HEAD, *(_chapter(file, known) for file in events), "## Parts of events\n"]
    parts += [_part(known[name]) for name in sorted(used)]
    return "\n".join(parts)


def _commented(file: FileDescriptorProto) -> Iterator[Commented]:
    found = {
        tuple(place.path): place.leading_comments.strip()
        for place in file.source_code_info.location
    }
    for number, message in enumerate(file.message_type):
        path = (FILE_MESSAGE, number)
        fields = [found.get((*path, MESSAGE_FIELD, i), "") for i in range(len(message.field))]
        yield Commented(f"{file.package}.{message.name}", found.get(path, ""), message, fields)
    for number, enum in enumerate(file.enum_type):
        path = (FILE_ENUM, number)
        values = [found.get((*path, ENUM_VALUE, i), "") for i in range(len(enum.value))]
        yield Commented(f"{file.package}.{enum.name}", found.get(path, ""), enum, values)


def _used(file: FileDescriptorProto, known: Mapping[str, Commented]) -> Iterator[str]:
    """Name the messages and enums that the events of a file are made of, however deep."""
    waiting = list(file.message_type)
    while waiting:
        for field in waiting.pop(0).field:
            name = field.type_name.removeprefix(".")
            if name in known:
                yield name
                definition = known[name].definition
                if isinstance(definition, DescriptorProto):
                    waiting.append(definition)


def _chapter(file: FileDescriptorProto, known: Mapping[str, Commented]) -> str:
    service = file.package.split(".")[1]
    name = Path(file.name).name
    kind = _KINDS.get(name, "dossier")
    title = name.removesuffix(".proto").replace("_", " ")
    place = f"Stream: `{kind}`. File: `protos/{file.name}`."
    head = f"## {service}: {title}\n\n{_about(file)}\n\n{place}\n"
    sections = [_event(known[f"{file.package}.{m.name}"], service) for m in file.message_type]
    return "\n".join([head, *sections])


def _about(file: FileDescriptorProto) -> str:
    """Return the comment above a file's first statement."""
    places = [p for p in file.source_code_info.location if list(p.path) == [FILE_SYNTAX]]
    return _flat(places[0].leading_comments) if places else ""


def _event(event: Commented, service: str) -> str:
    lines = [f"### {event.name.rpartition('.')[2]}\n", f"{_flat(event.comment)}\n"]
    lines.append(f"- Type: `{event.name}`")
    writer = "each service, of itself" if service == _EVERY_SERVICE else service
    lines.append(f"- Written by: {writer}")
    lines.append(f"- Views: {_names(_viewers(event.name, service))}")
    lines.append(f"- Reactions: {_names(_reacting(event.name))}\n")
    lines.append(_fields(event))
    return "\n".join(lines)


def _part(part: Commented) -> str:
    return f"### {part.name.rpartition('.')[2]}\n\n{_flat(part.comment)}\n\n{_fields(part)}"


def _fields(part: Commented) -> str:
    definition = part.definition
    rows: list[tuple[str, ...]]
    if isinstance(definition, EnumDescriptorProto):
        rows = [("number", "value", "meaning"), ("---:", "---", "---")]
        rows += [
            (str(value.number), f"`{value.name}`", _flat(comment))
            for value, comment in zip(definition.value, part.comments, strict=True)
        ]
    elif not definition.field:
        return "It has no fields.\n"
    else:
        rows = [("number", "field", "type", "meaning"), ("---:", "---", "---", "---")]
        rows += [
            (str(field.number), f"`{field.name}`", _type(field), _flat(comment))
            for field, comment in zip(definition.field, part.comments, strict=True)
        ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _type(field: FieldDescriptorProto) -> str:
    if field.type_name:
        name = field.type_name.rpartition(".")[2]
    else:
        name = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    if field.type_name.endswith("Entry"):
        return "map of texts"
    return f"list of {name}" if field.label == FieldDescriptorProto.LABEL_REPEATED else name


def _flat(comment: str) -> str:
    return re.sub(r"\s+", " ", comment).strip().replace("|", "\\|")


def _viewers(event: str, service: str) -> list[str]:
    """List the services whose rows an event changes; ``service`` writes it."""
    return [
        model.source
        for model in _models()
        if _has(model.projections, event) or (model.write is not None and model.source == service)
    ]


def _reacting(event: str) -> list[str]:
    """List the services that react to an event."""
    return [model.source for model in _models() if _has(model.reactions, event)]


def _has(handlers: Iterable[type[Message]], event: str) -> bool:
    return any(kind.DESCRIPTOR.full_name == event for kind in handlers)


def _names(services: Sequence[str]) -> str:
    return ", ".join(services) or "none"


@cache
def _models() -> Sequence[Model]:
    from kernel.config.environment import load
    from services.audit import definition as audit
    from services.intake import definition as intake
    from services.intake.application.reactions import ChildDossierOpener
    from services.notify import definition as notify
    from services.postal import definition as postal
    from services.postal.config.partners import Partners
    from services.routing import definition as routing
    from services.routing.settings import RoutingSettings

    return (
        intake.make_model(ChildDossierOpener()),
        routing.make_model(routing.make_context_loader(load(RoutingSettings))),
        postal.make_model(Partners(())),
        notify.make_model(),
        audit.make_model(),
    )


def main() -> int:
    """Write the page, or with --check compare. 0 done or equal, 1 different."""
    parser = argparse.ArgumentParser(description="Write the catalogue of events", prog=COMMAND)
    parser.add_argument("--check", action="store_true", help="compare only")
    given = parser.parse_args()
    made = page()
    if not given.check:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
        print(f"docs/events.md is out of date ({COMMAND})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
