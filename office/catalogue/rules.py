"""The rules that tie a catalogue's entries together, and what is told of one that breaks them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from kernel.base.instants import HOUR
from office.catalogue.agency_codes import is_old_agency
from office.catalogue.messages import BrokenRule, broken
from office.catalogue.model import UnitLevel
from office.catalogue.schema import ProcedureEntry, UnitEntry, VersionEntry
from office.people.directory import check_successors
from office.worktime.durations import DurationUnit, TimeLimit

_DAY = 8 * HOUR


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the code of a procedure, unit or field, the key at fault, the rule broken."""

    entry: str
    field: str
    broken: BrokenRule

    @property
    def rule(self) -> str:
        """The rule in English."""
        return self.broken.en

    def __str__(self) -> str:
        return f"{self.entry}: {self.field}: {self.rule}"


class CatalogueError(ValueError):
    """A catalogue that can't be used; ``problems`` names every mistake that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def repeated(codes: Sequence[str], key: str) -> Iterator[Problem]:
    """Return the codes that several entries have."""
    for code, times in Counter(codes).items():
        if times > 1:
            yield Problem(code, key, broken("repeated.entry", times))


def misplaced(units: Sequence[UnitEntry]) -> Iterator[Problem]:
    """Return the units whose dates are upside down, or that lie in a unit that is not there."""
    codes = {unit.code for unit in units}
    for unit in units:
        above = unit.code.rpartition(".")[0]
        if above and above not in codes:
            yield Problem(unit.code, "code", broken("unit.within", above))
        if unit.valid_from and unit.valid_to and unit.valid_to < unit.valid_from:
            yield Problem(unit.code, "valid_to", broken("dates.order"))
        if unit.old_code and not is_old_agency(unit.old_code):
            yield Problem(unit.code, "old_code", broken("unit.old_code"))
        if bool(unit.old_code) != (unit.old_code_to is not None):
            yield Problem(unit.code, "old_code_to", broken("unit.old_code_to"))
    wrong: list[Problem] = []
    check_successors(
        {unit.code: unit for unit in units},
        lambda code, rule: wrong.append(Problem(code, "successor", broken(f"unit.{rule}"))),
    )
    yield from wrong
    yield from repeated([unit.old_code for unit in units if unit.old_code], "old_code")


def dangling(procedure: ProcedureEntry, units: set[str], fields: set[str]) -> Iterator[Problem]:
    """Return what a procedure refers to that is not there."""
    if procedure.unit not in units:
        yield Problem(procedure.code, "unit", broken("unit.unknown", procedure.unit))
    if procedure.field not in fields:
        yield Problem(procedure.code, "field", broken("field.unknown", procedure.field))
    for place, version in enumerate(procedure.version, start=1):
        for unit in strange_units(version, units):
            key = f"version.{place}.units"
            yield Problem(procedure.code, key, broken("units.unknown", unit))


def strange_units(version: VersionEntry, units: set[str]) -> list[str]:
    """List what ``units`` names that is neither a unit nor a level."""
    levels = {level.value for level in UnitLevel}
    return [unit for unit in version.units if unit not in units and unit not in levels]


def inconsistent(procedure: ProcedureEntry) -> Iterator[Problem]:
    """Return what contradicts itself within the versions of a procedure, and between them."""
    for place, version in enumerate(procedure.version, start=1):
        for key, rule, _ in faults(version):
            yield Problem(procedure.code, f"version.{place}.{key}", rule)
        if version.version != place:
            rule = broken("versions.order", version.version)
            yield Problem(procedure.code, f"version.{place}.version", rule)
    for place, (older, newer) in enumerate(pairwise(procedure.version), start=2):
        late = too_early(newer.valid_from, older.version, older.valid_from, older.valid_to)
        if late is not None:
            yield Problem(procedure.code, f"version.{place}.valid_from", late)


def too_early(begins: date, older: int, began: date, ended: date | None) -> BrokenRule | None:
    """Return what keeps a version from beginning on a day: the one before it."""
    if ended is not None and begins <= ended:
        return broken("versions.dates", older)
    return broken("versions.begin", older) if begins <= began else None


Faults = Iterator[tuple[str, BrokenRule, tuple[str, ...]]]


def faults(version: VersionEntry) -> Faults:
    """Return what contradicts itself within a version: the key, the rule, and the keys that it is
    judged by.
    """
    if version.valid_to is not None and version.valid_to < version.valid_from:
        yield "valid_to", broken("dates.order"), ("valid_from", "valid_to")
    for key in ("channels", "result_channels"):
        if len(set(getattr(version, key))) < len(getattr(version, key)):
            yield key, broken("channels.twice"), ()
    if version.level == "whole" and "online" not in version.channels:
        yield "level", broken("level.online"), ("channels",)
    if version.level == "whole" and not {"online", "post"} & set(version.result_channels):
        yield "level", broken("level.result"), ("result_channels",)
    if len(set(version.units)) < len(version.units):
        yield "units", broken("units.twice"), ()
    yield from _codes_twice("parts", [part.code for part in version.parts])
    yield from _codes_twice("exempt", [group.code for group in version.exempt])
    yield from _faults_of_limits(version)
    if version.supplement_rounds == 0 and version.supplement_period is not None:
        keys = ("supplement_rounds", "supplement_period")
        yield "supplement_period", broken("supplement.none"), keys
    yield from _faults_of_fees(version)


def _codes_twice(key: str, codes: Sequence[str]) -> Faults:
    for place, code in enumerate(codes, start=1):
        if code in codes[: place - 1]:
            yield f"{key}.{place}.code", broken("repeated", code), ()


def _faults_of_limits(version: VersionEntry) -> Faults:
    key, keys = "online_time_limit", ("online_time_limit", "time_limit")
    if version.same_day and not _within_a_day(version.time_limit):
        yield "time_limit", broken("same_day.limit"), ("same_day", "time_limit")
    online = version.online_time_limit
    if online is not None and not _shorter(online, version.time_limit):
        yield key, broken("online.limit", version.time_limit), keys
    if online is not None and "online" not in version.channels:
        yield key, broken("online.channel"), (key, "channels")


def _faults_of_fees(version: VersionEntry) -> Faults:
    keys = ("fees", "fee_timing")
    if version.fees and version.fee_timing == "none":
        yield "fee_timing", broken("fees.timing"), keys
    if not version.fees and version.fee_timing != "none":
        yield "fee_timing", broken("fees.none"), keys
    if version.exempt and not version.fees:
        yield "exempt.1.code", broken("exempt.none"), ("exempt", "fees")


def _within_a_day(limit: TimeLimit) -> bool:
    days, working = _extent(limit)
    return len(limit.phases) == 1 and not days and working <= _DAY


def _shorter(one: TimeLimit, other: TimeLimit) -> bool:
    """Return whether a limit is shorter by any calendar: neither calendar days nor working time are
    more, and one of them is less.
    """
    if not (one.phases and other.phases):
        return bool(one.phases) and not other.phases
    first, second = _extent(one), _extent(other)
    return first != second and first[0] <= second[0] and first[1] <= second[1]


def _extent(limit: TimeLimit) -> tuple[int, int]:
    """Return all calendar days, and all working time, of the phases of a limit."""
    days = [phase.whole_days() for phase in limit.phases if phase.unit is DurationUnit.CALENDAR_DAY]
    work = [
        phase.working_us(_DAY)
        for phase in limit.phases
        if phase.unit is not DurationUnit.CALENDAR_DAY
    ]
    return sum(days), sum(work)
