"""Reader of calendars in TOML: sessions, a country's holidays, and dated rules that override both.

``vn_overrides.toml`` is an example with every key explained. A file that can't be used raises
``CalendarError``, which names the file, the key and the rule that it breaks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Final

import holidays

from kernel.base.instants import HOUR
from kernel.documents.mistakes import DocumentError, DocumentMistake, KeyPath
from kernel.documents.reading import DocumentReader, open_toml, read_document
from kernel.messages.catalogue import BilingualText
from office.texts import OFFICE_TEXTS
from office.worktime.calendars.file_entries import (
    CalendarFile,
    DayEntry,
    HolidaysEntry,
    check_contradictions,
)
from office.worktime.calendars.model import (
    MINUTES_OF_DAY,
    WEEKDAYS,
    Calendar,
    CalendarError,
    DayKind,
    DayRule,
    Session,
    calendar_digest,
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
    calendar, mistakes = read_draft(path)
    if mistakes or calendar is None:
        raise CalendarError(path.name, field_of(mistakes[0]), mistakes[0].text)
    return calendar


def field_of(mistake: DocumentMistake) -> str:
    """Return the key of a mistake with dots, days counting from 1; ``file`` for the whole file."""
    path = (part + 1 if isinstance(part, int) else part for part in mistake.path)
    return ".".join(map(str, path)) or "file"


def read_draft(path: Path) -> tuple[Calendar | None, list[DocumentMistake]]:
    """Return all mistakes of a file, and its calendar where its working time was read without one.

    A mistake that only follows from another one is not reported.
    """
    try:
        reader = open_toml(path, name=path.name)
    except DocumentError as error:
        return None, list(error.mistakes)
    file = read_document(CalendarFile, reader)
    assert file is not None  # a TOML file is a table
    week = _read_week(file, reader)
    days: dict[date, DayRule] = {}
    entry = getattr(file, "holidays", None)
    with reader.rule():
        days = _holiday_rules(entry, _ordinary_sessions(week), reader) if entry else {}
    days |= _dated_rules(getattr(file, "day", []), week, reader)
    mistakes = reader.in_order()
    parts = ("sessions", "holidays", "day")
    if any(mistake.path[:1] and mistake.path[0] in parts for mistake in mistakes):
        return None, mistakes
    name, revision = getattr(file, "name", "wrong"), getattr(file, "revision", "0")
    time_zone = getattr(file, "time_zone", "UTC")
    day_us = round(getattr(file, "hours_per_day", 8) * HOUR)
    digest = calendar_digest(time_zone, week, days, day_us)
    until = getattr(entry, "announced_until", None)
    version = f"{name}-{revision}+{digest}"
    return Calendar(name, version, time_zone, week, days, day_us, until), mistakes


def _text(key: str, **params: object) -> BilingualText:
    return OFFICE_TEXTS.text(f"calendar.{key}", **params)


def _read_sessions(
    reader: DocumentReader, path: KeyPath, text: str | None
) -> tuple[Session, ...] | None:
    """Return the sessions in a text; None for none, or after noting a mistake."""
    try:
        return None if text is None else parse_sessions("", "", text)
    except CalendarError as error:
        place = error.field.removeprefix(", ")
        words = _text("session", place=place, rule=error.words) if place else error.words
        reader.wrong(path, "sessions", words)
        return None


def _read_week(file: CalendarFile, reader: DocumentReader) -> _Week:
    """Return each weekday's sessions, a placeholder for those with mistakes."""
    sessions = getattr(file, "sessions", {})
    given = reader.value_at(("sessions",))
    given = given if isinstance(given, dict) else {}
    strange = [weekday for weekday in given if weekday not in WEEKDAYS]
    for weekday in strange:
        near = get_close_matches(weekday, WEEKDAYS, 1)
        known = ", ".join(WEEKDAYS)
        words = _text("weekday_near", near=near[0]) if near else _text("weekday", known=known)
        reader.wrong(("sessions", weekday), "weekday", words)
    week = []
    for day in WEEKDAYS:
        wrong = not hasattr(file, "sessions") or (day in given and day not in sessions)
        unsure = wrong or (strange and day not in sessions)
        text = None if unsure else sessions.get(day, "")
        week.append(_read_sessions(reader, ("sessions", day), text))
    return tuple(_UNKNOWN_SESSIONS if found is None else found for found in week)


