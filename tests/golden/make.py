"""Writes the golden files that are missing: `python -m tests.golden.make`.

What is there is never changed: an event that was ever written must be readable for ever. When a
type has gained fields, one more file with all of them is added beside the older ones
(`DossierSubmitted.full.2.binpb`).

`--baseline` also takes the present contracts as the baseline of `descriptors.binpb`. Do it when a
release is made, never to silence the test that compares with it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from motcua.events.v1.event_pb2 import Event

from tests.golden import samples
from tests.golden.compatibility import own
from tools.protos import DESCRIPTORS, GEN

FOLDER = Path(__file__).parent
EVENTS = FOLDER / "events" / "v1"
BASELINE = FOLDER / "descriptors.binpb"
COMMAND = "python -m tests.golden.make"


def files_of(name: str, kind: str) -> list[Path]:
    """List the golden files of a type, the oldest first; ``kind`` is full or minimal."""
    return sorted(
        EVENTS.glob(f"{name}.{kind}*.binpb"), key=lambda path: (len(path.name), path.name)
    )


def as_json(event: Event) -> str:
    """Write an event in protobuf's JSON, with the names of the .proto."""
    text = json_format.MessageToJson(
        event, preserving_proto_field_name=True, ensure_ascii=False, indent=2
    )
    return f"{text}\n"


def uncovered(name: str) -> set[str]:
    """List the fields of a type that no golden file sets."""
    covered: set[str] = set()
    for path in files_of(name, "full"):
        covered |= samples.paths(Event.FromString(path.read_bytes()))
    return samples.paths(samples.full(name)) - covered


def current() -> FileDescriptorSet:
    """Return the contracts as they are now."""
    return own(FileDescriptorSet.FromString((GEN / DESCRIPTORS).read_bytes()))


def write_missing() -> list[Path]:
    """Write what is missing and list it."""
    written = []
    for name in samples.types():
        if uncovered(name):
            number = len(files_of(name, "full")) + 1
            suffix = "" if number == 1 else f".{number}"
            written += _write(f"{name}.full{suffix}", samples.full(name))
        if not files_of(name, "minimal"):
            written += _write(f"{name}.minimal", samples.minimal(name))
    return written


def _write(stem: str, event: Event) -> list[Path]:
    binary, text = EVENTS / f"{stem}.binpb", EVENTS / f"{stem}.json"
    EVENTS.mkdir(parents=True, exist_ok=True)
    binary.write_bytes(event.SerializeToString(deterministic=True))
    text.write_text(as_json(event), encoding="utf-8")
    return [binary, text]


def main() -> None:
    """Write what is missing, and the baseline when asked."""
    parser = argparse.ArgumentParser(description=__doc__, prog=COMMAND)
    parser.add_argument("--baseline", action="store_true", help="the contracts are released now")
    given = parser.parse_args()
    written = write_missing()
    if given.baseline or not BASELINE.exists():
        BASELINE.write_bytes(current().SerializeToString(deterministic=True))
        written.append(BASELINE)
    for path in written:
        print(path.relative_to(FOLDER))


if __name__ == "__main__":
    main()
