"""Reads a calendar from a TOML file: sessions, a country's holidays, dated rules above both.

``vn_overrides.toml`` is an example with every key explained. A file that can't be used raises
``CalendarError``, which names the file, the key and what is wrong with it.
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
from kernel.base.toml_files import FileUnreadable, read_toml
from office.worktime.calendars.file_entries import (
    Day,
    Holidays,
    Parsed,
    contradictions,
    parse,
    place_of,
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
_UNSURE: Final[tuple[Session, ...]] = (Session(0, MINUTES_OF_DAY),)
"""Stands for the sessions of a weekday that could not be read: nothing that uses them is wrong."""


def load_calendar(path: Path) -> Calendar:
    """Read the calendar in a file; raises the first of its mistakes.

    Its version is ``{name}-{revision}+{digest}``, the digest being the first 8 hexadecimal digits
    of the SHA-256 of all that arithmetic depends on (zone, sessions, dates), not of texts.
    """
    calendar, mistakes = examine(path)
    if calendar is None:
        raise mistakes[0]
    return calendar


def examine(path: Path) -> tuple[Calendar | None, list[CalendarError]]:
    """Read the calendar in a file and list all its mistakes; with any, there is no calendar.

    What hangs on a part at fault is not told as a mistake of its own.
    """
    calendar, found = draft(path)
    return (None if found else calendar), found


def draft(path: Path) -> tuple[Calendar | None, list[CalendarError]]:
    """Do as ``examine``, and give the calendar too where its working time was read without a
    mistake, whatever else is wrong.
    """
    found: list[CalendarError] = []
    try:
        content = read_toml(path)
    except FileUnreadable as error:
        return None, [CalendarError(path.name, "file", str(error))]
    parsed = parse(path.name, content, found)
    file, before = parsed.file, len(found)
    week = _week(path.name, parsed, found)
    days = _seed(path.name, parsed, file.holidays, _usual(week), found) if file.holidays else {}
    days |= _dated(path.name, parsed, week, found)
    sure = len(found) == before and not any(
        place[0] in ("sessions", "holidays", "day") for place in parsed.wrong
    )
    day_us = round(file.hours_per_day * HOUR)
    digest = digest_of(file.time_zone, week, days, day_us)
    version = f"{file.name}-{file.revision}+{digest}"
    until = file.holidays.announced_until if file.holidays else None
    calendar = None
    try:
        calendar = Calendar(file.name, version, file.time_zone, week, days, day_us, until)
    except CalendarError as error:
        found.append(error)
        calendar = Calendar(file.name, version, "UTC", week, days, day_us, until)
    found.sort(key=place_of)
    return (calendar if sure else None), found


@contextmanager
def _noted(found: list[CalendarError]) -> Iterator[None]:
    try:
        yield
    except CalendarError as error:
        found.append(error)


def _week(name: str, parsed: Parsed, found: list[CalendarError]) -> _Week:
    """Read each weekday's sessions. Of a wrong one something stands, for the days that use it."""
    sessions = parsed.file.sessions
    strange = [weekday for weekday in sessions if weekday not in WEEKDAYS]
    for weekday in strange:
        near = get_close_matches(weekday, WEEKDAYS, 1)
        rule = f"is {near[0]} meant?" if near else f"is none of {', '.join(WEEKDAYS)}"
        found.append(CalendarError(name, f"sessions.{weekday}", rule))
    week = []
    for day in WEEKDAYS:
        read = _UNSURE
        unsure = not parsed.sound("sessions", day) or (strange and day not in sessions)
        if not unsure:
            with _noted(found):
                read = parse_sessions(name, f"sessions.{day}", sessions.get(day, ""))
        week.append(read)
    return tuple(week)


def _usual(week: _Week) -> tuple[Session, ...]:
    return next((sessions for sessions in week if sessions), ())


def _seed(
    name: str,
    parsed: Parsed,
    seed: Holidays,
    usual: tuple[Session, ...],
    found: list[CalendarError],
) -> dict[date, DayRule]:
    """List a country's days off, and the days worked instead with ordinary sessions."""
    years = range(seed.first_year, seed.last_year + 1)
    ordered = parsed.sound("holidays", "first_year") and parsed.sound("holidays", "last_year")
    if ordered and not years:
        rule = f"{seed.last_year} lies before first_year, {seed.first_year}"
        found.append(CalendarError(name, "holidays.last_year", rule))
    if not (parsed.sound("holidays", "country") and parsed.sound("holidays", "subdivision")):
        return {}
    with _noted(found):
        vi, en = _known(name, seed, years, "vi"), _known(name, seed, years, "en_US")
        days = {
            day: DayRule(
                DayKind.OFF, (), seed.label_vi or vi[day], seed.label_en or en.get(day, "")
            )
            for day in sorted(vi)
            if day.year in years
        }
        for day in sorted(getattr(vi, "weekend_workdays", ())):
            if day.year in years and usual:
                days[day] = DayRule(
                    DayKind.WORKED, usual, "Ngày làm bù", "Compensatory working day"
                )
        return days
    return {}


