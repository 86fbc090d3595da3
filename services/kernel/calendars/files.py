"""Reads a calendar from a TOML file: sessions, a country's holidays, dated rules above both.

``vn_overrides.toml`` is an example with every key explained. A file that can't be used raises
``CalendarError``, which names the file, the key and what is wrong with it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Self

import holidays
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.kernel.calendars.model import (
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
from services.kernel.instants import HOUR

_LONGEST_CLOSURE = 366
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_Revision = Annotated[str, Field(pattern=r"^[0-9A-Za-z.]{1,20}$")]
_Year = Annotated[int, Field(ge=1950, le=2100)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Holidays(_Table):
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    subdivision: str | None = None
    first_year: _Year
    last_year: _Year
    announced_until: date | None = None
    label_vi: str = ""
    label_en: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_year < self.first_year:
            raise ValueError("last_year lies before first_year")
        return self


class _Day(_Table):
    on: Annotated[date, Field(alias="date")]
    until: date | None = None
    kind: Annotated[DayKind, Field(strict=False)]
    sessions: str | None = None
    closed: str | None = None
    instead_of: date | None = None
    reason_vi: str = ""
    reason_en: str = ""
    source: str = ""
    estimated: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.until is not None and not 0 <= (self.until - self.on).days < _LONGEST_CLOSURE:
            raise ValueError("until must be the date itself or lie within a year after it")
        if self.kind is DayKind.OWN and self.sessions is None:
            raise ValueError("own-sessions needs sessions")
        if self.kind is DayKind.CLOSURE and self.sessions is not None:
            raise ValueError("a closure has no sessions; say with closed when nobody works")
        if self.closed is not None and self.kind is not DayKind.CLOSURE:
            raise ValueError("closed belongs to a closure")
        return self

    def dates(self) -> Iterator[date]:
        """List the dates meant."""
        day, last = self.on, self.until or self.on
        while day <= last:
            yield day
            day += timedelta(days=1)


class _File(_Table):
    name: _Name
    revision: _Revision
    time_zone: str
    hours_per_day: Annotated[float, Field(gt=0, le=24)] = 8
    sessions: dict[str, str]
    holidays: _Holidays | None = None
    day: list[_Day] = []


_STAND_IN = {"name": "wrong", "revision": "0", "time_zone": "UTC"}
"""What stands for required keys at fault while the rest of a file is examined."""


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

    What hangs on a part at fault is not examined: of two mistakes in one entry, the second may
    show only when the first is mended.
    """
    found: list[CalendarError] = []
    content = _read(path, found)
    if content is None:
        return None, found
    file, places = _parse(path.name, content, found)
    week = _week(path.name, file.sessions, found)
    days: dict[date, DayRule] = {}
    if file.holidays:
        with _noted(found):
            days = _seed(path.name, file.holidays, _usual(week))
    days |= _dated(path.name, zip(places, file.day, strict=True), week, found)
    day_us = round(file.hours_per_day * HOUR)
    digest = digest_of(file.time_zone, week, days, day_us)
    calendar = None
    with _noted(found):
        calendar = Calendar(
            name=file.name,
            version=f"{file.name}-{file.revision}+{digest}",
            time_zone=file.time_zone,
            week=week,
            days=days,
            day_us=day_us,
            estimated_after=file.holidays.announced_until if file.holidays else None,
        )
    return (None if found else calendar), found


@contextmanager
def _noted(found: list[CalendarError]) -> Iterator[None]:
    try:
        yield
    except CalendarError as error:
        found.append(error)


