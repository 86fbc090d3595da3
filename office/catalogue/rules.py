"""The rules between a catalogue's entries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import pairwise

from kernel.base.instants import HOUR
from kernel.documents.mistakes import KeyPath
from kernel.documents.reading import DocumentReader, DocumentTable, UnsoundValue
from office.catalogue.agency_codes import is_old_agency
from office.catalogue.messages import BrokenRule, broken_rule
from office.catalogue.model import UnitLevel
from office.catalogue.schema import ProcedureEntry, UnitEntry, VersionEntry
from office.people.directory import check_successors
from office.worktime.durations import DurationUnit, TimeLimit

_DAY = 8 * HOUR


def note(reader: DocumentReader, path: KeyPath, rule: BrokenRule) -> None:
    """Note the rule that the value at a path breaks."""
    reader.wrong(path, rule.code, rule)


def check_units(units: Sequence[UnitEntry], reader: DocumentReader) -> None:
    """Note the mistakes of units: dates out of order, an unknown unit above, a bad old code."""

    def wrong(unit: UnitEntry, key: str, rule: BrokenRule) -> None:
        note(reader, (*unit.path, key), rule)

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
            note(reader, (*entry.path, key), broken_rule("repeated", value))
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
            note(reader, (*procedure.path, key), broken_rule(f"{key}.unknown", name))
    versions = getattr(procedure, "version", [])
    for place, version in enumerate(versions, start=1):
        for unit in strange_units(getattr(version, "units", ()), units):
            note(reader, (*version.path, "units"), broken_rule("units.unknown", unit))
        check_version(version, reader)
        with reader.rule():
            if version.version != place:
                rule = broken_rule("versions.order", version.version)
                note(reader, (*version.path, "version"), rule)
    for older, newer in pairwise(versions):
        with reader.rule():
            late = too_early(newer.valid_from, older.version, older.valid_from, older.valid_to)
            if late is not None:
                note(reader, (*newer.path, "valid_from"), late)


def strange_units(names: Iterable[str], units: Collection[str]) -> list[str]:
    """Return the names that are neither a unit nor a level."""
    levels = {level.value for level in UnitLevel}
    return [name for name in names if name not in units and name not in levels]


def too_early(begins: date, older: int, began: date, ended: date | None) -> BrokenRule | None:
    """Return the rule by which a version can't begin on a day, because of the one before it; None
    if it can.
    """
    if ended is not None and begins <= ended:
        return broken_rule("versions.dates", older)
    return broken_rule("versions.begin", older) if begins <= began else None


def check_version(version: VersionEntry, reader: DocumentReader) -> None:
    """Note the contradictions within a version."""
    with reader.rule():
        if version.valid_to is not None and version.valid_to < version.valid_from:
            note(reader, (*version.path, "valid_to"), broken_rule("dates.order"))
    with reader.rule():
        units = _whole(version, "units", reader)
        if len(set(units)) < len(units):
            note(reader, (*version.path, "units"), broken_rule("units.twice"))
    with reader.rule():
        if version.supplement_rounds == 0 and version.supplement_period is not None:
            note(reader, (*version.path, "supplement_period"), broken_rule("supplement.none"))
    for key in ("parts", "exempt"):
        check_repeated(getattr(version, key, ()), "code", reader)
    _check_channels(version, reader)
    _check_limits(version, reader)
    _check_fees(version, reader)


def _whole(version: VersionEntry, key: str, reader: DocumentReader) -> list[str]:
    """Return a list; raise ``UnsoundValue`` also where only a part of it is wrong."""
    if reader.has_mistake((*version.path, key)):
        raise UnsoundValue(key)
    return list(getattr(version, key))


def _check_channels(version: VersionEntry, reader: DocumentReader) -> None:
    for key in ("channels", "result_channels"):
        with reader.rule():
            channels = _whole(version, key, reader)
            if len(set(channels)) < len(channels):
                note(reader, (*version.path, key), broken_rule("channels.twice"))
    if getattr(version, "level", "") != "whole":
        return
    with reader.rule():
        if "online" not in _whole(version, "channels", reader):
            note(reader, (*version.path, "level"), broken_rule("level.online"))
    with reader.rule():
        if not {"online", "post"} & set(_whole(version, "result_channels", reader)):
            note(reader, (*version.path, "level"), broken_rule("level.result"))


def _check_limits(version: VersionEntry, reader: DocumentReader) -> None:
    path = (*version.path, "online_time_limit")
    with reader.rule():
        if version.same_day and not _within_a_day(version.time_limit):
            note(reader, (*version.path, "time_limit"), broken_rule("same_day.limit"))
    with reader.rule():
        online = version.online_time_limit
        if online is not None and not _shorter(online, version.time_limit):
            note(reader, path, broken_rule("online.limit", version.time_limit))
    with reader.rule():
        online = version.online_time_limit
        if online is not None and "online" not in _whole(version, "channels", reader):
            note(reader, path, broken_rule("online.channel"))


def _check_fees(version: VersionEntry, reader: DocumentReader) -> None:
    with reader.rule():
        charged = bool(version.fees) or reader.has_mistake((*version.path, "fees"))
        if version.exempt and not charged:
            note(reader, (*version.exempt[0].path, "code"), broken_rule("exempt.none"))
    with reader.rule():
        charged = bool(version.fees) or reader.has_mistake((*version.path, "fees"))
        if charged and version.fee_timing == "none":
            note(reader, (*version.path, "fee_timing"), broken_rule("fees.timing"))
        if not charged and version.fee_timing != "none":
            note(reader, (*version.path, "fee_timing"), broken_rule("fees.none"))


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
