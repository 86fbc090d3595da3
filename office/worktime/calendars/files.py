"""Reader of calendars in TOML: sessions, a country's holidays, and dated rules that override both.

``vn_overrides.toml`` is an example with every key explained. A file that can't be used raises
``CalendarError``, which names the file, the key and the rule that it breaks.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Final

import holidays

from kernel.base.instants import HOUR
from kernel.documents.toml_files import FileUnreadable, read_toml
from office.worktime.calendars.file_entries import (
    DayEntry,
    HolidaysEntry,
    ParsedCalendarFile,
    contradictions,
    file_order,
    parse_calendar_file,
)
from office.worktime.calendars.model import (
    MINUTES_OF_DAY,
    WEEKDAYS,
    Calendar,
    CalendarError,
    DayKind,
    DayRule,
    Session,
    check_rule,
    parse_sessions,
)

_Week = tuple[tuple[Session, ...], ...]
_UNKNOWN_SESSIONS: Final[tuple[Session, ...]] = (Session(0, MINUTES_OF_DAY),)
"""Placeholder for sessions that could not be read: no rule that depends on them is broken by it."""


def load_calendar(path: Path) -> Calendar:
    """Read the calendar in a file; raise the first of its mistakes as ``CalendarError``.

    Its version is ``{name}-{revision}+{digest}``, the digest being the first 8 hexadecimal digits
    of the SHA-256 of all that arithmetic depends on (zone, sessions, dates), not of texts.
    """
    calendar, mistakes = read_with_mistakes(path)
    if calendar is None:
        raise mistakes[0]
    return calendar


def read_with_mistakes(path: Path) -> tuple[Calendar | None, list[CalendarError]]:
    """Return the calendar in a file and all its mistakes; with any mistake, there is no calendar.

    A mistake that only follows from another one is not reported.
    """
    calendar, mistakes = read_draft(path)
    return (None if mistakes else calendar), mistakes


def read_draft(path: Path) -> tuple[Calendar | None, list[CalendarError]]:
    """Return all mistakes of a file, and its calendar where its working time was read without one.

    Unlike ``read_with_mistakes`` this returns a calendar whose other parts may be wrong.
    """
    mistakes: list[CalendarError] = []
    try:
        content = read_toml(path)
    except FileUnreadable as error:
        return None, [CalendarError(path.name, "file", str(error))]
    parsed = parse_calendar_file(path.name, content, mistakes)
    file, before = parsed.file, len(mistakes)
    week = _read_week(path.name, parsed, mistakes)
    days = (
        _holiday_rules(path.name, parsed, file.holidays, _ordinary_sessions(week), mistakes)
        if file.holidays
        else {}
    )
    days |= _dated_rules(path.name, parsed, week, mistakes)
    sure = len(mistakes) == before and not any(
        place[0] in ("sessions", "holidays", "day") for place in parsed.wrong
    )
    day_us = round(file.hours_per_day * HOUR)
    digest = calendar_digest(file.time_zone, week, days, day_us)
    version = f"{file.name}-{file.revision}+{digest}"
    until = file.holidays.announced_until if file.holidays else None
    calendar = None
    try:
        calendar = Calendar(file.name, version, file.time_zone, week, days, day_us, until)
    except CalendarError as error:
        mistakes.append(error)
        calendar = Calendar(file.name, version, "UTC", week, days, day_us, until)
    mistakes.sort(key=file_order)
    return (calendar if sure else None), mistakes


@contextmanager
def _collecting(mistakes: list[CalendarError]) -> Iterator[None]:
    try:
        yield
    except CalendarError as error:
        mistakes.append(error)


def _read_week(name: str, parsed: ParsedCalendarFile, mistakes: list[CalendarError]) -> _Week:
    """Return each weekday's sessions, a placeholder for those with mistakes."""
    sessions = parsed.file.sessions
    strange = [weekday for weekday in sessions if weekday not in WEEKDAYS]
    for weekday in strange:
        near = get_close_matches(weekday, WEEKDAYS, 1)
        rule = f"is {near[0]} meant?" if near else f"is none of {', '.join(WEEKDAYS)}"
        mistakes.append(CalendarError(name, f"sessions.{weekday}", rule))
    week = []
    for day in WEEKDAYS:
        read = _UNKNOWN_SESSIONS
        unsure = not parsed.sound("sessions", day) or (strange and day not in sessions)
        if not unsure:
            with _collecting(mistakes):
                read = parse_sessions(name, f"sessions.{day}", sessions.get(day, ""))
        week.append(read)
    return tuple(week)


def _ordinary_sessions(week: _Week) -> tuple[Session, ...]:
    return next((sessions for sessions in week if sessions), ())


