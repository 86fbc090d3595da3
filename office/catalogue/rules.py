"""The rules between a catalogue's entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from kernel.base.instants import HOUR
from kernel.documents.reading import DocumentReader, DocumentTable
from office.catalogue.agency_codes import is_old_agency
from office.catalogue.messages import BrokenRule, broken_rule
from office.catalogue.model import UnitLevel
from office.catalogue.schema import ProcedureEntry, UnitEntry, VersionEntry
from office.people.directory import check_successors
from office.worktime.durations import DurationUnit, TimeLimit

_DAY = 8 * HOUR


def check_units(units: Sequence[UnitEntry], reader: DocumentReader) -> None:
    """Note the mistakes of units: dates out of order, an unknown unit above, a bad old code."""

    def wrong(unit: UnitEntry, key: str, rule: BrokenRule) -> None:
        reader.wrong((*unit.path, key), rule.code, rule)

    check_repeated(units, "code", reader)
    check_repeated([unit for unit in units if getattr(unit, "old_code", "")], "old_code", reader)
    codes = {getattr(unit, "code", "") for unit in units}
    for unit in units:
        with reader.rule():
            above = unit.code.rpartition(".")[0]
            if above and above not in codes and "" not in codes:
                wrong(unit, "code", broken_rule("unit.within", above))
        with reader.rule():
            if unit.valid_from and unit.valid_to and unit.valid_to < unit.valid_from:
                wrong(unit, "valid_to", broken_rule("dates.order"))
        with reader.rule():
            if unit.old_code and not is_old_agency(unit.old_code):
                wrong(unit, "old_code", broken_rule("unit.old_code"))
        with reader.rule():
            if bool(unit.old_code) != (unit.old_code_to is not None):
                wrong(unit, "old_code_to", broken_rule("unit.old_code_to"))
    if not reader.mistakes:
        known = {unit.code: unit for unit in units}
        check_successors(
            known,
            lambda code, rule: wrong(known[code], "successor", broken_rule(f"unit.{rule}")),
        )


def check_repeated(entries: Sequence[DocumentTable], key: str, reader: DocumentReader) -> None:
    """Note each entry whose value of a key an earlier entry has."""
    seen: set[str] = set()
    for entry in entries:
        value = getattr(entry, key, None)
        if value in seen:
            reader.wrong((*entry.path, key), "repeated", broken_rule("repeated", value))
        if value is not None:
            seen.add(value)


def check_procedure(
    procedure: ProcedureEntry, units: set[str], fields: set[str], reader: DocumentReader
) -> None:
    """Note the units and fields that a procedure names and there are not, and the contradictions
    within its versions and between them.
    """
    for key, known in (("unit", units), ("field", fields)):
        name = getattr(procedure, key, None)
        if name is not None and name not in known:
            rule = broken_rule(f"{key}.unknown", name)
            reader.wrong((*procedure.path, key), rule.code, rule)
    versions = getattr(procedure, "version", [])
    for place, version in enumerate(versions, start=1):
        with reader.rule():
            for unit in strange_units(version, units):
                rule = broken_rule("units.unknown", unit)
                reader.wrong((*version.path, "units"), rule.code, rule)
        with reader.rule():
            for key, rule, _ in version_faults(version):
                path = (int(part) - 1 if part.isdigit() else part for part in key.split("."))
                reader.wrong((*version.path, *path), rule.code, rule)
        with reader.rule():
            if version.version != place:
                rule = broken_rule("versions.order", version.version)
                reader.wrong((*version.path, "version"), rule.code, rule)
    for older, newer in pairwise(versions):
        with reader.rule():
            late = too_early(newer.valid_from, older.version, older.valid_from, older.valid_to)
            if late is not None:
                reader.wrong((*newer.path, "valid_from"), late.code, late)


def strange_units(version: VersionEntry, units: set[str]) -> list[str]:
    """Return the names in ``units`` that are neither a unit nor a level."""
    levels = {level.value for level in UnitLevel}
    return [unit for unit in version.units if unit not in units and unit not in levels]


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
