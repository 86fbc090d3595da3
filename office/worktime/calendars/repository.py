"""The repository of published calendars: all versions, and which unit works by which since when.

A folder with one file for each version, which is never changed, and ``index.json``, which lists
them with the assignments to units. A reader sees a new version within a second of its publication;
if something can't be read, the calendars known before stay in force.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kernel.base.file_watcher import INTERVAL, FileWatcher, stamp_of
from kernel.telemetry.logs import get_logger
from office.worktime.calendars.model import Calendar, CalendarError
from office.worktime.calendars.snapshot_format import FORMAT, read_snapshot
from office.worktime.calendars.vietnam import state_office

INDEX: Final = "index.json"
_ALWAYS: Final = -(2**62)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_VERSION = re.compile(r"[a-z0-9][a-z0-9-]{0,39}-[0-9A-Za-z.]{1,20}\+[0-9a-f]{8}")
_log = get_logger(__name__)


class UnknownCalendar(LookupError):
    """No calendar of this name or version was published."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no calendar {name!r} is published")
        self.name = name


class PublishedCalendar(BaseModel):
    """One published version; ``valid_from`` is the first local day on which it is in force."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[str, Field(pattern=_VERSION.pattern)]
    name: str
    valid_from: date
    source: str = ""
    """The document that orders it."""
    published_at: str
    sha256: str


class CalendarAssignment(BaseModel):
    """The calendar by which a unit and those below it work; an empty unit means all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Annotated[str, Field(pattern=r"^([0-9A-Z]+(\.[0-9A-Z]+)*)?$", max_length=35)]
    calendar: str
    valid_from: date
    source: str = ""


class PublicationIndex(BaseModel):
    """The content of ``index.json``, in the order of publication."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)] = FORMAT
    versions: list[PublishedCalendar] = []
    assignments: list[CalendarAssignment] = []


@dataclass(frozen=True)
class _Timeline:
    """Values that follow each other: each holds from its instant on."""

    starts: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def put(self, start: int, value: str) -> None:
        place = bisect_right(self.starts, start)
        self.starts.insert(place, start)
        self.values.insert(place, value)

    def at(self, instant: int) -> str | None:
        place = bisect_right(self.starts, instant)
        return self.values[place - 1] if place else None


@dataclass(frozen=True)
class _Content:
    """The repository as read at one moment."""

    index: PublicationIndex
    calendars: dict[str, Calendar]
    versions: dict[str, _Timeline]
    assignments: dict[str, _Timeline]


def version_file(folder: Path, version: str) -> Path:
    """Return the path of a version's file; raise ``UnknownCalendar`` for a malformed version."""
    if not _VERSION.fullmatch(version):
        raise UnknownCalendar(version)
    return folder / f"{version}.json"


def read_index(folder: Path) -> PublicationIndex:
    """Read the index, empty where there is none; raise ``CalendarError`` if it is damaged."""
    try:
        return PublicationIndex.model_validate_json((folder / INDEX).read_bytes())
    except FileNotFoundError:
        return PublicationIndex()
    except OSError as error:
        raise CalendarError(INDEX, "file", error.strerror or "can't be read") from error
    except ValidationError as error:
        raise CalendarError(INDEX, "file", "is no list of published calendars") from error


def start_of_day(calendar: Calendar, day: date) -> int:
    """Return the instant at which a local day begins, in microseconds UTC."""
    return calendar.span_index.instant(day.toordinal() - _EPOCH_DAY, 0)


