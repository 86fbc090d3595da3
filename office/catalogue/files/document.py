"""The content of a file of procedures in any format: fields and versions, checked one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final, TypeVar

from motcua.events.v1.common_pb2 import Channel, ResultChannel, ResultKind, ServiceLevel
from motcua.intake.v1.types_pb2 import FeeTiming

from kernel.documents.mistakes import KeyPath, Position
from kernel.documents.reading import DocumentReader, DocumentTable, read_document
from kernel.messages.catalogue import BilingualText
from office.catalogue.files.columns import LISTS, USED, Corrections
from office.catalogue.files.file_errors import MOST_SHOWN, FileMistake, ProcedureFileError
from office.catalogue.messages import words_of
from office.catalogue.model import (
    Catalogue,
    Condition,
    ExemptGroup,
    Fee,
    Field,
    Part,
    Procedure,
)
from office.catalogue.rules import check_version
from office.catalogue.schema import (
    ConditionEntry,
    ExemptEntry,
    FeeEntry,
    FieldEntry,
    PartEntry,
    PublishedEntry,
)
from office.worktime.durations import Duration, TimeLimit

FORMAT: Final = "motcua-procedures/1"
_TIMINGS: Final[dict[int, str]] = {
    FeeTiming.FEE_TIMING_UNSPECIFIED: "none",
    FeeTiming.FEE_TIMING_BEFORE: "before",
    FeeTiming.FEE_TIMING_AFTER: "after",
}
_ORPHANS: Final[Mapping[str, type[DocumentTable]]] = {
    "part": PartEntry,
    "fee": FeeEntry,
    "condition": ConditionEntry,
    "exempt": ExemptEntry,
}
_KEYS: Final = ("code", *USED["procedure"][1:], *LISTS.values())
"""The keys of a version, in the order of the columns."""
_SINGULAR: Final = {"fields": "field", "procedures": "procedure"}
_LONGEST: Final = 40
"""Characters of an unknown key that are shown."""
_Table = TypeVar("_Table", bound=DocumentTable)


class ProcedureReader(DocumentReader):
    """The mistakes of one file. Its content are lists: ``fields``, ``procedures``, and under their
    kinds the parts, fees and the like of versions that could not be read.
    """

    mistakes: list[FileMistake]  # type: ignore[assignment]

    def __init__(
        self, content: Any, positions: Callable[[], Mapping[KeyPath, Position]] | None = None
    ) -> None:
        """``positions`` are those of a JSON file; without, the file is a table."""
        super().__init__("", content, positions or dict, words=words_of)
        self.in_json = positions is not None
        self.row_numbers: dict[KeyPath, int] = {}
        """The rows of a table in which entries, parts, fees and the like stand."""
        self.columns: Sequence[str] = ()
        self.repeated: set[KeyPath] = set()
        """The versions of which there is an earlier one."""
        self.corrections = Corrections()

    def place_of(self, path: KeyPath) -> Position:
        if self.in_json:
            return super().place_of(path)
        row = self.row_numbers.get(path[:4]) or self.row_numbers.get(path[:2], 0)
        name = self.where(path)
        return row, self.columns.index(name) + 1 if name in self.columns else 1

    def where(self, path: KeyPath) -> str:
        """Return the name of a value's column, in JSON its path within the entry."""
        if self.in_json:
            parts = (str(part + 1) if isinstance(part, int) else part for part in path[2:])
            return ".".join(part[:_LONGEST] for part in parts) or _SINGULAR.get(str(path[0]), "")
        if path[:1] == ("procedures",) and path[2:] == ("code",):
            return "procedure"
        return next((part for part in reversed(path[2:]) if isinstance(part, str)), "")

    def note(
        self,
        place: Position,
        where: str,
        rule: str,
        text: BilingualText,
        path: KeyPath = (),
        entry: str = "",
    ) -> None:
        row = place[0]
        if self.in_json:
            row = int(path[1]) + 1 if len(path) > 1 else 0
        code = entry or self.value_at((*path[:2], "code"))
        called = code if isinstance(code, str) and len(code) <= 64 else ""
        self.add(FileMistake("", *place, where, rule, text, path, row, called))

    def limit(self) -> None:
        """Raise ``ProcedureFileError`` for more mistakes than are shown."""
        if len(self.mistakes) >= MOST_SHOWN:
            raise ProcedureFileError(self.mistakes)


