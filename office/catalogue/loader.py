"""Reader of the catalogue of procedures in TOML files, which reports all mistakes at once.

``data/units.toml`` and ``data/procedures.toml`` are the catalogue that comes with the system; their
first lines explain every key.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from motcua.events.v1.common_pb2 import Channel, ResultChannel, ResultKind, ServiceLevel
from motcua.intake.v1.types_pb2 import FeeTiming

from kernel.documents.reading import open_toml, read_document
from office.catalogue.data_files import PROCEDURES, UNITS
from office.catalogue.messages import words_of
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
from office.catalogue.rules import check_procedure, check_repeated, check_units
from office.catalogue.schema import ProceduresFile, PublishedEntry, UnitsFile, VersionEntry


@cache
def shipped_catalogue() -> Catalogue:
    """Return the shipped catalogue, read once."""
    return load_catalogue(PROCEDURES, UNITS)


def load_catalogue(procedures: Path, units: Path) -> Catalogue:
    """Read a catalogue; raise ``DocumentError`` with every mistake in the entries."""
    own = open_toml(procedures, name=procedures.name, words=words_of)
    other = open_toml(units, name=units.name, words=words_of)
    file, unit_file = read_document(ProceduresFile, own), read_document(UnitsFile, other)
    unit_entries = getattr(unit_file, "unit", [])
    field_entries, entries = (getattr(file, key, []) for key in ("field", "procedure"))
    check_units(unit_entries, other)
    check_repeated(field_entries, "code", own)
    check_repeated(entries, "code", own)
    unit_codes, field_codes = (
        {str(row["code"]) for row in reader.rows(key) if "code" in row}
        for reader, key in ((other, "unit"), (own, "field"))
    )
    for entry in entries:
        check_procedure(entry, unit_codes, field_codes, own)
    own.raise_mistakes(other)
    digests = [hashlib.sha256(path.read_bytes()).digest() for path in (procedures, units)]
    return build_catalogue(
        (CatalogueUnit(**dict(entry)) for entry in unit_entries),
        (Field(**dict(entry)) for entry in field_entries),
        (
            _procedure(version, {**dict(version), **dict(it), "version": version.version})
            for it in entries
            for version in it.version
        ),
        hashlib.sha256(b"".join(digests)).hexdigest()[:8],
    )


def published_version(version: PublishedEntry) -> Procedure:
    """Return the value of a checked version that has the keys of its procedure."""
    return _procedure(version, dict(version))


def _procedure(version: VersionEntry, values: dict[str, Any]) -> Procedure:
    """Return the value of a version; ``values`` are those of all its keys."""
    made = {
        "level": ServiceLevel.Value(f"SERVICE_LEVEL_{version.level.upper()}"),
        "parts": tuple(Part(**dict(part)) for part in version.parts),
        "fees": tuple(Fee(**dict(fee)) for fee in version.fees),
        "channels": tuple(Channel.Value(f"CHANNEL_{it.upper()}") for it in version.channels),
        "result_channels": tuple(
            ResultChannel.Value(f"RESULT_CHANNEL_{it.upper()}") for it in version.result_channels
        ),
        "units": tuple(version.units),
        "conditions": tuple(Condition(**dict(condition)) for condition in version.conditions),
        "fee_timing": FeeTiming.Value(_FEE_TIMINGS[version.fee_timing]),
        "exempt": tuple(ExemptGroup(**dict(group)) for group in version.exempt),
        "result_kind": ResultKind.Value(f"RESULT_KIND_{version.result_kind.upper()}"),
    }
    return Procedure(**values | made)


_FEE_TIMINGS = {
    "none": "FEE_TIMING_UNSPECIFIED",
    "before": "FEE_TIMING_BEFORE",
    "after": "FEE_TIMING_AFTER",
}
