"""Which unit takes what on a local day: those that the catalogue names while they last, then their
heirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from office.catalogue.model import Catalogue, Procedure
from office.people.directory import responsible_unit, within


@dataclass(frozen=True)
class Dissolved:
    """A unit that is no more; its work is the heir's."""

    unit: str
    last: date
    """Its last day, or that of the unit above it with which it went."""
    heir: str
    """The unit that does its work now; empty where none does."""


@dataclass(frozen=True)
class Takers:
    """The units of a catalogue on a local day."""

    catalogue: Catalogue
    day: date

    def heir(self, unit: str) -> str:
        """Return the unit that does the work of a unit: itself, or its heir's heir in the end."""
        return responsible_unit(unit, self.catalogue.units, self.day)

    def dissolved(self, unit: str) -> Dissolved | None:
        """Tell since when a unit is no more; None while it lasts, or if nobody knows it."""
        heir, at = self.heir(unit), unit
        while at:
            found = self.catalogue.units.get(at)
            passed = found is not None and (at == unit or bool(found.successor))
            if found and passed and found.valid_to and found.valid_to < self.day:
                return Dissolved(unit, found.valid_to, heir if heir != unit else "")
            at = at.rpartition(".")[0]
        return None

    def takes(self, procedure: Procedure, unit: str) -> bool:
        """Return whether a unit takes dossiers of a procedure: in its own right, or as the heir of
        a unit that did. A unit takes nothing before its first day and after its last.
        """
        return any(self._named(procedure, each) for each in self._line(unit))

    def offered(self, unit: str = "", field: str = "") -> list[Procedure]:
        """List the versions in force by code, of one unit and one field if named."""
        codes = sorted(self.catalogue.procedures)
        found = (self.catalogue.find(code, self.day) for code in codes)
        every = [it for it in found if it is not None and (not field or it.field == field)]
        line = self._line(unit)
        return [it for it in every if not unit or any(self._named(it, each) for each in line)]

    def unit_of(self, procedure: Procedure) -> str:
        """Return the unit that answers for a procedure."""
        return self.heir(procedure.unit)

    def units_of(self, procedure: Procedure) -> list[str]:
        """List the further units that take a procedure, as it lists them: codes and levels."""
        named = procedure.units
        units = self.catalogue.units
        codes = [self.heir(code) if code in units else code for code in named]
        heirs = [heir for code, heir in self._passed.items() if self._level(code) in named]
        codes += [heir for heir in heirs if self._level(heir) not in named]
        own = self.unit_of(procedure)
        return [it for it in dict.fromkeys(codes) if it != own and self._lasts(it)]

    @cached_property
    def _passed(self) -> dict[str, str]:
        """The units whose work another one does now, with that one."""
        units = self.catalogue.units
        if not any(unit.successor for unit in units.values()):
            return {}
        return {code: heir for code in units if (heir := self.heir(code)) != code}

    def _line(self, unit: str) -> list[str]:
        """List the units whose work a unit does: itself, and those of which it is the heir."""
        if unit in self._passed or not self._lasts(unit):
            return []
        return [unit, *self._predecessors(unit)]

    def _predecessors(self, unit: str) -> Iterator[str]:
        return (code for code, heir in self._passed.items() if heir == unit)

    def _lasts(self, unit: str) -> bool:
        known = self.catalogue.units.get(unit)
        return known is None or within(self.day, known.valid_from, known.valid_to)

    def _level(self, unit: str) -> str:
        known = self.catalogue.units.get(unit)
        return known.level.value if known and known.level else ""

    def _named(self, procedure: Procedure, unit: str) -> bool:
        named = (procedure.unit, *procedure.units)
        return unit in named or self._level(unit) in procedure.units
