"""The content of a file of procedures in any format: fields and versions, checked one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from motcua.events.v1.common_pb2 import Channel, ResultChannel, ResultKind, ServiceLevel
from motcua.intake.v1.types_pb2 import FeeTiming
from pydantic import BaseModel, ValidationError

from kernel.documents.mistakes import KeyPath
from office.catalogue.files.columns import LISTS, Corrections
from office.catalogue.files.file_errors import MOST_SHOWN, FileMistake, ProcedureFileError
from office.catalogue.files.partial_validation import (
    has_mistake,
    overlaps_mistake,
    with_placeholders,
)
from office.catalogue.loader import procedure_of
from office.catalogue.messages import broken_by_schema, broken_rule
from office.catalogue.model import Catalogue, Field, Procedure
from office.catalogue.rules import version_faults
from office.catalogue.schema import (
    ConditionEntry,
    ExemptEntry,
    FeeEntry,
    FieldEntry,
    PartEntry,
    PublishedEntry,
)

FORMAT: Final = "motcua-procedures/1"
_TIMINGS: Final[dict[int, str]] = {
    FeeTiming.FEE_TIMING_UNSPECIFIED: "none",
    FeeTiming.FEE_TIMING_BEFORE: "before",
    FeeTiming.FEE_TIMING_AFTER: "after",
}
_PART_SCHEMAS: Final[Mapping[str, type[BaseModel]]] = {
    "part": PartEntry,
    "fee": FeeEntry,
    "condition": ConditionEntry,
    "exempt": ExemptEntry,
}
_Schema = TypeVar("_Schema", bound=BaseModel)


@dataclass(slots=True)
class RawEntry:
    """An entry as read: values of the right kinds, with the places at which they are."""

    kind: str
    """``field`` or ``procedure``."""
    values: dict[str, Any]
    row: int
    rows: dict[KeyPath, int] = field(default_factory=dict)
    """The rows of parts, fees and the like, where they have rows of their own."""
    in_json: bool = False
    """Whether mistakes name paths of the JSON format instead of columns."""
    wrong: set[KeyPath] = field(default_factory=set)
    """The paths with mistakes; values that could not be read are missing in ``values``."""
    repeated: bool = False
    """Whether an earlier entry has the same code and version."""

    @property
    def name(self) -> str:
        """The code, as far as there is one."""
        code = self.values.get("code")
        return code if isinstance(code, str) and len(code) <= 64 else ""

    def mistake(self, path: KeyPath, rule: Any) -> FileMistake:
        """Return the mistake of the value at a path; places in lists count from 0."""
        row = self.rows.get(path[:2], self.row)
        if self.in_json:
            column = ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
        else:
            # The last name of the path is the column's; places in a list have none.
            column = next((part for part in reversed(path) if isinstance(part, str)), "")
            if self.kind == "procedure" and path == ("code",):
                column = "procedure"
        return FileMistake(row, column, self.name, rule)


@dataclass(frozen=True)
class ParsedVersion:
    """A version with placeholders for the values that ``raw.wrong`` names."""

    value: Procedure
    raw: RawEntry

    def sound(self, *keys: str) -> bool:
        """Return whether keys were read without a mistake."""
        return not has_mistake(keys, self.raw.wrong)


@dataclass(frozen=True)
class ProcedureDocument:
    """A file as far as it could be read; ``additions`` checks it against the catalogue."""

    fields: Sequence[tuple[Field, RawEntry]]
    versions: Sequence[ParsedVersion]
    corrections: Corrections
    mistakes: Sequence[FileMistake] = ()
    """The mistakes within its entries."""
    field_codes: frozenset[str] = frozenset()
    """The codes of all its fields, those with mistakes too."""


def check_entries(
    fields: Iterable[RawEntry],
    versions: Iterable[RawEntry],
    mistakes: list[FileMistake],
    corrections: Corrections,
    orphans: Iterable[RawEntry] = (),
    field_codes: Iterable[str] = (),
) -> ProcedureDocument:
    """Check entries; ``found`` are the mistakes met before. Raise ``FileError`` for more mistakes
    than are shown.

    ``loose`` are parts, fees and the like of versions that could not be read, ``further`` the codes
    of what might be fields.
    """
    good_fields: list[tuple[Field, RawEntry]] = []
    codes = set(field_codes)
    for raw in orphans:
        _entry(_PART_SCHEMAS[raw.kind], raw, mistakes)
    for raw in fields:
        codes.add(raw.name)
        entry = _entry(FieldEntry, raw, mistakes)
        if entry is not None:
            good_fields.append((Field(**dict(entry)), raw))
    found_versions: list[ParsedVersion] = []
    for raw in versions:
        version = _entry(PublishedEntry, raw, mistakes)
        if version is None:
            values = with_placeholders(raw.values, raw.wrong, date.min)
            version = PublishedEntry.model_validate(values)
        for key, rule, keys in version_faults(version):
            path = _path(key)
            if not overlaps_mistake(path, raw.wrong) and not has_mistake(keys, raw.wrong):
                mistakes.append(raw.mistake(path, rule))
        own = (version.code, version.name_vi, version.name_en, version.field, version.unit)
        found_versions.append(ParsedVersion(procedure_of(*own, version), raw))
        if len(mistakes) >= MOST_SHOWN:
            raise ProcedureFileError(sorted(mistakes)[:MOST_SHOWN])
    return ProcedureDocument(good_fields, found_versions, corrections, mistakes, frozenset(codes))


def _entry(kind: type[_Schema], raw: RawEntry, mistakes: list[FileMistake]) -> _Schema | None:
    """Return a checked entry; None after adding its mistakes."""
    try:
        return kind.model_validate(raw.values)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        meant = _misspelt(problems)
        for problem in problems:
            path = tuple(problem["loc"])
            if path in meant:
                mistakes.append(raw.mistake(path, broken_rule("unknown.near", meant[path][-1])))
            elif not overlaps_mistake(path, raw.wrong) and path not in meant.values():
                mistakes.append(raw.mistake(path, broken_by_schema(dict(problem))))
        raw.wrong |= {tuple(problem["loc"]) for problem in problems}
    return None


def _misspelt(problems: Sequence[Any]) -> dict[KeyPath, KeyPath]:
    """Return the unknown keys that resemble a missing one, with the path of that one."""
    missing = [tuple(problem["loc"]) for problem in problems if problem["type"] == "missing"]
    meant: dict[KeyPath, KeyPath] = {}
    for path in (
        tuple(problem["loc"]) for problem in problems if problem["type"] == "extra_forbidden"
    ):
        siblings = [str(problem[-1]) for problem in missing if problem[:-1] == path[:-1]]
        for near in get_close_matches(str(path[-1]).lower(), siblings, 1):
            meant[path] = (*path[:-1], near)
    return meant


def _path(key: str) -> KeyPath:
    """Return the path of a key such as ``parts.2.code``, which counts from 1."""
    return tuple(int(part) - 1 if part.isdigit() else part for part in key.split("."))


# -- writing --------------------------------------------------------------------------------------


def field_values(entry: Field) -> dict[str, Any]:
    """Return a field as the values of a file."""
    return {"code": entry.code, "name_vi": entry.name_vi, "name_en": entry.name_en}


def version_values(procedure: Procedure) -> dict[str, Any]:
    """Return a version as the values of a file, in the order of the columns."""
    names = {"name_vi": procedure.name_vi, "name_en": procedure.name_en}
    return {
        "code": procedure.code,
        "version": procedure.version,
        **names,
        "field": procedure.field,
        "unit": procedure.unit,
        "units": list(procedure.units),
        "valid_from": procedure.valid_from,
        "valid_to": procedure.valid_to,
        "level": _enum_word(ServiceLevel, "SERVICE_LEVEL_", procedure.level),
        "time_limit": str(procedure.time_limit),
        "online_time_limit": None
        if procedure.online_time_limit is None
        else str(procedure.online_time_limit),
        "same_day": procedure.same_day,
        "channels": [_enum_word(Channel, "CHANNEL_", channel) for channel in procedure.channels],
        "result_channels": [
            _enum_word(ResultChannel, "RESULT_CHANNEL_", channel)
            for channel in procedure.result_channels
        ],
        "result_kind": _enum_word(ResultKind, "RESULT_KIND_", procedure.result_kind),
        "process": procedure.process,
        "resume_policy": procedure.resume_policy,
        "supplement_rounds": procedure.supplement_rounds,
        "supplement_period": None
        if procedure.supplement_period is None
        else str(procedure.supplement_period),
        "fee_timing": _TIMINGS[procedure.fee_timing],
        "parts": [
            {
                "code": part.code,
                "name_vi": part.name_vi,
                "name_en": part.name_en,
                "kind": part.kind.value,
                "copies": part.copies,
                "required": part.required,
                "form": part.form,
            }
            for part in procedure.parts
        ],
        "fees": [
            {
                "name_vi": fee.name_vi,
                "name_en": fee.name_en,
                "kind": fee.kind.value,
                "amount": fee.amount,
                "per": fee.per.value,
            }
            for fee in procedure.fees
        ],
        "conditions": [{"name_vi": c.name_vi, "name_en": c.name_en} for c in procedure.conditions],
        "exempt": [
            {"code": group.code, "name_vi": group.name_vi, "name_en": group.name_en}
            for group in procedure.exempt
        ],
    }


def all_entries(catalogue: Catalogue) -> tuple[list[Field], list[Procedure]]:
    """Return all fields and versions of a catalogue by code."""
    fields = [catalogue.fields[code] for code in sorted(catalogue.fields)]
    return fields, [
        procedure
        for code in sorted(catalogue.procedures)
        for procedure in catalogue.procedures[code]
    ]


def _enum_word(enum: Any, prefix: str, number: int) -> str:
    return str(enum.Name(number)).removeprefix(prefix).lower()


def differing_paths(published: Procedure, other: Procedure) -> Iterator[KeyPath]:
    """Yield the paths of ``other`` at which it differs from the published version."""
    values, others = version_values(published), version_values(other)
    for key, value in values.items():
        if value == others[key]:
            continue
        if key not in LISTS.values() or len(others[key]) < len(value):
            yield (key,)
        else:
            yield from _differing_items(key, value, others[key])


def _differing_items(
    key: str, values: list[dict[str, Any]], others: list[dict[str, Any]]
) -> Iterator[KeyPath]:
    for place, item in enumerate(others):
        if place >= len(values):
            yield (key, place)
        else:
            yield from ((key, place, name) for name in item if item[name] != values[place][name])
