"""The units of the office: those of the catalogue and those of the directory of people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from office.catalogue.data_files import UNITS
from office.people.directory import Directory, DirectoryUnit


@cache
def shipped_units() -> Mapping[str, DirectoryUnit]:
    """Return the units of the catalogue by their codes."""
    rows = tomllib.loads(UNITS.read_text("utf-8"))["unit"]
    return {
        row["code"]: DirectoryUnit(
            row["code"],
            row["name_vi"],
            level=row["level"],
            valid_from=row.get("valid_from"),
            valid_to=row.get("valid_to"),
            address=row.get("address", ""),
            phone=row.get("phone", ""),
        )
        for row in rows
    }


def known_units(people: Directory | None) -> Mapping[str, DirectoryUnit]:
    """Return the units of the catalogue and of the directory, which takes precedence; where it has
    no level, address or phone, those of the catalogue hold.
    """
    known = shipped_units()
    own = people.units if people else {}
    return {**known, **{code: _filled(unit, known.get(code)) for code, unit in own.items()}}


def _filled(unit: DirectoryUnit, known: DirectoryUnit | None) -> DirectoryUnit:
    if known is None or (unit.level and unit.address and unit.phone):
        return unit
    return replace(
        unit,
        level=unit.level or known.level,
        address=unit.address or known.address,
        phone=unit.phone or known.phone,
    )