def _read(path: Path, found: list[CalendarError]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        found.append(CalendarError(path.name, "file", error.strerror or "can't be read"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        found.append(CalendarError(path.name, "file", f"is no TOML: {error}"))
    return None


def _parse(
    name: str, content: dict[str, Any], found: list[CalendarError]
) -> tuple[_File, list[int]]:
    """Give the file without its parts at fault, and the places (from 1) of its days in force."""
    try:
        file = _File.model_validate(content)
        return file, list(range(1, len(file.day) + 1))
    except ValidationError as error:
        problems = error.errors(include_url=False)
    for problem in problems:
        where = ".".join(str(p + 1) if isinstance(p, int) else p for p in problem["loc"])
        rule = problem["msg"].removeprefix("Value error, ")
        found.append(CalendarError(name, where or "file", rule))
    sound = {key: value for key, value in content.items() if key not in ("sessions", "day")}
    wrong = {problem["loc"][:2] for problem in problems}
    for part in wrong:
        sound.pop(str(part[0]), None)
    # A part that is no table or no list has its mistake; it is left out as a whole.
    for key in {"sessions", "day"} - {part[0] for part in wrong if len(part) == 1}:
        sound[key] = content.get(key, {} if key == "sessions" else [])
    sessions = sound.get("sessions", {})
    sound["sessions"] = {k: v for k, v in sessions.items() if ("sessions", k) not in wrong}
    kept = [(n, day) for n, day in enumerate(sound.get("day", [])) if ("day", n) not in wrong]
    sound["day"] = [day for _, day in kept]
    return _File.model_validate(_STAND_IN | sound), [n + 1 for n, _ in kept]


def _week(
    name: str, sessions: dict[str, str], found: list[CalendarError]
) -> tuple[tuple[Session, ...], ...]:
    """Read each weekday's sessions. Of a wrong one something stands, for the days that use it."""
    for weekday in sessions:
        if weekday not in WEEKDAYS:
            rule = f"is none of {', '.join(WEEKDAYS)}"
            found.append(CalendarError(name, f"sessions.{weekday}", rule))
    week = []
    for day in WEEKDAYS:
        read: tuple[Session, ...] = (Session(0, MINUTES_OF_DAY),)
        with _noted(found):
            read = parse_sessions(name, f"sessions.{day}", sessions.get(day, ""))
        week.append(read)
    return tuple(week)


def _usual(week: tuple[tuple[Session, ...], ...]) -> tuple[Session, ...]:
    return next((sessions for sessions in week if sessions), ())


def _seed(name: str, seed: _Holidays, usual: tuple[Session, ...]) -> dict[date, DayRule]:
    """List a country's days off, and the days worked instead with ordinary sessions."""
    vi, en = _known(name, seed, "vi"), _known(name, seed, "en_US")
    days = {
        day: DayRule(DayKind.OFF, (), seed.label_vi or vi[day], seed.label_en or en.get(day, ""))
        for day in sorted(vi)
        if seed.first_year <= day.year <= seed.last_year
    }
    for day in sorted(getattr(vi, "weekend_workdays", ())):
        if seed.first_year <= day.year <= seed.last_year and usual:
            days[day] = DayRule(DayKind.WORKED, usual, "Ngày làm bù", "Compensatory working day")
    return days


def _known(name: str, seed: _Holidays, language: str) -> holidays.HolidayBase:
    _load_countries_singly()
    try:
        return holidays.country_holidays(
            seed.country,
            subdiv=seed.subdivision,
            years=range(seed.first_year, seed.last_year + 1),
            language=language,
        )
    except NotImplementedError as error:
        raise CalendarError(name, "holidays.country", str(error)) from error


def _load_countries_singly() -> None:
    """Keep ``holidays`` from loading 200 countries for one (9 MB a service).

    A country's module needs its package's path only, and the package's own code imports them all.
    """
    if "holidays.countries" not in sys.modules:
        package = ModuleType("holidays.countries")
        package.__path__ = [str(Path(holidays.__file__).parent / "countries")]
        sys.modules["holidays.countries"] = package


def _dated(
    name: str,
    entries: Iterable[tuple[int, _Day]],
    week: tuple[tuple[Session, ...], ...],
    found: list[CalendarError],
) -> dict[date, DayRule]:
    days: dict[date, DayRule] = {}
    for place, entry in entries:
        with _noted(found):
            for day in entry.dates():
                rule = _rule(name, f"day.{place}", entry, day, week)
                check_rule(name, day, rule)
                if day in days:
                    taken = f"{day.isoformat()} has a rule already"
                    raise CalendarError(name, f"day.{place}.date", taken)
                days[day] = rule
    return days


def _rule(
    name: str, where: str, entry: _Day, day: date, week: tuple[tuple[Session, ...], ...]
) -> DayRule:
    sessions: tuple[Session, ...] = ()
    if entry.sessions is not None:
        sessions = parse_sessions(name, f"{where}.sessions", entry.sessions)
    elif entry.kind is DayKind.WORKED:
        sessions = week[entry.instead_of.weekday()] if entry.instead_of else _usual(week)
    elif entry.closed is not None:
        closed = parse_sessions(name, f"{where}.closed", entry.closed)
        sessions = _outside(week[day.weekday()], closed)
        if sessions == week[day.weekday()]:
            rule = f"nobody works then on {day.isoformat()} anyway"
            raise CalendarError(name, f"{where}.closed", rule)
    return DayRule(
        entry.kind, sessions, entry.reason_vi, entry.reason_en, entry.source, entry.estimated
    )


def _outside(sessions: Iterable[Session], closed: Iterable[Session]) -> tuple[Session, ...]:
    """Give what is left of sessions outside the hours closed."""
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
    week: tuple[tuple[Session, ...], ...],
    days: Mapping[date, DayRule],
    day_us: int,
) -> str:
    """Give what stands for all that arithmetic depends on: 8 hexadecimal digits."""
    dated = [[day.isoformat(), days[day].kind.value, days[day].sessions] for day in sorted(days)]
    content = json.dumps([time_zone, day_us, week, dated], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:8]
