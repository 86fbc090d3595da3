"""What a file of procedures says, whatever its form: fields and versions, checked one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from motcua.events.v1.common_pb2 import Channel, ResultChannel, ServiceLevel
from motcua.events.v1.desk_events_pb2 import FeeTiming, ResultKind
from pydantic import BaseModel, ValidationError

from services.intake.catalogue import Catalogue, Field, Procedure
from services.intake.catalogue_files import version_of
from services.intake.catalogue_rules import faults
from services.intake.catalogue_schema import FieldEntry, PublishedEntry
from services.intake.catalogue_texts import of_pydantic
from services.intake.procedures.columns import LISTS, Notes
from services.intake.procedures.faults import MOST_SHOWN, Fault, FileError

FORMAT: Final = "motcua-procedures/1"
_TIMINGS: Final[dict[int, str]] = {
    FeeTiming.FEE_TIMING_UNSPECIFIED: "none",
    FeeTiming.FEE_TIMING_BEFORE: "before",
    FeeTiming.FEE_TIMING_AFTER: "after",
}
Path = tuple[str | int, ...]
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
    """What was faulted while it was read, and is left out of ``values``."""

    @property
    def name(self) -> str:
        """The code, as far as there is one."""
        code = self.values.get("code")
        return code if isinstance(code, str) and len(code) <= 64 else ""

    def fault(self, path: Path, broken: Any) -> Fault:
        """Say that the value at a path breaks a rule; list places count from 0."""
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
    """A version that is right in itself."""

    value: Procedure
    raw: Raw


@dataclass(frozen=True)
class Document:
    """A file whose entries are right, each in itself; ``publishing`` says whether they fit."""

    fields: Sequence[tuple[Field, Raw]]
    versions: Sequence[Version]
    notes: Notes


def checked(
    fields: Iterable[Raw], versions: Iterable[Raw], found: list[Fault], notes: Notes
) -> Document:
    """Check entries; ``found`` are the mistakes met before. Raises ``FileError`` with all."""
    good_fields: list[tuple[Field, Raw]] = []
    for raw in fields:
        entry = _entry(FieldEntry, raw, found)
        if entry is not None:
            good_fields.append((Field(**dict(entry)), raw))
    good_versions: list[Version] = []
    for raw in versions:
        version = _entry(PublishedEntry, raw, found)
        if version is None:
            continue
        for key, rule in faults(version):
            found.append(raw.fault(_path(key), rule))
        own = (version.code, version.name_vi, version.name_en, version.field, version.unit)
        good_versions.append(Version(version_of(*own, version), raw))
    if found:
        raise FileError(sorted(found)[:MOST_SHOWN])
    return Document(good_fields, good_versions, notes)


def _entry(kind: type[_E], raw: Raw, found: list[Fault]) -> _E | None:
    try:
        return kind.model_validate(raw.values)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            path = tuple(fault["loc"])
            if path not in raw.wrong:
                found.append(raw.fault(path, of_pydantic(dict(fault))))
        return None


def _path(key: str) -> Path:
    """Give the path of a key such as ``parts.2.code``, which counts from 1."""
    return tuple(int(it) - 1 if it.isdigit() else it for it in key.split("."))


# -- the other way --------------------------------------------------------------------------------


def field_values(it: Field) -> dict[str, Any]:
    """Give what a file says of a field."""
    return {"code": it.code, "name_vi": it.name_vi, "name_en": it.name_en}


def version_values(it: Procedure) -> dict[str, Any]:
    """Give what a file says of a version, keys and values in the order of the columns."""
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
    """Name the paths of ``other`` at which two versions differ."""
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