@dataclass(frozen=True)
class ProcedureDocument:
    """A file as far as it could be read; ``additions`` checks it against the catalogue."""

    reader: ProcedureReader
    fields: Sequence[FieldEntry]
    versions: Sequence[PublishedEntry]
    field_codes: Collection[str]
    """The codes of all its fields, those with mistakes too."""


def check_entries(reader: ProcedureReader, field_codes: Collection[str] = ()) -> ProcedureDocument:
    """Check the entries of a file each by itself. Raise ``ProcedureFileError`` for more mistakes
    than are shown.

    ``field_codes`` are the codes of what might be fields.
    """
    for kind, model in _ORPHANS.items():
        list(_entries(model, reader, kind))
    fields = list(_entries(FieldEntry, reader, "fields"))
    versions = []
    for version in _entries(PublishedEntry, reader, "procedures"):
        check_version(version, reader)
        versions.append(version)
    listed = (row.get("code") for row in reader.content["fields"] if isinstance(row, dict))
    codes = {code for code in listed if isinstance(code, str)}
    return ProcedureDocument(reader, fields, versions, codes | set(field_codes))


def _entries(model: type[_Table], reader: ProcedureReader, key: str) -> Iterator[_Table]:
    for place in range(len(reader.content.get(key, ()))):
        entry = read_document(model, reader, (key, place))
        if entry is not None:
            yield entry
        reader.limit()


# -- writing --------------------------------------------------------------------------------------


def field_values(entry: Field) -> dict[str, Any]:
    """Return a field as the values of a file."""
    return {"code": entry.code, "name_vi": entry.name_vi, "name_en": entry.name_en}


def version_values(procedure: Procedure) -> dict[str, Any]:
    """Return a version as the values of a file, in the order of the columns."""
    return {
        **{key: _written(getattr(procedure, key)) for key in _KEYS},
        "level": _word(ServiceLevel, procedure.level),
        "channels": [_word(Channel, channel) for channel in procedure.channels],
        "result_channels": [_word(ResultChannel, it) for it in procedure.result_channels],
        "result_kind": _word(ResultKind, procedure.result_kind),
        "fee_timing": _TIMINGS[procedure.fee_timing],
    }


def all_entries(catalogue: Catalogue) -> tuple[list[Field], list[Procedure]]:
    """Return all fields and versions of a catalogue by code."""
    fields = [catalogue.fields[code] for code in sorted(catalogue.fields)]
    return fields, [
        procedure
        for code in sorted(catalogue.procedures)
        for procedure in catalogue.procedures[code]
    ]


def _word(enum: Any, number: int) -> str:
    """Return a value of an enumeration without its prefix, which is the enumeration's name."""
    prefix = re.sub("(?<=[a-z])(?=[A-Z])", "_", enum.DESCRIPTOR.name).upper()
    return str(enum.Name(number)).removeprefix(f"{prefix}_").lower()


def differing_paths(
    published: Procedure, other: PublishedEntry, reader: ProcedureReader
) -> Iterator[KeyPath]:
    """Yield the keys of ``other`` that are sound and differ from the published version."""
    others = _written(other)
    for key, value in version_values(published).items():
        given = reader.value_at((*other.path, key))
        partly = isinstance(given, list) and len(given) > len(others.get(key, given))
        if key not in others or value == others[key] or partly:
            continue
        if key not in LISTS.values() or len(others[key]) < len(value):
            yield (key,)
        else:
            yield from _differing_items(key, value, others[key])


def _written(value: Any) -> Any:
    """Return a value, of an entry what is sound, as a file holds it."""
    match value:
        case DocumentTable():
            return {key: _written(item) for key, item in value.__dict__.items()}
        case Part() | Fee() | Condition() | ExemptGroup():
            return {each.name: _written(getattr(value, each.name)) for each in fields(value)}
        case list() | tuple():
            return [_written(item) for item in value]
        case Enum():
            return value.value
        case TimeLimit() | Duration():
            return str(value)
    return value


def _differing_items(
    key: str, values: list[dict[str, Any]], others: list[dict[str, Any]]
) -> Iterator[KeyPath]:
    for place, item in enumerate(others):
        if place >= len(values):
            yield (key, place)
        else:
            yield from ((key, place, name) for name in item if item[name] != values[place][name])
