"""Who works where: units with their heirs, officers with roles, validity and absences.

Pure values; ``files.py`` reads them. Days are local days of the office, both ends included; an open
end has no limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Protocol


def below(unit: str, above: str) -> bool:
    """Return whether ``unit`` is ``above`` or lies below it (H22.60.05 below H22.60)."""
    return unit == above or (bool(above) and unit.startswith(f"{above}."))


class Dated(Protocol):
    """What is asked of a unit when its heir is looked for."""

    @property
    def valid_to(self) -> date | None:
        """Return its last day."""
        ...

    @property
    def successor(self) -> str:
        """Return the unit that it became part of."""
        ...


def current(unit: str, units: Mapping[str, Dated], day: date) -> str:
    """Return the unit that does the work of ``unit`` on a day: itself, or after its last day the
    unit that it became part of. What lay below a dissolved unit passes on with it.
    """
    seen: set[str] = set()
    while unit not in seen:
        seen.add(unit)
        at = unit
        while at:
            found = units.get(at)
            if found and found.successor and found.valid_to and found.valid_to < day:
                unit = found.successor
                break
            at = at.rpartition(".")[0]
    return unit


def answers_for(unit: str, own: str, units: Mapping[str, Dated], day: date) -> bool:
    """Return whether an officer of ``own`` answers for ``unit``: their own, one below it, or one
    whose work has passed to such a unit.
    """
    return below(unit, own) or below(current(unit, units, day), own)


def check_heirs(units: Mapping[str, Dated], wrong: Callable[[str, str], object]) -> None:
    """Tell ``wrong(code, rule)`` of each successor that can't be one: ``successor_unknown``,
    ``successor_of_none`` (the unit is not dissolved) or ``successor_circle``.
    """
    for code, unit in units.items():
        if not unit.successor:
            continue
        if unit.successor not in units:
            wrong(code, "successor_unknown")
        elif unit.valid_to is None:
            wrong(code, "successor_of_none")
        elif _returns(code, units):
            wrong(code, "successor_circle")


def _returns(code: str, units: Mapping[str, Dated]) -> bool:
    seen, at = {code}, units[code].successor
    while at and at in units:
        if at in seen:
            return True
        seen.add(at)
        at = units[at].successor
    return False


def within(day: date, first: date | None, last: date | None) -> bool:
    """Return whether a day lies in a span; None is an open end."""
    return (first is None or first <= day) and (last is None or day <= last)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, as far as people need it."""

    code: str
    name: str
    level: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str = ""
    """The unit that it became part of when it was dissolved."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Days on which an officer is away."""

    first: date
    last: date
    stand_in: str = ""


@dataclass(frozen=True, slots=True)
class Officer:
    """One officer of one unit."""

    id: str
    name: str
    unit: str
    roles: frozenset[str]
    valid_from: date | None = None
    valid_to: date | None = None
    absences: tuple[Absence, ...] = ()
    email: str = ""
    """Where the officer is written to; empty: nowhere."""

    def serves(self, day: date) -> bool:
        """Return whether this officer is in service on a day, away or not."""
        return within(day, self.valid_from, self.valid_to)

    def absence(self, day: date) -> Absence | None:
        """Return the absence that a day lies in."""
        return next((it for it in self.absences if it.first <= day <= it.last), None)


@dataclass(frozen=True)
class Directory:
    """All units and officers that there are, or ever were."""

    units: Mapping[str, Unit]
    officers: Mapping[str, Officer]

    @cached_property
    def _of_unit(self) -> Mapping[str, list[Officer]]:
        found: dict[str, list[Officer]] = {}
        for _, officer in sorted(self.officers.items()):
            found.setdefault(officer.unit, []).append(officer)
        return found

    def holders(self, unit: str, role: str, day: date) -> list[Officer]:
        """List who has a role in a unit, or in the heir of a dissolved one, and is in service on a
        day, away or not; by id.
        """
        those = self._of_unit.get(self.current(unit, day), ())
        return [officer for officer in those if role in officer.roles and officer.serves(day)]

    def there(self, officer: str, day: date) -> bool:
        """Return whether somebody is in service on a day and not away."""
        found = self.officers.get(officer)
        return found is not None and found.serves(day) and found.absence(day) is None

    def current(self, unit: str, day: date) -> str:
        """Return the unit that does the work of ``unit`` on a day."""
        return current(unit, self.units, day)

    def why_not(self, officer: str, unit: str, role: str, day: date) -> tuple[str, dict[str, str]]:
        """Return why somebody can't be given work of a unit and role on a day: a code with its
        words; ("", {}) when they can.
        """
        found = self.officers.get(officer)
        if found is None or not found.serves(day):
            return "NO_SUCH_OFFICER", {"officer": officer}
        if not answers_for(unit, found.unit, self.units, day):
            return "OFFICER_OF_ANOTHER_UNIT", {"officer": officer, "unit": found.unit}
        if role and role not in found.roles:
            return "OFFICER_LACKS_ROLE", {"officer": officer, "role": role}
        away = found.absence(day)
        if away is not None:
            last, stand_in = away.last.strftime("%d/%m/%Y"), away.stand_in or "-"
            return "OFFICER_AWAY", {"officer": officer, "last": last, "stand_in": stand_in}
        return "", {}

    def why_not_until(
        self, officer: str, unit: str, role: str, first: date, last: date
    ) -> tuple[str, dict[str, str]]:
        """Say as ``why_not`` does why somebody can't be given work on one of the days from
        ``first`` to ``last``, on each in the unit that does it then; the earliest such day decides.
        """
        for day in self._turns(officer, first, last):
            code, words = self.why_not(officer, self.current(unit, day), role, day)
            if code:
                return code, words
        return "", {}

    def _turns(self, officer: str, first: date, last: date) -> list[date]:
        """List the days of a span on which the answer may change: its first, the first of each
        absence, and those after a last day of the officer or of a unit.
        """
        found = self.officers.get(officer)
        ends = [found.valid_to if found else None, *(it.valid_to for it in self.units.values())]
        turns = {end + timedelta(days=1) for end in ends if end and first <= end < last}
        away = (it.first for it in found.absences) if found else ()
        return sorted({first, *turns, *(day for day in away if first <= day <= last)})