class CalendarRepository:
    """The calendars of one folder; threads may share it.

    The shipped calendar holds for all units until another is published or assigned.
    """

    def __init__(self, folder: Path, shipped: Calendar | None = None) -> None:
        """Raise ``CalendarError`` when the folder holds something that can't be used."""
        self.folder = folder
        self._shipped = shipped or state_office()
        self._calendars = {self._shipped.version: self._shipped}
        self._watched = FileWatcher(
            lambda: stamp_of(self.folder / INDEX),
            self._read,
            CalendarError,
            on_change=_log_change,
            on_error=_log_refusal,
            interval=INTERVAL,
        )

    def calendar_for(self, unit: str, at: int) -> Calendar:
        """Return the calendar by which a unit works at an instant.

        An assignment to the unit itself takes precedence over one to a unit above it, and the
        latest in force over earlier ones.
        """
        content = self._watched.value()
        for code in _unit_and_ancestors(unit):
            timeline = content.assignments.get(code)
            name = timeline and timeline.at(at)
            version = name and content.versions[name].at(at)
            if version:
                return content.calendars[version]
        return content.calendars[content.versions[self._shipped.name].at(at) or ""]

    def in_force(self, name: str, at: int) -> Calendar:
        """Return the version of a calendar that holds at an instant; raise ``UnknownCalendar``."""
        content = self._watched.value()
        timeline = content.versions.get(name)
        version = timeline and timeline.at(at)
        if not version:
            raise UnknownCalendar(name)
        return content.calendars[version]

    def find(self, version: str) -> Calendar:
        """Return any version that was ever published or shipped; raise ``UnknownCalendar``."""
        self._watched.value()
        known = self._calendars.get(version)
        if known is not None:
            return known
        path = version_file(self.folder, version)
        if not path.exists():
            raise UnknownCalendar(version)
        calendar = read_snapshot(path)
        self._calendars = {**self._calendars, version: calendar}
        return calendar

    def index(self) -> PublicationIndex:
        """Return the current index."""
        return self._watched.value().index

    def all_versions(self) -> Sequence[str]:
        """Return every known version, sorted, with the calendars that earlier software shipped."""
        kept = {path.name.removesuffix(".json") for path in self.folder.glob("*+*.json")}
        self._watched.value()
        return sorted({*self._calendars, *filter(_VERSION.fullmatch, kept)})

    def names(self) -> Sequence[str]:
        """Return the names of all calendars, sorted."""
        return sorted(self._watched.value().versions)

    @property
    def shipped(self) -> Calendar:
        """The calendar that comes with this software."""
        return self._shipped

    def _read(self) -> _Content:
        index = read_index(self.folder)
        calendars = dict(self._calendars)
        versions: dict[str, _Timeline] = {self._shipped.name: _Timeline()}
        versions[self._shipped.name].put(_ALWAYS, self._shipped.version)
        for published in index.versions:
            calendar = calendars.get(published.version)
            if calendar is None:
                calendar = calendars[published.version] = self._read_published(published)
            timeline = versions.setdefault(calendar.name, _Timeline())
            timeline.put(start_of_day(calendar, published.valid_from), calendar.version)
        assignments: dict[str, _Timeline] = {}
        for assignment in index.assignments:
            if assignment.calendar not in versions:
                raise CalendarError(
                    INDEX, f"unit {assignment.unit!r}", f"no calendar {assignment.calendar!r}"
                )
            zone = calendars[versions[assignment.calendar].values[0]]
            assignments.setdefault(assignment.unit, _Timeline()).put(
                start_of_day(zone, assignment.valid_from), assignment.calendar
            )
        self._calendars = calendars
        return _Content(index, calendars, versions, assignments)

    def _read_published(self, published: PublishedCalendar) -> Calendar:
        path = version_file(self.folder, published.version)
        calendar = read_snapshot(path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != published.sha256:
            raise CalendarError(path.name, "file", "was changed after it was published")
        return calendar


def _log_change(content: _Content) -> None:
    _log.info("calendars.changed", versions=len(content.index.versions))


def _log_refusal(error: CalendarError) -> None:
    _log.error("calendars.refused", problem=str(error))


def _unit_and_ancestors(unit: str) -> Iterator[str]:
    """Yield a unit and those above it: H22.60.05, H22.60, H22, and the empty one for all."""
    while unit:
        yield unit
        unit = unit.rpartition(".")[0]
    yield ""


@cache
def repository_at(folder: Path) -> CalendarRepository:
    """Return the repository of a folder, of which a process has one; raise ``CalendarError``."""
    return CalendarRepository(folder)


def find_calendar(folder: Path, version: str) -> Calendar | None:
    """Return the calendar of a version that an event names; None if it is not known here."""
    try:
        return repository_at(folder).find(version)
    except UnknownCalendar:
        return None
