"""What a file of procedures says, whatever its form: fields and versions, checked one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from motcua.events.v1.common_pb2 import Channel, ResultChannel, ResultKind, ServiceLevel
from motcua.intake.v1.types_pb2 import FeeTiming
from pydantic import BaseModel, ValidationError

from office.catalogue.files.columns import LISTS, ColumnNotes
from office.catalogue.files.file_errors import MOST_SHOWN, Fault, FileError
from office.catalogue.files.partial_validation import Path, at_fault, filled, touched
from office.catalogue.loader import version_of
from office.catalogue.messages import broken, of_pydantic
from office.catalogue.model import Catalogue, Field, Procedure
from office.catalogue.rules import faults
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
_LOOSE: Final[Mapping[str, type[BaseModel]]] = {
    "part": PartEntry,
    "fee": FeeEntry,
    "condition": ConditionEntry,
    "exempt": ExemptEntry,
}
_E = TypeVar("_E", bound=BaseModel)


@dataclass(slots=True)
class Raw:
    """An entry as it was read: values of the right kinds, and where each of them stands."""

    kind: str
    """``field`` or ``procedure``."""
    values: dict[str, Any]
    row: int
    rows: dict[Path, int] = field(default_factory=dict)
    """The rows of parts, fees and the like, where they have rows of their own."""
    paths: bool = False
    """Columns are told as paths, as in JSON."""
    wrong: set[Path] = field(default_factory=set)
    """What has a mistake; what was faulted while it was read is left out of ``values``."""
    again: bool = False
    """There is an entry of this code and version before it."""

    @property
    def name(self) -> str:
        """The code, as far as there is one."""
        code = self.values.get("code")
        return code if isinstance(code, str) and len(code) <= 64 else ""

    def fault(self, path: Path, broken: Any) -> Fault:
        """Return that the value at a path breaks a rule; list places count from 0."""
        row = self.rows.get(path[:2], self.row)
        if self.paths:
            column = ".".join(str(it + 1) if isinstance(it, int) else it for it in path)
        else:
            # The last name of the path is the column's; places in a list have none.
            column = next((it for it in reversed(path) if isinstance(it, str)), "")
            if self.kind == "procedure" and path == ("code",):
                column = "procedure"
        return Fault(row, column, self.name, broken)


@dataclass(frozen=True)
class Version:
    """A version as far as it is right in itself: something stands for what ``raw.wrong`` names."""

    value: Procedure
    raw: Raw

    def sound(self, *keys: str) -> bool:
        """Return whether keys were read without a mistake."""
        return not at_fault(keys, self.raw.wrong)


@dataclass(frozen=True)
class Document:
    """A file as far as it could be read; ``publishing`` says whether its entries fit."""

    fields: Sequence[tuple[Field, Raw]]
    versions: Sequence[Version]
    notes: ColumnNotes
    faults: Sequence[Fault] = ()
    """What is wrong with its entries, each in itself."""
    field_codes: frozenset[str] = frozenset()
    """The codes of all its fields, those with mistakes too."""


def checked(
    fields: Iterable[Raw],
    versions: Iterable[Raw],
    found: list[Fault],
    notes: ColumnNotes,
    loose: Iterable[Raw] = (),
    further: Iterable[str] = (),
) -> Document:
    """Check entries; ``found`` are the mistakes met before. Raise ``FileError`` for more mistakes
    than are shown.

    ``loose`` are parts, fees and the like of versions that could not be read, ``further`` the codes
    of what might be fields.
    """
    good_fields: list[tuple[Field, Raw]] = []
    codes = set(further)
    for raw in loose:
        _entry(_LOOSE[raw.kind], raw, found)
    for raw in fields:
        codes.add(raw.name)
        entry = _entry(FieldEntry, raw, found)
        if entry is not None:
            good_fields.append((Field(**dict(entry)), raw))
    found_versions: list[Version] = []
    for raw in versions:
        version = _entry(PublishedEntry, raw, found)
        if version is None:
            values = filled(raw.values, raw.wrong, date.min)
            version = PublishedEntry.model_validate(values)
        for key, rule, keys in faults(version):
            path = _path(key)
            if not touched(path, raw.wrong) and not at_fault(keys, raw.wrong):
                found.append(raw.fault(path, rule))
        own = (version.code, version.name_vi, version.name_en, version.field, version.unit)
        found_versions.append(Version(version_of(*own, version), raw))
        if len(found) >= MOST_SHOWN:
            raise FileError(sorted(found)[:MOST_SHOWN])
    return Document(good_fields, found_versions, notes, found, frozenset(codes))


def _entry(kind: type[_E], raw: Raw, found: list[Fault]) -> _E | None:
    """Check an entry; what is wrong is noted, and None given."""
    try:
        return kind.model_validate(raw.values)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        meant = _misspelt(problems)
        for fault in problems:
            path = tuple(fault["loc"])
            if path in meant:
                found.append(raw.fault(path, broken("unknown.near", meant[path][-1])))
            elif not touched(path, raw.wrong) and path not in meant.values():
                found.append(raw.fault(path, of_pydantic(dict(fault))))
        raw.wrong |= {tuple(fault["loc"]) for fault in problems}
    return None


def _misspelt(problems: Sequence[Any]) -> dict[Path, Path]:
    """Return the keys that mean nothing and are near to one that is missing, with that one."""
    missing = [tuple(it["loc"]) for it in problems if it["type"] == "missing"]
    meant: dict[Path, Path] = {}
    for path in (tuple(it["loc"]) for it in problems if it["type"] == "extra_forbidden"):
        beside = [str(it[-1]) for it in missing if it[:-1] == path[:-1]]
        for near in get_close_matches(str(path[-1]).lower(), beside, 1):
            meant[path] = (*path[:-1], near)
    return meant


def _path(key: str) -> Path:
    """Return the path of a key such as ``parts.2.code``, which counts from 1."""
    return tuple(int(it) - 1 if it.isdigit() else it for it in key.split("."))


# -- the other way --------------------------------------------------------------------------------


def field_values(it: Field) -> dict[str, Any]:
    """Return what a file says of a field."""
    return {"code": it.code, "name_vi": it.name_vi, "name_en": it.name_en}


def version_values(it: Procedure) -> dict[str, Any]:
    """Return what a file says of a version, keys and values in the order of the columns."""
    names = {"name_vi": it.name_vi, "name_en": it.name_en}
    return {
        "code": it.code,
        "version": it.version,
        **names,
        "field": it.field,
        "unit": it.unit,
        "units": list(it.units),
        "valid_from": it.valid_from,
        "valid_to": it.valid_to,
        "level": _word(ServiceLevel, "SERVICE_LEVEL_", it.level),
        "time_limit": str(it.time_limit),
        "online_time_limit": None if it.online_time_limit is None else str(it.online_time_limit),
        "same_day": it.same_day,
        "channels": [_word(Channel, "CHANNEL_", way) for way in it.channels],
        "result_channels": [
            _word(ResultChannel, "RESULT_CHANNEL_", way) for way in it.result_channels
        ],
        "result_kind": _word(ResultKind, "RESULT_KIND_", it.result_kind),
        "process": it.process,
        "resume_policy": it.resume_policy,
        "supplement_rounds": it.supplement_rounds,
        "supplement_period": None if it.supplement_period is None else str(it.supplement_period),
        "fee_timing": _TIMINGS[it.fee_timing],
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
            for part in it.parts
        ],
        "fees": [
            {
                "name_vi": fee.name_vi,
                "name_en": fee.name_en,
                "kind": fee.kind.value,
                "amount": fee.amount,
                "per": fee.per.value,
            }
            for fee in it.fees
        ],
        "conditions": [{"name_vi": c.name_vi, "name_en": c.name_en} for c in it.conditions],
        "exempt": [
            {"code": group.code, "name_vi": group.name_vi, "name_en": group.name_en}
            for group in it.exempt
        ],
    }


def everything(catalogue: Catalogue) -> tuple[list[Field], list[Procedure]]:
    """List all fields and versions of a catalogue by code."""
    fields = [catalogue.fields[code] for code in sorted(catalogue.fields)]
    return fields, [
        it for code in sorted(catalogue.procedures) for it in catalogue.procedures[code]
    ]


def _word(enum: Any, prefix: str, number: int) -> str:
    return str(enum.Name(number)).removeprefix(prefix).lower()


def differing(one: Procedure, other: Procedure) -> Iterator[Path]:
    """Return the paths of ``other`` at which two versions differ."""
    values, others = version_values(one), version_values(other)
    for key, value in values.items():
        if value == others[key]:
            continue
        if key not in LISTS.values() or len(others[key]) < len(value):
            yield (key,)
        else:
            yield from _differing_items(key, value, others[key])


def _differing_items(
    key: str, values: list[dict[str, Any]], others: list[dict[str, Any]]
) -> Iterator[Path]:
    for place, item in enumerate(others):
        if place >= len(values):
            yield (key, place)
        else:
            yield from ((key, place, name) for name in item if item[name] != values[place][name])
