"""The units of the office: those of the catalogue and those of the directory of people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
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
            valid_from=row.get("valid_from"),
            valid_to=row.get("valid_to"),
            address=row.get("address", ""),
            phone=row.get("phone", ""),
        )
        for row in rows
    }


def known_units(people: Directory | None) -> Mapping[str, DirectoryUnit]:
    """Return the units of the catalogue and of the directory; the directory takes precedence."""
    return {**shipped_units(), **(people.units if people else {})}
