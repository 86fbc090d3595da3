"""Access scope: an officer sees the dossiers in which the own unit, one below it, or the officer in
person takes part.

The access index holds keys of each dossier: the units that take part beside the responsible one,
each with the units above it (``unit_keys``), and officers (``officer_key``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from kernel.auth.identity import Caller
from office.people.directory import DatedUnit, answers_for, below, responsible_unit, works
from office.people.rights import not_your_unit, sees_part_only


def officer_key(officer: str) -> str:
    """Return the key of one officer in the access index."""
    return f"@{officer}"


def unit_keys(unit: str) -> list[str]:
    """Return the keys of a unit in the access index: its own code and those above it."""
    parts = unit.split(".") if unit else []
    return [".".join(parts[:number]) for number in range(len(parts), 0, -1)]


@dataclass(frozen=True)
class AccessScope:
    """The dossiers that one officer sees on a local day."""

    unit: str
    officer: str
    units: Mapping[str, DatedUnit]
    day: date

    def covers(self, unit: str) -> bool:
        """Return whether all dossiers of a unit are seen: its work is done by the own unit or one
        below it.
        """
        if not self.unit or not unit:
            return False
        return answers_for(unit, self.unit, self.units, self.day)

    def access_keys(self) -> list[str]:
        """Return the keys of the access index by which the officer sees a dossier: in person only,
        once the own unit is dissolved.
        """
        if not works(self.unit, self.units, self.day):
            return [officer_key(self.officer)]
        gone = (
            code
            for code, unit in self.units.items()
            if unit.successor and not below(code, self.unit) and self._inherits(code)
        )
        return [*filter(None, [self.unit]), *gone, officer_key(self.officer)]

    def work_of(self, unit: str) -> list[str]:
        """Return a unit and the dissolved ones whose work it does on that day."""
        gone = (
            code for code, dissolved in self.units.items() if dissolved.successor and code != unit
        )
        return [
            unit,
            *(code for code in gone if responsible_unit(code, self.units, self.day) == unit),
        ]

    def _inherits(self, code: str) -> bool:
        return bool(self.unit) and below(responsible_unit(code, self.units, self.day), self.unit)

    def require(self, units: Iterable[str], keys: Iterable[str] = ()) -> None:
        """Raise ``Forbidden`` unless the scope covers one of ``units``, which take part in a
        dossier, or has one of the dossier's ``keys`` in the access index.
        """
        if not any(map(self.covers, units)) and set(self.access_keys()).isdisjoint(keys):
            raise not_your_unit()


def access_scope_of(
    caller: Caller, units: Mapping[str, DatedUnit], day: date
) -> AccessScope | None:
    """Return the scope of a caller by the rule that admits the call; None for all dossiers."""
    if not sees_part_only(caller):
        return None
    return AccessScope(caller.actor.unit, caller.actor.id, units, day)
