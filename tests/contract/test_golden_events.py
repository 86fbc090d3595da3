"""Events that were ever written stay readable; the contracts change as old readers can bear."""

from __future__ import annotations

import json
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

import pytest
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from motcua.events.v1.event_pb2 import Event

from tests.golden import make, samples
from tests.golden.compatibility import breaking
from tests.support.events import name_of

GOLDEN = sorted(make.EVENTS.glob("*.binpb"))
SUBMITTED = "DossierSubmitted"


@pytest.mark.parametrize("name", samples.types())
def test_every_type_has_golden_files(name: str) -> None:
    """Each type of event, with each of its fields, stands in a golden file."""
    hint = f"run: {make.COMMAND}"
    assert not make.uncovered(name), f"no golden file sets these fields of {name}; {hint}"
    assert make.files_of(name, "minimal"), f"{name} has no minimal golden file; {hint}"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_bytes_mean_what_they_meant(path: Path) -> None:
    """The bytes of each golden file decode to the values beside them, with nothing unknown."""
    event = Event.FromString(path.read_bytes())
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert json_format.MessageToDict(event, preserving_proto_field_name=True) == expected
    assert not list(_unknown(event))
    assert Event.FromString(event.SerializeToString()) == event
    assert name_of(event) == path.name.partition(".")[0]


def _unknown(message: Message) -> list[int]:
    if isinstance(message, Any):
        return _unknown(samples.opened(message))
    found = [field.field_number for field in cast(Iterable[typing.Any], UnknownFieldSet(message))]
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for each in value if field.is_repeated else [value]:
                found += _unknown(each)
    return found


def test_no_golden_file_of_a_type_that_is_gone() -> None:
    """Each golden file belongs to a type that there is, and has both of its halves."""
    names = {path.name.partition(".")[0] for path in make.EVENTS.iterdir()}
    assert names == set(samples.types())
    assert {p.stem for p in make.EVENTS.glob("*.json")} == {p.stem for p in GOLDEN}


def test_the_contracts_break_no_reader() -> None:
    """Nothing was removed, renumbered or retyped since the baseline, unless reserved."""
    baseline = FileDescriptorSet.FromString(make.BASELINE.read_bytes())
    assert breaking(baseline, make.current()) == []


def _message(files: FileDescriptorSet, name: str) -> DescriptorProto:
    return next(m for file in files.file for m in file.message_type if m.name == name)


def _without(message: DescriptorProto, name: str) -> FieldDescriptorProto:
    kept = [field for field in message.field if field.name != name]
    [gone] = [field for field in message.field if field.name == name]
    del message.field[:]
    message.field.extend(kept)
    return gone


def _remove_field(files: FileDescriptorSet) -> None:
    _without(_message(files, SUBMITTED), "language")


def _reserve_number_only(files: FileDescriptorSet) -> None:
    message = _message(files, SUBMITTED)
    gone = _without(message, "language")
    message.reserved_range.add(start=gone.number, end=gone.number + 1)


def _renumber(files: FileDescriptorSet) -> None:
    _field(files, SUBMITTED, "language").number = 99


def _rename(files: FileDescriptorSet) -> None:
    _field(files, SUBMITTED, "language").name = "tongue"


def _retype(files: FileDescriptorSet) -> None:
    _field(files, SUBMITTED, "language").type = FieldDescriptorProto.TYPE_BYTES


def _make_a_list(files: FileDescriptorSet) -> None:
    _field(files, SUBMITTED, "language").label = FieldDescriptorProto.LABEL_REPEATED


def _leave_the_oneof(files: FileDescriptorSet) -> None:
    _field(files, "DossierAccepted", "supplement_rounds").ClearField("oneof_index")


def _remove_message(files: FileDescriptorSet) -> None:
    file = next(f for f in files.file for m in f.message_type if m.name == SUBMITTED)
    kept = [message for message in file.message_type if message.name != SUBMITTED]
    del file.message_type[:]
    file.message_type.extend(kept)


def _remove_enum_value(files: FileDescriptorSet) -> None:
    del next(e for f in files.file for e in f.enum_type if e.name == "Channel").value[-1]


def _rename_enum_value(files: FileDescriptorSet) -> None:
    enum = next(e for f in files.file for e in f.enum_type if e.name == "Channel")
    enum.value[-1].name = "CHANNEL_PIGEON"


def _remove_method(files: FileDescriptorSet) -> None:
    service = next(s for f in files.file for s in f.service if s.name == "IntakeService")
    del service.method[0]


def _turn_into_a_stream(files: FileDescriptorSet) -> None:
    service = next(s for f in files.file for s in f.service if s.name == "IntakeService")
    service.method[0].server_streaming = True


def _field(files: FileDescriptorSet, message: str, name: str) -> FieldDescriptorProto:
    return next(f for f in _message(files, message).field if f.name == name)


@pytest.mark.parametrize(
    "damage",
    [
        _remove_field,
        _reserve_number_only,
        _renumber,
        _rename,
        _retype,
        _make_a_list,
        _leave_the_oneof,
        _remove_message,
        _remove_enum_value,
        _rename_enum_value,
        _remove_method,
        _turn_into_a_stream,
    ],
)
def test_the_comparison_notices_damage(damage: Callable[[FileDescriptorSet], None]) -> None:
    """A copy of the contracts that is broken on purpose is found out."""
    now, broken = make.current(), make.current()
    damage(broken)
    assert len(breaking(now, broken)) == 1


def test_what_is_reserved_may_go() -> None:
    """A field may be removed when its number and name are reserved, and then stays reserved."""
    now, later, careless = make.current(), make.current(), make.current()
    for files in (later, careless):
        _without(_message(files, SUBMITTED), "language")
    message = _message(later, SUBMITTED)
    message.reserved_range.add(start=9, end=10)
    message.reserved_name.append("language")
    assert breaking(now, later) == []
    assert len(breaking(later, careless)) == 2


def test_additions_are_welcome() -> None:
    """New fields, messages and values break nobody."""
    now, later = make.current(), make.current()
    _message(later, SUBMITTED).field.add(
        name="mood", number=500, type=FieldDescriptorProto.TYPE_STRING, label=1
    )
    later.file[0].message_type.add(name="Novelty")
    assert breaking(now, later) == []
