"""Overlay of the catalogue's units with those of the directory of people, which take precedence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from office.catalogue.model import Catalogue, CatalogueUnit, UnitLevel
from office.people import directory
from office.people.directory import Directory

_LEVELS = frozenset(level.value for level in UnitLevel)


def overlaid_units(
    units: Mapping[str, CatalogueUnit], people: Mapping[str, directory.DirectoryUnit]
) -> Mapping[str, CatalogueUnit]:
    """Return the units of both; those of the directory keep English names and former codes of the
    catalogue, which the directory does not have.
    """
    return MappingProxyType(
        {**units, **{code: _overlaid(units.get(code), unit) for code, unit in people.items()}}
    )


def _overlaid(known: CatalogueUnit | None, unit: directory.DirectoryUnit) -> CatalogueUnit:
    level = UnitLevel(unit.level) if unit.level in _LEVELS else known.level if known else None
    base = known or CatalogueUnit(unit.code, unit.name, unit.name, level)
    return replace(
        base,
        name_vi=unit.name or base.name_vi,
        level=level,
        valid_from=unit.valid_from,
        valid_to=unit.valid_to,
        successor=unit.successor,
        address=unit.address or base.address,
        phone=unit.phone or base.phone,
    )


class UnitOverlay:
    """Overlays catalogues with the present units of the directory; threads may share it."""

    def __init__(self, people: Callable[[], Directory] | None = None) -> None:
        """``people`` returns the present directory and is called each time; without it, catalogues
        stay as they are.
        """
        self._people = people
        self._last: tuple[Catalogue, Directory, Catalogue] | None = None

    def of(self, catalogue: Catalogue) -> Catalogue:
        """Return a catalogue with the units of the directory in it."""
        if self._people is None:
            return catalogue
        people, last = self._people(), self._last
        if last is None or last[0] is not catalogue or last[1] is not people:
            units = overlaid_units(catalogue.units, people.units)
            last = self._last = (catalogue, people, replace(catalogue, units=units))
        return last[2]
