"""The office as it is organised on a day: which unit does the work of a dissolved one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, false, or_

from office.people.access_scope import AccessScope
from office.people.directory import DirectoryUnit, below, responsible_unit
from services.audit.state.portal_state import DossierRow
from services.audit.tables import DOSSIERS


@dataclass(frozen=True)
class Organisation:
    """The units of the office, and the day that is meant."""

    units: Mapping[str, DirectoryUnit]
    day: date

    def responsible(self, unit: str) -> str:
        """Return the unit that does a unit's work: itself, or its successor."""
        return responsible_unit(unit, self.units, self.day) if unit else unit

    def work_of(self, unit: str) -> frozenset[str]:
        """Return a unit and the dissolved ones whose work it does."""
        return frozenset(AccessScope(unit, "", self.units, self.day).work_of(unit))


@dataclass(frozen=True)
class UnitFilter:
    """The dossiers of some units: those that answer for them, or have their current step."""

    units: frozenset[str] = frozenset()
    """These units; empty for all."""
    under: tuple[str, ...] | None = None
    """These units and those below them; None for all."""

    def takes(self, row: DossierRow) -> bool:
        """Return whether a dossier is among them."""
        own = (row["unit"], row["step_unit"])
        if self.units and self.units.isdisjoint(own):
            return False
        return self.under is None or any(below(unit, key) for unit in own for key in self.under)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the same conditions in SQL."""
        columns, found = (DOSSIERS.c.unit, DOSSIERS.c.step_unit), []
        if self.units:
            found.append(or_(*(column.in_(sorted(self.units)) for column in columns)))
        if self.under is not None:
            parts = [column == key for column in columns for key in self.under]
            parts += [
                column.startswith(f"{key}.", autoescape=True)
                for column in columns
                for key in self.under
            ]
            found.append(or_(false(), *parts))
        return found


ALL_UNITS: Final = UnitFilter()
"""All dossiers."""
