"""What a file of procedures adds to a catalogue, in which published versions never change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from office.catalogue.files.document import (
    ProcedureDocument,
    ProcedureReader,
    differing_paths,
)
from office.catalogue.files.file_errors import ProcedureFileError
from office.catalogue.loader import published_version
from office.catalogue.messages import broken_rule
from office.catalogue.model import Catalogue, Field, Procedure, build_catalogue
from office.catalogue.rules import note, strange_units, too_early
from office.catalogue.schema import PublishedEntry


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
    reader = document.reader
    fields = _fields(document, existing)
    known_fields = {*existing.fields, *document.field_codes}
    new: list[PublishedEntry] = []
    unchanged = len(document.fields) - len(fields)
    latest: dict[str, Procedure | PublishedEntry] = {
        code: versions[-1] for code, versions in existing.procedures.items()
    }
    unsure = {getattr(it, "code", "") for it in document.versions if not hasattr(it, "version")}
    for entry in sorted(document.versions, key=_turn):
        placed = (
            hasattr(entry, "code")
            and hasattr(entry, "version")
            and entry.path not in reader.repeated
        )
        published = existing.version(entry.code, entry.version) if placed else None
        if published is not None:
            rule = broken_rule("published", existing.procedures[entry.code][-1].version + 1)
            differing = list(differing_paths(published, entry, reader))
            for path in differing:
                note(reader, (*entry.path, *path), rule)
            unchanged += not differing
            continue
        _check_names(entry, existing, known_fields, processes, reader)
        if placed:
            counted = entry.code not in unsure
            _check_turn(entry, latest.get(entry.code), reader, counted=counted)
            latest[entry.code] = entry
        new.append(entry)
    if reader.mistakes:
        raise ProcedureFileError(reader.mistakes)
    return CatalogueAddition(tuple(fields), tuple(map(published_version, new)), unchanged)


def _turn(entry: PublishedEntry) -> tuple[str, int]:
    return getattr(entry, "code", ""), getattr(entry, "version", 0)


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


def _fields(document: ProcedureDocument, existing: Catalogue) -> list[Field]:
    new: dict[str, Field] = {}
    reader = document.reader
    for entry in document.fields:
        with reader.rule():
            published = existing.fields.get(entry.code)
            if entry.code in new:
                note(reader, (*entry.path, "code"), broken_rule("repeated", entry.code))
            elif published is None:
                new[entry.code] = Field(entry.code, entry.name_vi, entry.name_en)
            else:
                for key in ("name_vi", "name_en"):
                    if getattr(published, key) != getattr(entry, key):
                        note(reader, (*entry.path, key), broken_rule("published.field"))
    return list(new.values())


def _check_names(
    entry: PublishedEntry,
    existing: Catalogue,
    fields: Collection[str],
    processes: Collection[str] | None,
    reader: ProcedureReader,
) -> None:
    for key, known in (("unit", existing.units), ("field", fields), ("process", processes)):
        name = getattr(entry, key, None)
        if name is not None and known is not None and name not in known:
            note(reader, (*entry.path, key), broken_rule(f"{key}.unknown", name))
    for unit in strange_units(getattr(entry, "units", ()), existing.units):
        note(reader, (*entry.path, "units"), broken_rule("units.unknown", unit))


def _check_turn(
    entry: PublishedEntry,
    before: Procedure | PublishedEntry | None,
    reader: ProcedureReader,
    *,
    counted: bool,
) -> None:
    """Note the rules by which a version can't follow the one before it.

    Its number is checked only if ``counted``: the numbers of all its siblings are known.
    """
    number = before.version if before else 0
    if counted and entry.version != number + 1:
        rule = broken_rule("versions.next", number + 1, latest=number or "-")
        note(reader, (*entry.path, "version"), rule)
    if before is not None:
        with reader.rule():
            ended = getattr(before, "valid_to", None)
            late = too_early(entry.valid_from, number, before.valid_from, ended)
            if late is not None:
                note(reader, (*entry.path, "valid_from"), late)
