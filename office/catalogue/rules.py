"""The rules between a catalogue's entries, and the mistakes of entries that break them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from kernel.base.instants import HOUR
from office.catalogue.agency_codes import is_old_agency
from office.catalogue.messages import BrokenRule, broken_rule
from office.catalogue.model import UnitLevel
from office.catalogue.schema import ProcedureEntry, UnitEntry, VersionEntry
from office.people.directory import check_successors
from office.worktime.durations import DurationUnit, TimeLimit

_DAY = 8 * HOUR


@dataclass(frozen=True, slots=True)
class CatalogueMistake:
    """One mistake: the code of a procedure, unit or field, the key at fault, the rule broken."""

    entry: str
    field: str
    broken_rule: BrokenRule

    @property
    def rule(self) -> str:
        """The rule in English."""
        return self.broken_rule.en

    def __str__(self) -> str:
        return f"{self.entry}: {self.field}: {self.rule}"


class CatalogueError(ValueError):
    """A catalogue that can't be used; ``mistakes`` are all that were found."""

    def __init__(self, mistakes: Sequence[CatalogueMistake]) -> None:
        super().__init__("; ".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


def repeated(codes: Sequence[str], key: str) -> Iterator[CatalogueMistake]:
    """Yield a mistake for each code that several entries have."""
    for code, times in Counter(codes).items():
        if times > 1:
            yield CatalogueMistake(code, key, broken_rule("repeated.entry", times))


def misplaced(units: Sequence[UnitEntry]) -> Iterator[CatalogueMistake]:
    """Yield the mistakes of units: dates out of order, an unknown unit above, a bad old code."""
    codes = {unit.code for unit in units}
    for unit in units:
        above = unit.code.rpartition(".")[0]
        if above and above not in codes:
            yield CatalogueMistake(unit.code, "code", broken_rule("unit.within", above))
        if unit.valid_from and unit.valid_to and unit.valid_to < unit.valid_from:
            yield CatalogueMistake(unit.code, "valid_to", broken_rule("dates.order"))
        if unit.old_code and not is_old_agency(unit.old_code):
            yield CatalogueMistake(unit.code, "old_code", broken_rule("unit.old_code"))
        if bool(unit.old_code) != (unit.old_code_to is not None):
            yield CatalogueMistake(unit.code, "old_code_to", broken_rule("unit.old_code_to"))
    wrong: list[CatalogueMistake] = []
    check_successors(
        {unit.code: unit for unit in units},
        lambda code, rule: wrong.append(
            CatalogueMistake(code, "successor", broken_rule(f"unit.{rule}"))
        ),
    )
    yield from wrong
    yield from repeated([unit.old_code for unit in units if unit.old_code], "old_code")


def dangling(
    procedure: ProcedureEntry, units: set[str], fields: set[str]
) -> Iterator[CatalogueMistake]:
    """Yield a mistake for each unknown unit or field that a procedure names."""
    if procedure.unit not in units:
        yield CatalogueMistake(procedure.code, "unit", broken_rule("unit.unknown", procedure.unit))
    if procedure.field not in fields:
        yield CatalogueMistake(
            procedure.code, "field", broken_rule("field.unknown", procedure.field)
        )
    for place, version in enumerate(procedure.version, start=1):
        for unit in strange_units(version, units):
            key = f"version.{place}.units"
            yield CatalogueMistake(procedure.code, key, broken_rule("units.unknown", unit))


def strange_units(version: VersionEntry, units: set[str]) -> list[str]:
    """Return the names in ``units`` that are neither a unit nor a level."""
    levels = {level.value for level in UnitLevel}
    return [unit for unit in version.units if unit not in units and unit not in levels]


def inconsistent(procedure: ProcedureEntry) -> Iterator[CatalogueMistake]:
    """Yield the contradictions within the versions of a procedure, and between them."""
    for place, version in enumerate(procedure.version, start=1):
        for key, rule, _ in version_faults(version):
            yield CatalogueMistake(procedure.code, f"version.{place}.{key}", rule)
        if version.version != place:
            rule = broken_rule("versions.order", version.version)
            yield CatalogueMistake(procedure.code, f"version.{place}.version", rule)
    for place, (older, newer) in enumerate(pairwise(procedure.version), start=2):
        late = too_early(newer.valid_from, older.version, older.valid_from, older.valid_to)
        if late is not None:
            yield CatalogueMistake(procedure.code, f"version.{place}.valid_from", late)


def too_early(begins: date, older: int, began: date, ended: date | None) -> BrokenRule | None:
    """Return the rule by which a version can't begin on a day, because of the one before it; None
    if it can.
    """
    if ended is not None and begins <= ended:
        return broken_rule("versions.dates", older)
    return broken_rule("versions.begin", older) if begins <= began else None


VersionFaults = Iterator[tuple[str, BrokenRule, tuple[str, ...]]]


def version_faults(version: VersionEntry) -> VersionFaults:
    """Yield the contradictions within a version: the key, the broken rule, and the keys on which it
    depends.
    """
    if version.valid_to is not None and version.valid_to < version.valid_from:
        yield "valid_to", broken_rule("dates.order"), ("valid_from", "valid_to")
    for key in ("channels", "result_channels"):
        if len(set(getattr(version, key))) < len(getattr(version, key)):
            yield key, broken_rule("channels.twice"), ()
    if version.level == "whole" and "online" not in version.channels:
        yield "level", broken_rule("level.online"), ("channels",)
    if version.level == "whole" and not {"online", "post"} & set(version.result_channels):
        yield "level", broken_rule("level.result"), ("result_channels",)
    if len(set(version.units)) < len(version.units):
        yield "units", broken_rule("units.twice"), ()
    yield from _codes_twice("parts", [part.code for part in version.parts])
    yield from _codes_twice("exempt", [group.code for group in version.exempt])
    yield from _limit_faults(version)
    if version.supplement_rounds == 0 and version.supplement_period is not None:
        keys = ("supplement_rounds", "supplement_period")
        yield "supplement_period", broken_rule("supplement.none"), keys
    yield from _fee_faults(version)


def _codes_twice(key: str, codes: Sequence[str]) -> VersionFaults:
    for place, code in enumerate(codes, start=1):
        if code in codes[: place - 1]:
            yield f"{key}.{place}.code", broken_rule("repeated", code), ()


def _limit_faults(version: VersionEntry) -> VersionFaults:
    key, keys = "online_time_limit", ("online_time_limit", "time_limit")
    if version.same_day and not _within_a_day(version.time_limit):
        yield "time_limit", broken_rule("same_day.limit"), ("same_day", "time_limit")
    online = version.online_time_limit
    if online is not None and not _shorter(online, version.time_limit):
        yield key, broken_rule("online.limit", version.time_limit), keys
    if online is not None and "online" not in version.channels:
        yield key, broken_rule("online.channel"), (key, "channels")


def _fee_faults(version: VersionEntry) -> VersionFaults:
    keys = ("fees", "fee_timing")
    if version.fees and version.fee_timing == "none":
        yield "fee_timing", broken_rule("fees.timing"), keys
    if not version.fees and version.fee_timing != "none":
        yield "fee_timing", broken_rule("fees.none"), keys
    if version.exempt and not version.fees:
        yield "exempt.1.code", broken_rule("exempt.none"), ("exempt", "fees")


def _within_a_day(limit: TimeLimit) -> bool:
    days, working = _extent(limit)
    return len(limit.phases) == 1 and not days and working <= _DAY


def _shorter(limit: TimeLimit, other: TimeLimit) -> bool:
    """Return whether a limit is shorter by any calendar: it has no more calendar days and no more
    working time, and less of one of them.
    """
    if not (limit.phases and other.phases):
        return bool(limit.phases) and not other.phases
    first, second = _extent(limit), _extent(other)
    return first != second and first[0] <= second[0] and first[1] <= second[1]


def _extent(limit: TimeLimit) -> tuple[int, int]:
    """Return the calendar days and the working microseconds of all phases of a limit."""
    days = [phase.whole_days() for phase in limit.phases if phase.unit is DurationUnit.CALENDAR_DAY]
    work = [
        phase.working_us(_DAY)
        for phase in limit.phases
        if phase.unit is not DurationUnit.CALENDAR_DAY
    ]
    return sum(days), sum(work)
