"""Reader of the catalogue of procedures in TOML files, which reports all mistakes at once.

``data/units.toml`` and ``data/procedures.toml`` are the catalogue that comes with the system; their
first lines explain every key.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from motcua.events.v1.common_pb2 import Channel, ResultChannel, ResultKind, ServiceLevel
from motcua.intake.v1.types_pb2 import FeeTiming
from pydantic import BaseModel, ValidationError

from kernel.documents.toml_files import FileUnreadable, parse_toml, unreadable
from kernel.messages.catalogue import BilingualText
from office.catalogue.data_files import PROCEDURES, UNITS
from office.catalogue.messages import TEXTS, BrokenRule, broken_by_schema
from office.catalogue.model import (
    Catalogue,
    CatalogueUnit,
    Condition,
    ExemptGroup,
    Fee,
    Field,
    Part,
    Procedure,
    build_catalogue,
)
from office.catalogue.rules import (
    CatalogueError,
    CatalogueMistake,
    dangling,
    inconsistent,
    misplaced,
    repeated,
)
from office.catalogue.schema import FieldEntry, ProcedureEntry, UnitEntry, VersionEntry

_Entry = TypeVar("_Entry", bound=BaseModel)


@cache
def shipped_catalogue() -> Catalogue:
    """Return the shipped catalogue, read once."""
    return load_catalogue(PROCEDURES, UNITS)


def load_catalogue(procedures: Path, units: Path) -> Catalogue:
    """Read a catalogue; raise ``CatalogueError`` with every mistake in the entries."""
    content, digest = _read_file(procedures, ("field", "procedure"))
    unit_content, unit_digest = _read_file(units, ("unit",))
    mistakes: list[CatalogueMistake] = []
    unit_entries = _entries(UnitEntry, unit_content, "unit", mistakes)
    field_entries = _entries(FieldEntry, content, "field", mistakes)
    procedure_entries = _entries(ProcedureEntry, content, "procedure", mistakes)
    unit_codes, field_codes = _codes(unit_content["unit"]), _codes(content["field"])
    mistakes += repeated(unit_codes, "unit")
    mistakes += repeated(field_codes, "field")
    mistakes += repeated(_codes(content["procedure"]), "procedure")
    mistakes += misplaced(unit_entries)
    for entry in procedure_entries:
        mistakes += dangling(entry, set(unit_codes), set(field_codes))
        mistakes += inconsistent(entry)
    if mistakes:
        raise CatalogueError(mistakes)
    return build_catalogue(
        (CatalogueUnit(**dict(entry)) for entry in unit_entries),
        (Field(**dict(entry)) for entry in field_entries),
        (
            _procedure_of_entry(entry, version)
            for entry in procedure_entries
            for version in entry.version
        ),
        hashlib.sha256(digest + unit_digest).hexdigest()[:8],
    )


def _read_file(path: Path, keys: tuple[str, ...]) -> tuple[dict[str, list[Any]], bytes]:
    """Return the lists of a file under the keys that it has, and the SHA-256 of its bytes."""
    try:
        raw = path.read_bytes()
        content = parse_toml(raw)
    except OSError as error:
        raise CatalogueError([_file_mistake(path, "file", unreadable(error))]) from error
    except FileUnreadable as error:
        raise CatalogueError([_file_mistake(path, "file", error.text)]) from error
    strange = [key for key in content if key not in keys]
    if strange:
        raise CatalogueError([_file_mistake(path, key, TEXTS.text("file.key")) for key in strange])
    lists = {key: content.get(key, []) for key in keys}
    wrong = [key for key, entries in lists.items() if not isinstance(entries, list) or not entries]
    if wrong:
        raise CatalogueError([_file_mistake(path, key, TEXTS.text("file.tables")) for key in wrong])
    return lists, hashlib.sha256(raw).digest()


def _file_mistake(path: Path, key: str, text: BilingualText) -> CatalogueMistake:
    return CatalogueMistake(path.name, key, BrokenRule("file", text.vi, text.en))


def _entries(
    kind: type[_Entry], content: dict[str, list[Any]], key: str, mistakes: list[CatalogueMistake]
) -> list[_Entry]:
    found = []
    for place, entry in enumerate(content[key], start=1):
        try:
            found.append(kind.model_validate(entry))
        except ValidationError as error:
            name = next(iter(_codes([entry])), "") or f"{key} {place}"
            for fault in error.errors(include_url=False):
                where = ".".join(str(p + 1) if isinstance(p, int) else p for p in fault["loc"])
                mistakes.append(CatalogueMistake(name, where or key, broken_by_schema(dict(fault))))
    return found


def _codes(entries: list[Any]) -> list[str]:
    """Return the codes of raw entries, wrong ones included, so that a mistake is reported once."""
    codes = (entry.get("code") for entry in entries if isinstance(entry, dict))
    return [code for code in codes if isinstance(code, str)]


def _procedure_of_entry(entry: ProcedureEntry, version: VersionEntry) -> Procedure:
    return procedure_of(entry.code, entry.name_vi, entry.name_en, entry.field, entry.unit, version)


def procedure_of(
    code: str, name_vi: str, name_en: str, field: str, unit: str, version: VersionEntry
) -> Procedure:
    """Return the value of a checked version."""
    return Procedure(
        code=code,
        version=version.version,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        name_vi=name_vi,
        name_en=name_en,
        field=field,
        unit=unit,
        level=ServiceLevel.Value(f"SERVICE_LEVEL_{version.level.upper()}"),
        time_limit=version.time_limit,
        online_time_limit=version.online_time_limit,
        same_day=version.same_day,
        parts=tuple(Part(**dict(part)) for part in version.parts),
        fees=tuple(Fee(**dict(fee)) for fee in version.fees),
        channels=tuple(Channel.Value(f"CHANNEL_{channel.upper()}") for channel in version.channels),
        result_channels=tuple(
            ResultChannel.Value(f"RESULT_CHANNEL_{channel.upper()}")
            for channel in version.result_channels
        ),
        process=version.process,
        resume_policy=version.resume_policy,
        units=tuple(version.units),
        conditions=tuple(Condition(**dict(condition)) for condition in version.conditions),
        fee_timing=FeeTiming.Value(_FEE_TIMINGS[version.fee_timing]),
        exempt=tuple(ExemptGroup(**dict(group)) for group in version.exempt),
        result_kind=ResultKind.Value(f"RESULT_KIND_{version.result_kind.upper()}"),
        supplement_rounds=version.supplement_rounds,
        supplement_period=version.supplement_period,
    )


_FEE_TIMINGS = {
    "none": "FEE_TIMING_UNSPECIFIED",
    "before": "FEE_TIMING_BEFORE",
    "after": "FEE_TIMING_AFTER",
}
