"""The shelf: every version of every calendar that was published, and who works by which since when.

A folder with one file for each version, which is never changed, and ``shelf.json``, which lists
them and says which unit uses which calendar. Whoever reads it sees a new version within a second of
its publication; what can't be read changes nothing: the calendars known before stay in force.
"""

from __future__ import annotations

import hashlib
import os
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
from office.worktime.calendars.snapshot_format import FORMAT, thaw
from office.worktime.calendars.vietnam import state_office

INDEX: Final = "shelf.json"
_ALWAYS: Final = -(2**62)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_VERSION = re.compile(r"[a-z0-9][a-z0-9-]{0,39}-[0-9A-Za-z.]{1,20}\+[0-9a-f]{8}")
_log = get_logger(__name__)


class UnknownCalendar(LookupError):
    """No calendar of this name or version was published."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no calendar {name!r} is on the shelf")
        self.name = name


class Published(BaseModel):
    """One version on the shelf; ``valid_from`` is the first local day on which it decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[str, Field(pattern=_VERSION.pattern)]
    name: str
    valid_from: date
    source: str = ""
    """The document that ordered it."""
    published_at: str
    sha256: str


class Use(BaseModel):
    """Says that a unit, with those below it, works by a calendar; an empty unit means all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Annotated[str, Field(pattern=r"^([0-9A-Z]+(\.[0-9A-Z]+)*)?$", max_length=35)]
    calendar: str
    valid_from: date
    source: str = ""


class Index(BaseModel):
    """What ``shelf.json`` holds, in the order of publication."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)] = FORMAT
    versions: list[Published] = []
    uses: list[Use] = []


@dataclass(frozen=True)
class _Era:
    """Things that hold one after the other: each from its instant on."""

    starts: list[int] = field(default_factory=list)
    things: list[str] = field(default_factory=list)

    def put(self, start: int, thing: str) -> None:
        place = bisect_right(self.starts, start)
        self.starts.insert(place, start)
        self.things.insert(place, thing)

    def at(self, instant: int) -> str | None:
        place = bisect_right(self.starts, instant)
        return self.things[place - 1] if place else None


@dataclass(frozen=True)
class _Content:
    """The shelf as it was read at one moment."""

    index: Index
    calendars: dict[str, Calendar]
    versions: dict[str, _Era]
    uses: dict[str, _Era]


def file_of(folder: Path, version: str) -> Path:
    """Return the file of a version; raise ``UnknownCalendar`` for what can't be one."""
    if not _VERSION.fullmatch(version):
        raise UnknownCalendar(version)
    return folder / f"{version}.json"


def read_index(folder: Path) -> Index:
    """Read the list; a folder without one is an empty shelf. Raise ``CalendarError``."""
    try:
        return Index.model_validate_json((folder / INDEX).read_bytes())
    except FileNotFoundError:
        return Index()
    except OSError as error:
        raise CalendarError(INDEX, "file", error.strerror or "can't be read") from error
    except ValidationError as error:
        raise CalendarError(INDEX, "file", "is no list of published calendars") from error


def day_begins(calendar: Calendar, day: date) -> int:
    """Return the instant at which a local day begins."""
    return calendar.table.instant(day.toordinal() - _EPOCH_DAY, 0)