def _ordinary_sessions(week: _Week) -> tuple[Session, ...]:
    return next((sessions for sessions in week if sessions), ())


def _holiday_rules(
    entry: HolidaysEntry, ordinary: tuple[Session, ...], reader: DocumentReader
) -> dict[date, DayRule]:
    """Return a country's days off, and the days worked instead with ordinary sessions."""
    years = range(0)
    with reader.rule():
        years = range(entry.first_year, entry.last_year + 1)
        if not years:
            words = _text("years_order", first=entry.first_year, last=entry.last_year)
            reader.wrong((*entry.path, "last_year"), "order", words)
    try:
        vi, en = (_country_holidays(entry, years, language) for language in ("vi", "en_US"))
    except _NoHolidays as error:
        reader.wrong((*entry.path, error.key), "country", error.words)
        return {}
    days = {
        day: DayRule(DayKind.OFF, (), entry.label_vi or vi[day], entry.label_en or en.get(day, ""))
        for day in sorted(vi)
        if day.year in years
    }
    for day in sorted(getattr(vi, "weekend_workdays", ())):
        if day.year in years and ordinary:
            names = OFFICE_TEXTS.both("calendar.compensatory")
            days[day] = DayRule(DayKind.WORKED, ordinary, *names)
    return days


class _NoHolidays(Exception):
    """The library knows no holidays of a country, or of its part."""

    def __init__(self, key: str, words: BilingualText) -> None:
        super().__init__(key)
        self.key, self.words = key, words


def _country_holidays(
    entry: HolidaysEntry, years: range, language: str, *, whole: bool = False
) -> holidays.HolidayBase:
    _load_countries_singly()
    part = None if whole else entry.subdivision
    try:
        return holidays.country_holidays(entry.country, part, years=years, language=language)
    except NotImplementedError as error:
        if part is None:
            words = _text("no_holidays", country=entry.country)
            raise _NoHolidays("country", words) from error
        _country_holidays(entry, years, language, whole=True)
        words = _text("no_holidays_part", country=entry.country, part=part)
        raise _NoHolidays("subdivision", words) from error


def _load_countries_singly() -> None:
    """Keep ``holidays`` from loading 200 countries for one (9 MB a service).

    A country's module needs its package's path only, and the package's own code imports them all.
    """
    if "holidays.countries" not in sys.modules:
        package = ModuleType("holidays.countries")
        package.__path__ = [str(Path(holidays.__file__).parent / "countries")]
        sys.modules["holidays.countries"] = package


def _dated_rules(
    entries: Iterable[DayEntry], week: _Week, reader: DocumentReader
) -> dict[date, DayRule]:
    days: dict[date, DayRule] = {}
    first: dict[date, DayEntry] = {}
    for entry in entries:
        before = len(reader.mistakes)
        check_contradictions(entry, reader)
        own, closed = (
            _read_sessions(reader, (*entry.path, key), getattr(entry, key, None))
            for key in ("sessions", "closed")
        )
        with reader.rule():
            for day in entry.dates():
                if day in first:
                    words = _text("day_twice", day=day, place=int(first[day].path[-1]) + 1)
                    reader.wrong((*entry.path, "date"), "twice", words)
                    break
                first[day] = entry
            if len(reader.mistakes) == before:
                for day in entry.dates():
                    days[day] = _day_rule(entry, day, week, own, closed, reader)
    return days


def _day_rule(
    entry: DayEntry,
    day: date,
    week: _Week,
    own: tuple[Session, ...] | None,
    closed: tuple[Session, ...] | None,
    reader: DocumentReader,
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
            reader.wrong((*entry.path, "closed"), "idle", _text("closed_idle", day=day))
    rule = DayRule(
        entry.kind, sessions, entry.reason_vi, entry.reason_en, entry.source, entry.estimated
    )
    try:
        check_rule("", day, rule)
    except CalendarError as error:
        words = _text("session", place=error.field, rule=error.words)
        reader.wrong((*entry.path, "sessions"), "day", words)
    return rule


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
