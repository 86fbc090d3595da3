"""What a file of procedures adds to a catalogue, in which published versions never change."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kernel.documents.mistakes import KeyPath
from office.catalogue.files.document import (
    ParsedVersion,
    ProcedureDocument,
    RawEntry,
    differing_paths,
)
from office.catalogue.files.file_errors import MOST_SHOWN, FileMistake, ProcedureFileError
from office.catalogue.files.partial_validation import overlaps_mistake
from office.catalogue.messages import BrokenRule, broken_rule
from office.catalogue.model import Catalogue, Field, Procedure, UnitLevel, build_catalogue
from office.catalogue.rules import too_early


@dataclass(frozen=True)
class CatalogueAddition:
    """The new entries of a file, and the number of entries that are published with equal values."""

    fields: tuple[Field, ...]
    versions: tuple[Procedure, ...]
    """In the order in which they are published: by code, then by number."""
    unchanged: int

    @property
    def empty(self) -> bool:
        """Whether nothing is new."""
        return not self.fields and not self.versions


def check_addition(
    document: ProcedureDocument, existing: Catalogue, processes: Collection[str] | None = None
) -> CatalogueAddition:
    """Return what a document adds to a catalogue; raise ``ProcedureFileError`` with every mistake.

    ``processes`` are the names that a new version may have as its process; None: any.
    """
    mistakes = list(document.mistakes)
    fields = _fields(document, existing, mistakes)
    known_fields = {*existing.fields, *document.field_codes}
    new: list[ParsedVersion] = []
    unchanged = len(document.fields) - len(fields)
    latest = {
        code: ParsedVersion(versions[-1], RawEntry("", {}, 0))
        for code, versions in existing.procedures.items()
    }
    unsure = {parsed.value.code for parsed in document.versions if not parsed.sound("version")}
    for version in sorted(document.versions, key=lambda v: (v.value.code, v.value.version)):
        value, wrong = version.value, list[tuple[KeyPath, BrokenRule]]()
        placed = version.sound("code", "version") and not version.raw.repeated
        published = existing.version(value.code, value.version) if placed else None
        if published is not None:
            following = existing.procedures[value.code][-1].version + 1
            wrong = [
                (parsed, broken_rule("published", following))
                for parsed in differing_paths(published, value)
            ]
            unchanged += not wrong
        else:
            wrong = list(_dangling(value, existing, known_fields, processes))
            if placed:
                counted = value.code not in unsure
                wrong += _out_of_turn(version, latest.get(value.code), counted=counted)
                latest[value.code] = version
            new.append(version)
        at_fault = version.raw.wrong
        mistakes += [
            version.raw.mistake(path, rule)
            for path, rule in wrong
            if path == ("units",) or not overlaps_mistake(path, at_fault)
        ]
    if mistakes:
        raise ProcedureFileError(sorted(mistakes)[:MOST_SHOWN])
    return CatalogueAddition(tuple(fields), tuple(parsed.value for parsed in new), unchanged)


def extended_catalogue(existing: Catalogue, added: CatalogueAddition, digest: str) -> Catalogue:
    """Return a catalogue with an addition."""
    fields = {
        **existing.fields,
        **{
            administration_field.code: administration_field for administration_field in added.fields
        },
    }
    before = (version for versions in existing.procedures.values() for version in versions)
    return build_catalogue(
        existing.units.values(), fields.values(), [*before, *added.versions], digest
    )


def _fields(
    document: ProcedureDocument, existing: Catalogue, mistakes: list[FileMistake]
) -> list[Field]:
    new: dict[str, Field] = {}
    for value, raw in document.fields:
        published = existing.fields.get(value.code)
        if value.code in new:
            mistakes.append(raw.mistake(("code",), broken_rule("repeated", value.code)))
        elif published is None:
            new[value.code] = value
        elif published != value:
            for key in ("name_vi", "name_en"):
                if getattr(published, key) != getattr(value, key):
                    mistakes.append(raw.mistake((key,), broken_rule("published.field")))
    return list(new.values())


def _dangling(
    value: Procedure,
    existing: Catalogue,
    fields: Collection[str],
    processes: Collection[str] | None,
) -> Iterator[tuple[KeyPath, BrokenRule]]:
    if value.unit not in existing.units:
        yield ("unit",), broken_rule("unit.unknown", value.unit)
    if value.field not in fields:
        yield ("field",), broken_rule("field.unknown", value.field)
    levels = {level.value for level in UnitLevel}
    for unit in value.units:
        if unit not in existing.units and unit not in levels:
            yield ("units",), broken_rule("units.unknown", unit)
    if processes is not None and value.process not in processes:
        yield ("process",), broken_rule("process.unknown", value.process)


def _out_of_turn(
    version: ParsedVersion, before: ParsedVersion | None, *, counted: bool
) -> Iterator[tuple[KeyPath, BrokenRule]]:
    """Yield the rules by which a version can't follow the one before it.

    Its number is checked only if ``counted``: the numbers of all its siblings are known.
    """
    value = version.value
    number = before.value.version if before else 0
    if counted and value.version != number + 1:
        yield ("version",), broken_rule("versions.next", number + 1, latest=number or "-")
    if before is not None and before.sound("valid_from"):
        ended = before.value.valid_to if before.sound("valid_to") else None
        rule = too_early(value.valid_from, number, before.value.valid_from, ended)
        if rule is not None:
            yield ("valid_from",), rule
