"""When an organisation works: sessions of each weekday, and the days that differ from them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfoNotFoundError

from kernel.base.instants import DAY, HOUR, zone
from kernel.messages.catalogue import BilingualText, FixedText
from office.texts import OFFICE_TEXTS
from office.worktime.calendars.span_index import SpanIndex

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTES_OF_DAY = 24 * 60
_SESSION = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)


class CalendarError(ValueError):
    """A calendar that can't be used: its name, the field at fault and the rule it breaks."""

    def __init__(self, calendar: str, field: str, rule: str | BilingualText) -> None:
        """``rule`` is a text in both languages, or one that is the same in both."""
        super().__init__(calendar, field, rule)
        self.calendar = calendar
        self.field = field
        self.words = FixedText(rule, rule) if isinstance(rule, str) else rule

    @property
    def rule(self) -> str:
        """The rule in English."""
        return self.words.en

    def __str__(self) -> str:
        return f"calendar {self.calendar!r}: {self.field}: {self.rule}"


def _text(key: str, **params: object) -> BilingualText:
    return OFFICE_TEXTS.text(f"calendar.{key}", **params)


class Session(NamedTuple):
    """Working time within one local day, in minutes since midnight; ``end`` is excluded."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock_text(self.start)}-{_clock_text(self.end)}"


class DayKind(StrEnum):
    """Why a day differs from its weekday."""

    OFF = "day-off"
    CLOSURE = "closure"
    """Closed for a local reason, such as a storm, all day or for some hours."""
    WORKED = "worked"
    """A compensatory working day: worked although its weekday is free."""
    OWN = "own-sessions"
    """A working day with sessions of its own, such as a half day."""


@dataclass(frozen=True, slots=True)
class DayRule:
    """What holds on one date instead of its weekday's sessions.

    A day off has no sessions, a closure those that are left, the other kinds have some.
    """

    kind: DayKind
    sessions: tuple[Session, ...] = ()
    reason_vi: str = ""
    reason_en: str = ""
    source: str = ""
    """The document that orders it; empty for days that the library supplies."""
    estimated: bool = False
    """Not decreed yet (dự kiến): the date may still change."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """One version of one organisation's working time; a value, never changed, compared by identity.

    Dates are local dates of ``time_zone``. Raise ``CalendarError`` when made from sessions that
    overlap, are out of order, end before they start or leave the day, or from a zone that does not
    exist.
    """

    name: str
    version: str
    """Recorded in events beside each date computed; one version means one content."""
    time_zone: str
    week: tuple[tuple[Session, ...], ...]
    """Sessions of Monday to Sunday."""
    days: Mapping[date, DayRule] = field(default_factory=dict)
    day_us: int = 8 * HOUR
    """The working time that a working day stands for, in microseconds."""
    estimated_after: date | None = None
    """The last date whose days off are announced; later ones are estimates (dự kiến)."""
    span_index: SpanIndex = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", MappingProxyType(dict(self.days)))
        if len(self.week) != len(WEEKDAYS):
            raise CalendarError(self.name, "week", _text("week"))
        for weekday, sessions in zip(WEEKDAYS, self.week, strict=True):
            check_sessions(self.name, weekday, sessions)
        for day, rule in self.days.items():
            check_rule(self.name, day, rule)
        if not 0 < self.day_us <= DAY:
            raise CalendarError(self.name, "hours_per_day", _text("hours"))
        try:
            tz = zone(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            words = _text("time_zone", zone=self.time_zone)
            raise CalendarError(self.name, "time_zone", words) from error
        object.__setattr__(self, "span_index", SpanIndex(self.name, tz, self.sessions_on))

    def sessions_on(self, day: date) -> tuple[Session, ...]:
        """Return the sessions of a local date, in order; empty on a day off."""
        rule = self.days.get(day)
        return self.week[day.weekday()] if rule is None else rule.sessions

    def is_working_day(self, day: date) -> bool:
        """Return whether any work is done on a local date."""
        return bool(self.sessions_on(day))

    def is_estimated(self, day: date) -> bool:
        """Return whether a local date's place in the calendar is an estimate (dự kiến)."""
        rule = self.days.get(day)
        late = self.estimated_after is not None and day > self.estimated_after
        return late or (rule is not None and rule.estimated)


class Calendars(Protocol):
    """The calendars by which an organisation works."""

    def calendar_for(self, unit: str, at: int) -> Calendar:
        """Return the calendar by which a unit works at an instant."""
        ...

    def find(self, version: str) -> Calendar:
        """Return a version that was ever published or shipped; raise ``LookupError``."""
        ...


def check_rule(calendar: str, day: date, rule: DayRule) -> None:
    """Raise ``CalendarError`` unless a date's sessions are sound and fit the kind of its rule."""
    where = f"day {day.isoformat()}"
    check_sessions(calendar, where, rule.sessions)
    if rule.kind is DayKind.OFF and rule.sessions:
        raise CalendarError(calendar, where, _text("off_sessions", kind=rule.kind))
    if rule.kind in (DayKind.WORKED, DayKind.OWN) and not rule.sessions:
        raise CalendarError(calendar, where, _text("day_sessions", kind=rule.kind))


def check_sessions(calendar: str, field: str, sessions: Sequence[Session]) -> None:
    """Raise ``CalendarError`` unless the sessions lie within the day, in order, without overlap."""
    before: Session | None = None
    for place, session in enumerate(sessions, start=1):
        where = f"{field}, session {place} ({session})".removeprefix(", ")
        if not 0 <= session.start <= session.end <= MINUTES_OF_DAY:
            if session.end < session.start:
                raise CalendarError(calendar, where, _text("session_ends"))
            raise CalendarError(calendar, where, _text("session_day"))
        if session.start == session.end:
            raise CalendarError(calendar, where, _text("session_empty"))
        if before is not None and session.start < before.end:
            raise CalendarError(calendar, where, _text("session_order", before=before))
        before = session


def parse_sessions(calendar: str, field: str, text: str) -> tuple[Session, ...]:
    """Read ``07:00-11:30,13:30-17:00`` (empty: a free day); raise ``CalendarError``."""
    sessions = []
    for piece in (p.strip() for p in text.split(",") if text.strip()):
        match = _SESSION.fullmatch(piece)
        hours = [int(part) for part in match.groups()] if match else []
        if not hours or hours[1] > 59 or hours[3] > 59:
            raise CalendarError(calendar, field, _text("session_form", text=piece))
        sessions.append(Session(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]))
    check_sessions(calendar, field, sessions)
    return tuple(sessions)


def _clock_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def calendar_digest(
    time_zone: str,
    week: tuple[tuple[Session, ...], ...],
    days: Mapping[date, DayRule],
    day_us: int,
) -> str:
    """Return 8 hexadecimal digits of the SHA-256 of all that arithmetic depends on."""
    dated = [[day.isoformat(), days[day].kind.value, days[day].sessions] for day in sorted(days)]
    content = json.dumps([time_zone, day_us, week, dated], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:8]
