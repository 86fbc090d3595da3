"""The directory of people: units with their successors, officers with roles, validity and absences.

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


class DatedUnit(Protocol):
    """The attributes of a unit from which its successor is found."""

    @property
    def valid_to(self) -> date | None:
        """Return the unit's last day; None for no end."""
        ...

    @property
    def successor(self) -> str:
        """Return the code of the unit that takes over its work; empty for none."""
        ...


def responsible_unit(unit: str, units: Mapping[str, DatedUnit], day: date) -> str:
    """Return the unit that does the work of ``unit`` on a day: itself, or after its last day its
    successor unit. The work of the units below a dissolved one passes on with it.
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


def works(unit: str, units: Mapping[str, DatedUnit], day: date) -> bool:
    """Return whether a unit does work on a day, and its officers have rights: it is not dissolved,
    nor has its work passed on with that of a unit above it. An unknown unit is not dissolved.
    """
    found = units.get(unit)
    ended = found is not None and found.valid_to is not None and found.valid_to < day
    return not ended and responsible_unit(unit, units, day) == unit


def answers_for(unit: str, own: str, units: Mapping[str, DatedUnit], day: date) -> bool:
    """Return whether an officer of ``own`` is responsible for ``unit`` on a day: the own unit works
    then, and does the work of ``unit``, or has the one that does below it.
    """
    return works(own, units, day) and below(responsible_unit(unit, units, day), own)


def check_successors(units: Mapping[str, DatedUnit], wrong: Callable[[str, str], object]) -> None:
    """Call ``wrong(code, rule)`` for each invalid successor: ``successor_unknown``,
    ``successor_of_none`` (the unit is not dissolved) or ``successor_cycle``.
    """
    for code, unit in units.items():
        if not unit.successor:
            continue
        if unit.successor not in units:
            wrong(code, "successor_unknown")
        elif unit.valid_to is None:
            wrong(code, "successor_of_none")
        elif _leads_back(code, units):
            wrong(code, "successor_cycle")


def _leads_back(code: str, units: Mapping[str, DatedUnit]) -> bool:
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
class DirectoryUnit:
    """A unit in the directory of people."""

    code: str
    name: str
    level: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str = ""
    """The unit that takes over its work after ``valid_to``."""
    address: str = ""
    """Where its counter is: house, street, commune, province; empty where nobody has said."""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """The days from ``first`` to ``last`` on which an officer is away, and the substitute's id."""

    first: date
    last: date
    substitute: str = ""


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
    """The address for mails; empty for none."""

    def serves(self, day: date) -> bool:
        """Return whether this officer is in service on a day, absent or not."""
        return within(day, self.valid_from, self.valid_to)

    def absence(self, day: date) -> Absence | None:
        """Return the absence that contains a day; None for none."""
        return next(
            (absence for absence in self.absences if absence.first <= day <= absence.last), None
        )


@dataclass(frozen=True)
class Directory:
    """All present and former units and officers."""

    units: Mapping[str, DirectoryUnit]
    officers: Mapping[str, Officer]

    @cached_property
    def _of_unit(self) -> Mapping[str, list[Officer]]:
        found: dict[str, list[Officer]] = {}
        for _, officer in sorted(self.officers.items()):
            found.setdefault(officer.unit, []).append(officer)
        return found

    def holders(self, unit: str, role: str, day: date) -> list[Officer]:
        """Return the officers with a role in a unit, or in the successor of a dissolved one, who
        are in service on a day, absent or not; sorted by id.
        """
        officers = self._of_unit.get(self.responsible_unit(unit, day), ())
        return [officer for officer in officers if role in officer.roles and officer.serves(day)]

    def is_present(self, officer: str, day: date) -> bool:
        """Return whether an officer is in service on a day and not absent."""
        found = self.officers.get(officer)
        return found is not None and found.serves(day) and found.absence(day) is None

    def responsible_unit(self, unit: str, day: date) -> str:
        """Return the unit that does the work of ``unit`` on a day, as ``responsible_unit`` does."""
        return responsible_unit(unit, self.units, day)

    def obstacle_to_work(
        self, officer: str, unit: str, role: str, day: date
    ) -> tuple[str, dict[str, str]]:
        """Return why an officer can't be given work of a unit and role on a day: the code of a
        refusal with the values of its message; ("", {}) if there is no obstacle.
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
            last, substitute = away.last.strftime("%d/%m/%Y"), away.substitute or "-"
            return "OFFICER_AWAY", {"officer": officer, "last": last, "substitute": substitute}
        return "", {}

    def obstacle_until(
        self, officer: str, unit: str, role: str, first: date, last: date
    ) -> tuple[str, dict[str, str]]:
        """Return the first obstacle, as ``obstacle_to_work`` does, on the days from ``first`` to
        ``last``, each judged by the unit responsible then; ("", {}) if there is none.
        """
        for day in self._days_of_change(officer, first, last):
            code, details = self.obstacle_to_work(
                officer, self.responsible_unit(unit, day), role, day
            )
            if code:
                return code, details
        return "", {}

    def _days_of_change(self, officer: str, first: date, last: date) -> list[date]:
        """Return the days of a span on which an obstacle may appear, sorted: its first day, the
        first day of each absence, and the days after a last day of the officer or of a unit.
        """
        found = self.officers.get(officer)
        ends = [found.valid_to if found else None, *(unit.valid_to for unit in self.units.values())]
        days = {end + timedelta(days=1) for end in ends if end and first <= end < last}
        away = (absence.first for absence in found.absences) if found else ()
        return sorted({first, *days, *(day for day in away if first <= day <= last)})
