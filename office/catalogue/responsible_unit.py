"""Which unit takes which procedure on a local day: the units that the catalogue names while they
exist, then their successor units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from office.catalogue.model import Catalogue, Procedure
from office.people.directory import responsible_unit, within


@dataclass(frozen=True)
class DissolvedUnit:
    """A dissolved unit, whose work its successor does."""

    unit: str
    last: date
    """Its last day, or that of the dissolved unit above it."""
    successor: str
    """The unit that does its work; empty for none."""


@dataclass(frozen=True)
class ResponsibleUnits:
    """The responsible units of a catalogue's procedures on a local day."""

    catalogue: Catalogue
    day: date

    def successor(self, unit: str) -> str:
        """Return the unit that does the work of a unit: itself, or the last of its successors."""
        return responsible_unit(unit, self.catalogue.units, self.day)

    def dissolved(self, unit: str) -> DissolvedUnit | None:
        """Return since when a unit is dissolved; None while it exists, and for an unknown one."""
        successor, at = self.successor(unit), unit
        while at:
            found = self.catalogue.units.get(at)
            passed = found is not None and (at == unit or bool(found.successor))
            if found and passed and found.valid_to and found.valid_to < self.day:
                return DissolvedUnit(unit, found.valid_to, successor if successor != unit else "")
            at = at.rpartition(".")[0]
        return None

    def takes(self, procedure: Procedure, unit: str) -> bool:
        """Return whether a unit takes dossiers of a procedure: because the catalogue names it, or
        as the successor of a named unit; never before its first day or after its last.
        """
        return any(self._names(procedure, code) for code in self._covered_units(unit))

    def offered(self, unit: str = "", field: str = "") -> list[Procedure]:
        """Return the versions in force by code, only those of a unit and a field if given."""
        codes = sorted(self.catalogue.procedures)
        procedures = (self.catalogue.find(code, self.day) for code in codes)
        every = [
            procedure
            for procedure in procedures
            if procedure is not None and (not field or procedure.field == field)
        ]
        units = self._covered_units(unit)
        return [
            procedure
            for procedure in every
            if not unit or any(self._names(procedure, code) for code in units)
        ]

    def unit_of(self, procedure: Procedure) -> str:
        """Return the code of the unit responsible for a procedure."""
        return self.successor(procedure.unit)

    def units_of(self, procedure: Procedure) -> list[str]:
        """Return the further units that take a procedure, as it names them: codes and levels."""
        named = procedure.units
        units = self.catalogue.units
        codes = [self.successor(code) if code in units else code for code in named]
        successors = [
            successor
            for code, successor in self._successors.items()
            if self._level_of(code) in named
        ]
        codes += [successor for successor in successors if self._level_of(successor) not in named]
        own = self.unit_of(procedure)
        return [unit for unit in dict.fromkeys(codes) if unit != own and self._exists(unit)]

    @cached_property
    def _successors(self) -> dict[str, str]:
        """The dissolved units with the unit that does the work of each."""
        units = self.catalogue.units
        if not any(unit.successor for unit in units.values()):
            return {}
        return {code: successor for code in units if (successor := self.successor(code)) != code}

    def _covered_units(self, unit: str) -> list[str]:
        """Return the units whose work a unit does: itself and those that it succeeds."""
        if unit in self._successors or not self._exists(unit):
            return []
        return [unit, *self._predecessors(unit)]

    def _predecessors(self, unit: str) -> Iterator[str]:
        return (code for code, successor in self._successors.items() if successor == unit)

    def _exists(self, unit: str) -> bool:
        known = self.catalogue.units.get(unit)
        return known is None or within(self.day, known.valid_from, known.valid_to)

    def _level_of(self, unit: str) -> str:
        known = self.catalogue.units.get(unit)
        return known.level.value if known and known.level else ""

    def _names(self, procedure: Procedure, unit: str) -> bool:
        named = (procedure.unit, *procedure.units)
        return unit in named or self._level_of(unit) in procedure.units
