"""Decides what a file of procedures adds to a catalogue. A published version is only followed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from office.catalogue.files.document import Document, Raw, Version, differing
from office.catalogue.files.file_errors import MOST_SHOWN, Fault, FileError
from office.catalogue.files.partial_validation import Path, touched
from office.catalogue.messages import BrokenRule, broken
from office.catalogue.model import Catalogue, Field, Procedure, UnitLevel, catalogue
from office.catalogue.rules import too_early


@dataclass(frozen=True)
class Addition:
    """What is new in a file, and how much of it is there already, value for value."""

    fields: tuple[Field, ...]
    versions: tuple[Procedure, ...]
    """In the order in which they are published: by code, then by number."""
    unchanged: int

    @property
    def empty(self) -> bool:
        """Nothing is new."""
        return not self.fields and not self.versions


def addition(
    document: Document, existing: Catalogue, processes: Collection[str] | None = None
) -> Addition:
    """Check a document against what is published; raise ``FileError`` with every mistake.

    ``processes`` are the names that a new version may have as its process; None: any.
    """
    found = list(document.faults)
    fields = _fields(document, existing, found)
    known_fields = {*existing.fields, *document.field_codes}
    new: list[Version] = []
    unchanged = len(document.fields) - len(fields)
    latest = {code: Version(of[-1], Raw("", {}, 0)) for code, of in existing.procedures.items()}
    unsure = {it.value.code for it in document.versions if not it.sound("version")}
    for version in sorted(document.versions, key=lambda v: (v.value.code, v.value.version)):
        value, wrong = version.value, list[tuple[Path, BrokenRule]]()
        placed = version.sound("code", "version") and not version.raw.again
        published = existing.version(value.code, value.version) if placed else None
        if published is not None:
            following = existing.procedures[value.code][-1].version + 1
            wrong = [(it, broken("published", following)) for it in differing(published, value)]
            unchanged += not wrong
        else:
            wrong = list(_dangling(value, existing, known_fields, processes))
            if placed:
                counted = value.code not in unsure
                wrong += _out_of_turn(version, latest.get(value.code), counted=counted)
                latest[value.code] = version
            new.append(version)
        at_fault = version.raw.wrong
        found += [
            version.raw.fault(path, rule)
            for path, rule in wrong
            if path == ("units",) or not touched(path, at_fault)
        ]
    if found:
        raise FileError(sorted(found)[:MOST_SHOWN])
    return Addition(tuple(fields), tuple(it.value for it in new), unchanged)


def extended(existing: Catalogue, added: Addition, digest: str) -> Catalogue:
    """Return a catalogue with what was added."""
    fields = {**existing.fields, **{it.code: it for it in added.fields}}
    before = (version for versions in existing.procedures.values() for version in versions)
    return catalogue(existing.units.values(), fields.values(), [*before, *added.versions], digest)


def _fields(document: Document, existing: Catalogue, found: list[Fault]) -> list[Field]:
    new: dict[str, Field] = {}
    for value, raw in document.fields:
        published = existing.fields.get(value.code)
        if value.code in new:
            found.append(raw.fault(("code",), broken("repeated", value.code)))
        elif published is None:
            new[value.code] = value
        elif published != value:
            for key in ("name_vi", "name_en"):
                if getattr(published, key) != getattr(value, key):
                    found.append(raw.fault((key,), broken("published.field")))
    return list(new.values())


def _dangling(
    value: Procedure,
    existing: Catalogue,
    fields: Collection[str],
    processes: Collection[str] | None,
) -> Iterator[tuple[Path, BrokenRule]]:
    if value.unit not in existing.units:
        yield ("unit",), broken("unit.unknown", value.unit)
    if value.field not in fields:
        yield ("field",), broken("field.unknown", value.field)
    levels = {level.value for level in UnitLevel}
    for unit in value.units:
        if unit not in existing.units and unit not in levels:
            yield ("units",), broken("units.unknown", unit)
    if processes is not None and value.process not in processes:
        yield ("process",), broken("process.unknown", value.process)


def _out_of_turn(
    version: Version, before: Version | None, *, counted: bool
) -> Iterator[tuple[Path, BrokenRule]]:
    """Return what keeps a version from following the one before it; its number only where those of
    all others of its procedure are known.
    """
    value = version.value
    number = before.value.version if before else 0
    if counted and value.version != number + 1:
        yield ("version",), broken("versions.next", number + 1, number or "-")
    if before is not None and before.sound("valid_from"):
        ended = before.value.valid_to if before.sound("valid_to") else None
        rule = too_early(value.valid_from, number, before.value.valid_from, ended)
        if rule is not None:
            yield ("valid_from",), rule