def _holiday_rules(
    name: str,
    parsed: ParsedCalendarFile,
    entry: HolidaysEntry,
    ordinary: tuple[Session, ...],
    mistakes: list[CalendarError],
) -> dict[date, DayRule]:
    """Return a country's days off, and the days worked instead with ordinary sessions."""
    years = range(entry.first_year, entry.last_year + 1)
    ordered = parsed.sound("holidays", "first_year") and parsed.sound("holidays", "last_year")
    if ordered and not years:
        rule = f"{entry.last_year} lies before first_year, {entry.first_year}"
        mistakes.append(CalendarError(name, "holidays.last_year", rule))
    if not (parsed.sound("holidays", "country") and parsed.sound("holidays", "subdivision")):
        return {}
    with _collecting(mistakes):
        vi, en = (
            _country_holidays(name, entry, years, "vi"),
            _country_holidays(name, entry, years, "en_US"),
        )
        days = {
            day: DayRule(
                DayKind.OFF, (), entry.label_vi or vi[day], entry.label_en or en.get(day, "")
            )
            for day in sorted(vi)
            if day.year in years
        }
        for day in sorted(getattr(vi, "weekend_workdays", ())):
            if day.year in years and ordinary:
                days[day] = DayRule(
                    DayKind.WORKED, ordinary, "Ngày làm bù", "Compensatory working day"
                )
        return days
    return {}


def _country_holidays(
    name: str, entry: HolidaysEntry, years: range, language: str
) -> holidays.HolidayBase:
    _load_countries_singly()
    try:
        return holidays.country_holidays(
            entry.country, subdiv=entry.subdivision, years=years, language=language
        )
    except NotImplementedError as error:
        rule = f"no holidays are known of {entry.country}"
        if entry.subdivision is None:
            raise CalendarError(name, "holidays.country", rule) from error
        whole = entry.model_copy(update={"subdivision": None})
        _country_holidays(name, whole, years, language)
        rule += f"'s part {entry.subdivision}"
        raise CalendarError(name, "holidays.subdivision", rule) from error


def _load_countries_singly() -> None:
    """Keep ``holidays`` from loading 200 countries for one (9 MB a service).

    A country's module needs its package's path only, and the package's own code imports them all.
    """
    if "holidays.countries" not in sys.modules:
        package = ModuleType("holidays.countries")
        package.__path__ = [str(Path(holidays.__file__).parent / "countries")]
        sys.modules["holidays.countries"] = package


def _dated_rules(
    name: str, parsed: ParsedCalendarFile, week: _Week, mistakes: list[CalendarError]
) -> dict[date, DayRule]:
    days: dict[date, DayRule] = {}
    first: dict[date, int] = {}
    for place, entry in zip(parsed.places, parsed.file.day, strict=True):
        at = f"day.{place}"
        wrong = {str(path[2]) for path in parsed.wrong if path[:2] == ("day", place - 1)}
        before = len(mistakes)
        for key, rule in contradictions(entry, wrong):
            mistakes.append(CalendarError(name, f"{at}.{key}", rule))
        sessions = closed = None
        with _collecting(mistakes):
            sessions = _read_sessions(name, at, "sessions", entry.sessions)
        with _collecting(mistakes):
            closed = _read_sessions(name, at, "closed", entry.closed)
        if "date" in wrong:
            continue
        for day in entry.dates():
            if day in first:
                rule = f"{day.isoformat()} has a rule already: day.{first[day]}"
                mistakes.append(CalendarError(name, f"{at}.date", rule))
                break
            first[day] = place
        if wrong or len(mistakes) > before:
            continue
        with _collecting(mistakes):
            for day in entry.dates():
                rule_of_day = _day_rule(name, at, entry, day, week, sessions, closed)
                check_rule(name, day, rule_of_day)
                days[day] = rule_of_day
    return days


def _read_sessions(name: str, at: str, key: str, text: str | None) -> tuple[Session, ...] | None:
    return None if text is None else parse_sessions(name, f"{at}.{key}", text)


def _day_rule(
    name: str,
    at: str,
    entry: DayEntry,
    day: date,
    week: _Week,
    own: tuple[Session, ...] | None,
    closed: tuple[Session, ...] | None,
) -> DayRule:
    sessions: tuple[Session, ...] = ()
    if own is not None:
        sessions = own
    elif entry.kind is DayKind.WORKED:
        sessions = (
            week[entry.instead_of.weekday()] if entry.instead_of else _ordinary_sessions(week)
        )
    elif closed is not None:
        sessions = _remaining_sessions(week[day.weekday()], closed)
        if sessions == week[day.weekday()]:
            rule = f"nobody works then on {day.isoformat()} anyway"
            raise CalendarError(name, f"{at}.closed", rule)
    return DayRule(
        entry.kind, sessions, entry.reason_vi, entry.reason_en, entry.source, entry.estimated
    )


def _remaining_sessions(
    sessions: Iterable[Session], closed: Iterable[Session]
) -> tuple[Session, ...]:
    """Return the parts of sessions that lie outside the closed hours."""
    left = list(sessions)
    for closure in closed:
        pieces = [
            (Session(s.start, min(s.end, closure.start)), Session(max(s.start, closure.end), s.end))
            for s in left
        ]
        left = [piece for pair in pieces for piece in pair if piece.start < piece.end]
    return tuple(left)


def calendar_digest(
    time_zone: str,
    week: _Week,
    days: Mapping[date, DayRule],
    day_us: int,
) -> str:
    """Return 8 hexadecimal digits of the SHA-256 of all that arithmetic depends on."""
    dated = [[day.isoformat(), days[day].kind.value, days[day].sessions] for day in sorted(days)]
    content = json.dumps([time_zone, day_us, week, dated], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:8]