def _known(name: str, seed: Holidays, years: range, language: str) -> holidays.HolidayBase:
    _load_countries_singly()
    try:
        return holidays.country_holidays(
            seed.country, subdiv=seed.subdivision, years=years, language=language
        )
    except NotImplementedError as error:
        rule = f"no holidays are known of {seed.country}"
        if seed.subdivision is None:
            raise CalendarError(name, "holidays.country", rule) from error
        whole = seed.model_copy(update={"subdivision": None})
        _known(name, whole, years, language)
        rule += f"'s part {seed.subdivision}"
        raise CalendarError(name, "holidays.subdivision", rule) from error


def _load_countries_singly() -> None:
    """Keep ``holidays`` from loading 200 countries for one (9 MB a service).

    A country's module needs its package's path only, and the package's own code imports them all.
    """
    if "holidays.countries" not in sys.modules:
        package = ModuleType("holidays.countries")
        package.__path__ = [str(Path(holidays.__file__).parent / "countries")]
        sys.modules["holidays.countries"] = package


def _dated(
    name: str, parsed: Parsed, week: _Week, found: list[CalendarError]
) -> dict[date, DayRule]:
    days: dict[date, DayRule] = {}
    first: dict[date, int] = {}
    for place, entry in zip(parsed.places, parsed.file.day, strict=True):
        at = f"day.{place}"
        wrong = {str(path[2]) for path in parsed.wrong if path[:2] == ("day", place - 1)}
        before = len(found)
        for key, rule in contradictions(entry, wrong):
            found.append(CalendarError(name, f"{at}.{key}", rule))
        sessions = closed = None
        with _noted(found):
            sessions = _read(name, at, "sessions", entry.sessions)
        with _noted(found):
            closed = _read(name, at, "closed", entry.closed)
        if "date" in wrong:
            continue
        for day in entry.dates():
            if day in first:
                rule = f"{day.isoformat()} has a rule already: day.{first[day]}"
                found.append(CalendarError(name, f"{at}.date", rule))
                break
            first[day] = place
        if wrong or len(found) > before:
            continue
        with _noted(found):
            for day in entry.dates():
                rule_of_day = _rule(name, at, entry, day, week, sessions, closed)
                check_rule(name, day, rule_of_day)
                days[day] = rule_of_day
    return days


def _read(name: str, at: str, key: str, text: str | None) -> tuple[Session, ...] | None:
    return None if text is None else parse_sessions(name, f"{at}.{key}", text)


def _rule(
    name: str,
    at: str,
    entry: Day,
    day: date,
    week: _Week,
    own: tuple[Session, ...] | None,
    closed: tuple[Session, ...] | None,
) -> DayRule:
    sessions: tuple[Session, ...] = ()
    if own is not None:
        sessions = own
    elif entry.kind is DayKind.WORKED:
        sessions = week[entry.instead_of.weekday()] if entry.instead_of else _usual(week)
    elif closed is not None:
        sessions = _outside(week[day.weekday()], closed)
        if sessions == week[day.weekday()]:
            rule = f"nobody works then on {day.isoformat()} anyway"
            raise CalendarError(name, f"{at}.closed", rule)
    return DayRule(
        entry.kind, sessions, entry.reason_vi, entry.reason_en, entry.source, entry.estimated
    )


def _outside(sessions: Iterable[Session], closed: Iterable[Session]) -> tuple[Session, ...]:
    """Return what is left of sessions outside the hours closed."""
    left = list(sessions)
    for shut in closed:
        pieces = [
            (Session(s.start, min(s.end, shut.start)), Session(max(s.start, shut.end), s.end))
            for s in left
        ]
        left = [piece for pair in pieces for piece in pair if piece.start < piece.end]
    return tuple(left)


def digest_of(
    time_zone: str,
    week: _Week,
    days: Mapping[date, DayRule],
    day_us: int,
) -> str:
    """Return what stands for all that arithmetic depends on: 8 hexadecimal digits."""
    dated = [[day.isoformat(), days[day].kind.value, days[day].sessions] for day in sorted(days)]
    content = json.dumps([time_zone, day_us, week, dated], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:8]
