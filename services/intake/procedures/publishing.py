"""Decides what a file of procedures adds to a catalogue. A published version is only followed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from services.intake.catalogue import Catalogue, Field, Procedure, UnitLevel, catalogue
from services.intake.catalogue_rules import too_early
from services.intake.catalogue_texts import Broken, broken
from services.intake.procedures.document import Document, Path, Version, differing
from services.intake.procedures.faults import MOST_SHOWN, Fault, FileError


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
    """Check a document against what is published; raises ``FileError`` with every mistake.

    ``processes`` are the names that a new version may have as its process; None: any.
    """
    found: list[Fault] = []
    fields = _fields(document, existing, found)
    known_fields = {*existing.fields, *(it.code for it, _ in document.fields)}
    new: list[Version] = []
    unchanged = len(document.fields) - len(fields)
    latest = {code: versions[-1] for code, versions in existing.procedures.items()}
    for version in sorted(document.versions, key=lambda v: (v.value.code, v.value.version)):
        value = version.value
        published = existing.version(value.code, value.version)
        if published is not None:
            wrong: Iterable[tuple[Path, Broken]]
            following = latest[value.code].version + 1
            wrong = [(it, broken("published", following)) for it in differing(published, value)]
            unchanged += not wrong
        else:
            wrong = [
                *_dangling(value, existing, known_fields, processes),
                *_out_of_turn(value, latest.get(value.code)),
            ]
            latest[value.code] = value
            new.append(version)
        found += [version.raw.fault(path, rule) for path, rule in wrong]
    if found:
        raise FileError(sorted(found)[:MOST_SHOWN])
    return Addition(tuple(fields), tuple(it.value for it in new), unchanged)


def extended(existing: Catalogue, added: Addition, digest: str) -> Catalogue:
    """Give a catalogue with what was added."""
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
) -> Iterator[tuple[Path, Broken]]:
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


def _out_of_turn(value: Procedure, before: Procedure | None) -> Iterator[tuple[Path, Broken]]:
    number = before.version if before else 0
    if value.version != number + 1:
        yield ("version",), broken("versions.next", number + 1, number or "-")
    if before is not None:
        rule = too_early(value.valid_from, before.version, before.valid_from, before.valid_to)
        if rule is not None:
            yield ("valid_from",), rule
