"""Publishes calendars and assigns them to units. A published version is never changed.

Changes are atomic, whatever ends this process, and exclude each other.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from kernel.storage.durable_files import replaced
from office.worktime.calendars.model import Calendar, CalendarError
from office.worktime.calendars.repository import (
    INDEX,
    CalendarAssignment,
    PublicationIndex,
    PublishedCalendar,
    read_index,
    version_file,
)
from office.worktime.calendars.snapshot_format import read_snapshot, write_snapshot

_LOCK = "index.lock"


class PublicationConflict(CalendarError):
    """An attempt to change a published version; ``published`` is the version in the repository."""

    def __init__(self, rule: str, published: Calendar) -> None:
        super().__init__(published.name, "revision", rule)
        self.published = published


def publish(
    folder: Path,
    calendar: Calendar,
    valid_from: date,
    source: str,
    now: str,
    shipped: Calendar,
) -> bool:
    """Publish a version that is in force from a local day on; return False if it is there already.

    ``now`` is the time of publication in ISO 8601. Raise ``PublicationConflict`` for a version that
    is published with another content or day, ``CalendarError`` for a day before that of the latest
    version.
    """
    with _locked(folder):
        index = read_index(folder)
        body = write_snapshot(calendar)
        sha256 = hashlib.sha256(body).hexdigest()
        published = _same_revision(folder, index, calendar, shipped)
        if published is not None:
            return _unchanged(published, index, calendar, body, valid_from)
        earlier = [p for p in index.versions if p.name == calendar.name]
        if earlier and valid_from < earlier[-1].valid_from:
            rule = f"{earlier[-1].version} holds from {earlier[-1].valid_from} on"
            raise CalendarError(calendar.name, "valid_from", rule)
        entry = PublishedCalendar(
            version=calendar.version,
            name=calendar.name,
            valid_from=valid_from,
            source=source,
            published_at=now,
            sha256=sha256,
        )
        _write_file(version_file(folder, calendar.version), body)
        _write_index(
            folder,
            PublicationIndex(versions=[*index.versions, entry], assignments=index.assignments),
        )
        return True


def assign(folder: Path, unit: str, calendar: Calendar, valid_from: date, source: str) -> bool:
    """Assign a calendar to a unit and those below it from a local day on; return False if it is
    assigned already.

    ``calendar`` is its version in force on that day. Raise ``CalendarError`` for a day before that
    of the unit's latest assignment.
    """
    with _locked(folder):
        index = read_index(folder)
        before = [assignment for assignment in index.assignments if assignment.unit == unit]
        if before and before[-1].calendar == calendar.name:
            return False
        if before and valid_from < before[-1].valid_from:
            rule = f"unit {unit!r} uses {before[-1].calendar} from {before[-1].valid_from} on"
            raise CalendarError(calendar.name, "valid_from", rule)
        assignment = CalendarAssignment(
            unit=unit, calendar=calendar.name, valid_from=valid_from, source=source
        )
        _write_index(
            folder,
            PublicationIndex(versions=index.versions, assignments=[*index.assignments, assignment]),
        )
        return True


def keep_shipped(folder: Path, shipped: Calendar) -> None:
    """Write a copy of the shipped calendar, for a later software that ships another one."""
    path = version_file(folder, shipped.version)
    if not path.exists():
        with _locked(folder):
            _write_file(path, write_snapshot(shipped))


def _same_revision(
    folder: Path, index: PublicationIndex, calendar: Calendar, shipped: Calendar
) -> Calendar | None:
    """Return the published or shipped calendar of the same name and revision; None if none is."""
    revision = calendar.version.rpartition("+")[0]
    for entry in index.versions:
        if entry.version.rpartition("+")[0] == revision:
            return read_snapshot(version_file(folder, entry.version))
    return shipped if shipped.version.rpartition("+")[0] == revision else None


def _unchanged(
    published: Calendar, index: PublicationIndex, calendar: Calendar, body: bytes, valid_from: date
) -> bool:
    if write_snapshot(published) != body:
        rule = f"{published.version} is published and can't be changed; raise the revision"
        raise PublicationConflict(rule, published)
    for entry in index.versions:
        if entry.version == calendar.version and entry.valid_from != valid_from:
            rule = f"{published.version} is published and holds from {entry.valid_from} on"
            raise PublicationConflict(rule, published)
    return False


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_index(folder: Path, index: PublicationIndex) -> None:
    _write_file(folder / INDEX, (index.model_dump_json(indent=1) + "\n").encode())


def _write_file(path: Path, body: bytes) -> None:
    with replaced(path) as file:
        file.write(body)
