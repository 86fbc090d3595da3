"""The units of the office: those of the catalogue, and those of the directory of people, whose word
counts more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from office.catalogue.model import Catalogue, CatalogueUnit, UnitLevel
from office.people import directory
from office.people.directory import Directory

_LEVELS = frozenset(level.value for level in UnitLevel)


def joined(
    units: Mapping[str, CatalogueUnit], people: Mapping[str, directory.DirectoryUnit]
) -> Mapping[str, CatalogueUnit]:
    """Put the units together. The directory does not say English names and former codes: they are
    the catalogue's, where it knows the unit.
    """
    return MappingProxyType(
        {**units, **{code: _joined(units.get(code), it) for code, it in people.items()}}
    )


def _joined(known: CatalogueUnit | None, it: directory.DirectoryUnit) -> CatalogueUnit:
    level = UnitLevel(it.level) if it.level in _LEVELS else known.level if known else None
    base = known or CatalogueUnit(it.code, it.name, it.name, level)
    return replace(
        base,
        name_vi=it.name or base.name_vi,
        level=level,
        valid_from=it.valid_from,
        valid_to=it.valid_to,
        successor=it.successor,
    )


class OfficeUnits:
    """Gives catalogues the units of the office as they are now; threads may share it."""

    def __init__(self, people: Callable[[], Directory] | None = None) -> None:
        """``people`` gives the directory and is asked each time; without it the catalogue's units
        are all that there are.
        """
        self._people = people
        self._last: tuple[Catalogue, Directory, Catalogue] | None = None

    def of(self, catalogue: Catalogue) -> Catalogue:
        """Return a catalogue with the units of the office."""
        if self._people is None:
            return catalogue
        people, last = self._people(), self._last
        if last is None or last[0] is not catalogue or last[1] is not people:
            units = joined(catalogue.units, people.units)
            last = self._last = (catalogue, people, replace(catalogue, units=units))
        return last[2]
