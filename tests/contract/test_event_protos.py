"""Who owns which events, and that no answer depends on the log."""

from __future__ import annotations

from collections import Counter

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

from kernel.eventsourcing.envelope import event_types
from tools.protos import DESCRIPTORS, GEN

FILES = [
    file
    for file in FileDescriptorSet.FromString((GEN / DESCRIPTORS).read_bytes()).file
    if file.package.startswith("motcua.")
]
EVENTS = [file for file in FILES if file.name.endswith("_events.proto")]
WRITERS = {"intake", "routing", "postal", "notify", "audit", "operations"}
"""The packages with events; those of operations are written by each service, of itself."""


def _of_the_log(name: str) -> bool:
    return name.endswith(("_events.proto", "/event_parts.proto"))


def _types(message: DescriptorProto) -> set[str]:
    nested = set().union(*map(_types, message.nested_type))
    return nested | {field.type_name.removeprefix(".") for field in message.field}


def test_each_service_owns_its_events() -> None:
    """Events lie in the package of the service that writes them; every message is one."""
    assert {file.package for file in EVENTS} == {f"motcua.{name}.v1" for name in WRITERS}
    names = {f"{file.package}.{message.name}" for file in EVENTS for message in file.message_type}
    assert names == set(event_types())
    assert not [enum.name for file in EVENTS for enum in file.enum_type]


def test_an_event_is_told_by_its_own_name() -> None:
    """People read the name without its package: no two services have one in common."""
    names = Counter(message.name for file in EVENTS for message in file.message_type)
    assert max(names.values()) == 1


def test_no_message_holds_an_event() -> None:
    """Events are payloads, and parts of nothing."""
    held = set().union(*(_types(message) for file in FILES for message in file.message_type))
    assert not held & set(event_types())


def test_no_rpc_depends_on_the_log() -> None:
    """Requests and answers have messages of their own, so that they can change."""
    rpcs = [file for file in FILES if not _of_the_log(file.name)]
    found = {file.name: [d for d in file.dependency if _of_the_log(d)] for file in rpcs}
    assert not {name: names for name, names in found.items() if names}


def test_every_file_names_its_packages_in_other_languages() -> None:
    """Go and Java find each file where its package says."""

    def options(file: FileDescriptorProto) -> tuple[str, str, bool]:
        given = file.options
        return given.go_package, given.java_package, given.java_multiple_files

    for file in FILES:
        _, name, version = file.package.split(".")
        expected = (f"motcua/{name}/{version};{name}{version}", file.package, True)
        assert options(file) == expected, file.name
