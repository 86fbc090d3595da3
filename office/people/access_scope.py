"""Which dossiers an officer sees: those in which the own unit, one below it, or the officer takes
part.

A dossier's readers are the units that take part beside the one that answers for it, each with those
above it, and officers by ``person``. Rows of them answer for one dossier and order a list alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from kernel.auth.identity import Caller
from office.people.directory import Dated, answers_for, below, current
from office.people.rights import not_your_unit, sees_part_only


def person(officer: str) -> str:
    """Return the reader that stands for one officer."""
    return f"@{officer}"


def readers_of(unit: str) -> list[str]:
    """Return the readers that stand for a unit: itself and those above it."""
    parts = unit.split(".") if unit else []
    return [".".join(parts[:number]) for number in range(len(parts), 0, -1)]


@dataclass(frozen=True)
class AccessScope:
    """What one officer sees on a day."""

    unit: str
    officer: str
    units: Mapping[str, Dated]
    day: date

    def covers(self, unit: str) -> bool:
        """Return whether everything of a unit is seen: the own one, one below it, or one whose work
        has passed to such a unit.
        """
        if not self.unit or not unit:
            return False
        return answers_for(unit, self.unit, self.units, self.day)

    def readers(self) -> list[str]:
        """Return the readers as which the officer sees a dossier."""
        gone = (
            code
            for code, unit in self.units.items()
            if unit.successor and not below(code, self.unit) and self._inherits(code)
        )
        return [*filter(None, [self.unit]), *gone, person(self.officer)]

    def work_of(self, unit: str) -> list[str]:
        """Return a unit and the dissolved ones whose work it does on that day."""
        gone = (code for code, it in self.units.items() if it.successor and code != unit)
        return [unit, *(code for code in gone if current(code, self.units, self.day) == unit)]

    def _inherits(self, code: str) -> bool:
        return bool(self.unit) and below(current(code, self.units, self.day), self.unit)

    def require(self, units: Iterable[str], readers: Iterable[str] = ()) -> None:
        """Raise ``Forbidden`` unless one of ``units``, which take part in a dossier, or of its
        ``readers`` is seen.
        """
        if not any(map(self.covers, units)) and set(self.readers()).isdisjoint(readers):
            raise not_your_unit()


def access_scope_of(who: Caller, units: Mapping[str, Dated], day: date) -> AccessScope | None:
    """Return what a caller sees by the rule under which they were let in; None: every dossier."""
    if not sees_part_only(who):
        return None
    return AccessScope(who.actor.unit, who.actor.id, units, day)
