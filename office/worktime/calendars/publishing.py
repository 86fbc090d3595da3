"""Puts calendars on the shelf and says who uses them. What was published is never changed.

A change is there as a whole or not at all, whatever ends this process, and two at once come one
after the other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from office.worktime.calendars.model import Calendar, CalendarError
from office.worktime.calendars.repository import INDEX, Index, Published, Use, file_of, read_index
from office.worktime.calendars.snapshot_format import freeze, thaw

_LOCK = "shelf.lock"


class Clash(CalendarError):
    """A change of what was published; ``published`` is what stands on the shelf."""

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
    """Put a version on the shelf, to decide from a local day on; False when it stands there.

    ``now`` is the time of publication in ISO 8601. Raise ``Clash`` for a version that was
    published with another content or day, ``CalendarError`` for a day before that of the version
    that would be followed.
    """
    with _changing(folder):
        index = read_index(folder)
        body = freeze(calendar)
        sha256 = hashlib.sha256(body).hexdigest()
        standing = _same_revision(folder, index, calendar, shipped)
        if standing is not None:
            return _unchanged(standing, index, calendar, body, valid_from)
        earlier = [p for p in index.versions if p.name == calendar.name]
        if earlier and valid_from < earlier[-1].valid_from:
            rule = f"{earlier[-1].version} holds from {earlier[-1].valid_from} on"
            raise CalendarError(calendar.name, "valid_from", rule)
        entry = Published(
            version=calendar.version,
            name=calendar.name,
            valid_from=valid_from,
            source=source,
            published_at=now,
            sha256=sha256,
        )
        _write(file_of(folder, calendar.version), body)
        _save(folder, Index(versions=[*index.versions, entry], uses=index.uses))
        return True


def assign(folder: Path, unit: str, calendar: Calendar, valid_from: date, source: str) -> bool:
    """Let a unit, with those below it, work by a calendar from a local day on; False when it does.

    ``calendar`` is the version of it that holds on that day. Raise ``CalendarError`` for a day
    before that of a choice made earlier.
    """
    with _changing(folder):
        index = read_index(folder)
        before = [use for use in index.uses if use.unit == unit]
        if before and before[-1].calendar == calendar.name:
            return False
        if before and valid_from < before[-1].valid_from:
            rule = f"unit {unit!r} uses {before[-1].calendar} from {before[-1].valid_from} on"
            raise CalendarError(calendar.name, "valid_from", rule)
        use = Use(unit=unit, calendar=calendar.name, valid_from=valid_from, source=source)
        _save(folder, Index(versions=index.versions, uses=[*index.uses, use]))
        return True


def keep(folder: Path, shipped: Calendar) -> None:
    """Keep a copy of the calendar that ships, for the days when the software ships another."""
    path = file_of(folder, shipped.version)
    if not path.exists():
        with _changing(folder):
            _write(path, freeze(shipped))


def _same_revision(
    folder: Path, index: Index, calendar: Calendar, shipped: Calendar
) -> Calendar | None:
    """Return what was published under the name and revision of a calendar."""
    revision = calendar.version.rpartition("+")[0]
    for published in index.versions:
        if published.version.rpartition("+")[0] == revision:
            return thaw(file_of(folder, published.version))
    return shipped if shipped.version.rpartition("+")[0] == revision else None


def _unchanged(
    standing: Calendar, index: Index, calendar: Calendar, body: bytes, valid_from: date
) -> bool:
    if freeze(standing) != body:
        rule = f"{standing.version} is published and can't be changed; raise the revision"
        raise Clash(rule, standing)
    for published in index.versions:
        if published.version == calendar.version and published.valid_from != valid_from:
            rule = f"{standing.version} is published and holds from {published.valid_from} on"
            raise Clash(rule, standing)
    return False


@contextmanager
def _changing(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _save(folder: Path, index: Index) -> None:
    _write(folder / INDEX, (index.model_dump_json(indent=1) + "\n").encode())


def _write(path: Path, body: bytes) -> None:
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