class CalendarRepository:
    """The calendars of one folder; threads may share it.

    The calendar that ships holds for everybody until another is published or put to use.
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
            on_change=_tell,
            on_error=_complain,
            interval=INTERVAL,
        )

    def of(self, unit: str, at: int) -> Calendar:
        """Return the calendar by which a unit works at an instant.

        What is said of the unit itself goes before what is said of one above it; of several, what
        holds latest.
        """
        content = self._watched.value()
        for code in _upwards(unit):
            era = content.uses.get(code)
            name = era and era.at(at)
            version = name and content.versions[name].at(at)
            if version:
                return content.calendars[version]
        return content.calendars[content.versions[self._shipped.name].at(at) or ""]

    def in_force(self, name: str, at: int) -> Calendar:
        """Return the version of a calendar that holds at an instant; raise ``UnknownCalendar``."""
        content = self._watched.value()
        era = content.versions.get(name)
        version = era and era.at(at)
        if not version:
            raise UnknownCalendar(name)
        return content.calendars[version]

    def find(self, version: str) -> Calendar:
        """Return any version that was ever published or shipped; raise ``UnknownCalendar``."""
        self._watched.value()
        known = self._calendars.get(version)
        if known is not None:
            return known
        path = file_of(self.folder, version)
        if not path.exists():
            raise UnknownCalendar(version)
        calendar = thaw(path)
        self._calendars = {**self._calendars, version: calendar}
        return calendar

    def index(self) -> Index:
        """Return the list as it is now."""
        return self._watched.value().index

    def every_version(self) -> Sequence[str]:
        """Return every version that is known, of the calendar that ships those of earlier software
        too.
        """
        kept = {path.name.removesuffix(".json") for path in self.folder.glob("*+*.json")}
        self._watched.value()
        return sorted({*self._calendars, *filter(_VERSION.fullmatch, kept)})

    def names(self) -> Sequence[str]:
        """Return the calendars there are."""
        return sorted(self._watched.value().versions)

    @property
    def shipped(self) -> Calendar:
        """The calendar that comes with this software."""
        return self._shipped

    def _read(self) -> _Content:
        index = read_index(self.folder)
        calendars = dict(self._calendars)
        versions: dict[str, _Era] = {self._shipped.name: _Era()}
        versions[self._shipped.name].put(_ALWAYS, self._shipped.version)
        for published in index.versions:
            calendar = calendars.get(published.version)
            if calendar is None:
                calendar = calendars[published.version] = self._thaw(published)
            era = versions.setdefault(calendar.name, _Era())
            era.put(day_begins(calendar, published.valid_from), calendar.version)
        uses: dict[str, _Era] = {}
        for use in index.uses:
            if use.calendar not in versions:
                raise CalendarError(INDEX, f"unit {use.unit!r}", f"no calendar {use.calendar!r}")
            zone = calendars[versions[use.calendar].things[0]]
            uses.setdefault(use.unit, _Era()).put(day_begins(zone, use.valid_from), use.calendar)
        self._calendars = calendars
        return _Content(index, calendars, versions, uses)

    def _thaw(self, published: Published) -> Calendar:
        path = file_of(self.folder, published.version)
        calendar = thaw(path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != published.sha256:
            raise CalendarError(path.name, "file", "was changed after it was published")
        return calendar


def _tell(content: _Content) -> None:
    _log.info("calendars.changed", versions=len(content.index.versions))


def _complain(error: CalendarError) -> None:
    _log.error("calendars.refused", problem=str(error))


def _upwards(unit: str) -> Iterator[str]:
    """Return a unit and those above it: H22.60.05, H22.60, H22, and the empty one for all."""
    while unit:
        yield unit
        unit = unit.rpartition(".")[0]
    yield ""


def folder_of_environment() -> Path:
    """Return the folder that MOTCUA_CALENDARS_DIR names, or the one in the data folder."""
    given = os.environ.get("MOTCUA_CALENDARS_DIR")
    return Path(given) if given else Path(os.environ.get("MOTCUA_DATA_DIR", ".motcua"), "calendars")


@cache
def shelf_at(folder: Path) -> CalendarRepository:
    """Return the shelf of a folder; there is one in a process."""
    return CalendarRepository(folder)


def office_shelf() -> CalendarRepository:
    """Return the shelf by which this process works; raise ``CalendarError``."""
    return shelf_at(folder_of_environment())


def by_version(version: str) -> Calendar | None:
    """Return the calendar of a version that an event names; None when it is not at hand."""
    try:
        return office_shelf().find(version)
    except UnknownCalendar:
        return None
