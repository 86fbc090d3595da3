"""The tables of a calendar file, and the rules between the values of a dated rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from kernel.base.instants import zone
from kernel.documents.reading import DocumentReader, DocumentTable
from kernel.documents.rules import broken, must
from kernel.messages.catalogue import BilingualText
from office.texts import OFFICE_TEXTS
from office.worktime.calendars.model import DayKind
from office.worktime.calendars.span_index import FIRST_YEAR, LAST_YEAR

_LONGEST_CLOSURE: Final = 366
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_REVISION: Final = re.compile(r"[0-9A-Za-z.]{1,20}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_Year = Annotated[int, Field(ge=1950, le=2100)]


def _text(key: str, **params: object) -> BilingualText:
    return OFFICE_TEXTS.text(f"calendar.{key}", **params)


def _zone(name: str) -> str:
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise broken("time_zone", _text("time_zone", zone=name)) from error
    return name


class HolidaysEntry(DocumentTable):
    """The ``[holidays]`` table: a country's days off, as the ``holidays`` library knows them."""

    country: Annotated[str, must(_COUNTRY.fullmatch, "country", _text("country"))]
    subdivision: str | None = None
    first_year: _Year
    last_year: _Year
    announced_until: date | None = None
    label_vi: str = ""
    label_en: str = ""


class DayEntry(DocumentTable):
    """A ``[[day]]``: one dated rule, for a day or for several."""

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

    def dates(self) -> Iterator[date]:
        """Yield the dates of the rule; only the first where the last can't be one."""
        day, last = self.on, getattr(self, "until", None) or self.on
        if not 0 <= (last - day).days < _LONGEST_CLOSURE:
            last = day
        for after in range((last - day).days + 1):
            yield day + timedelta(days=after)


class CalendarFile(DocumentTable):
    """A whole file."""

    name: Annotated[str, must(_NAME.fullmatch, "name", _text("name"))]
    revision: Annotated[str, must(_REVISION.fullmatch, "revision", _text("revision"))]
    time_zone: Annotated[str, AfterValidator(_zone)]
    hours_per_day: Annotated[float, Field(gt=0, le=24)] = 8
    sessions: dict[str, str]
    holidays: HolidaysEntry | None = None
    day: list[DayEntry] = Field(default_factory=list)


def check_contradictions(entry: DayEntry, reader: DocumentReader) -> None:
    """Note the contradictions in a dated rule; nothing that depends on a wrong value is checked."""

    def wrong(key: str, rule: str, **params: object) -> None:
        reader.wrong((*entry.path, key), rule, _text(rule, **params))

    with reader.rule():
        last = getattr(entry, "until", None) or entry.on
        kept = range(FIRST_YEAR + 1, LAST_YEAR)
        if entry.on.year not in kept or last.year not in kept:
            key = "until" if entry.on.year in kept else "date"
            wrong(key, "years", first=kept[0], last=kept[-1])
        elif not 0 <= (last - entry.on).days < _LONGEST_CLOSURE:
            wrong("until", "until")
    kind = getattr(entry, "kind", None)
    with reader.rule():
        if kind is DayKind.OWN and entry.sessions is None:
            wrong("sessions", "sessions_missing", kind=kind)
        if kind is DayKind.CLOSURE and entry.sessions is not None:
            wrong("sessions", "closure_sessions")
        if kind is DayKind.OFF and entry.sessions:
            wrong("sessions", "off_sessions", kind=kind)
    with reader.rule():
        if kind is not None and kind is not DayKind.CLOSURE and entry.closed is not None:
            wrong("closed", "closed")
