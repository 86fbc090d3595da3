"""Reads the directory of people from its file, and names every mistake with its row and field.

The file is TOML: ``units`` (a file of ``[[unit]]``), ``officers`` (a CSV file, optional), and
``[[officer]]`` tables; paths are relative to it. docs/identity.md explains every key.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from services.people.directory import Absence, Directory, Officer, Unit, check_heirs, within

_HEIRS: Final = {
    "successor_unknown": "is no unit",
    "successor_of_none": "is for a unit with valid_to only",
    "successor_circle": "leads back to the unit itself",
}
COLUMNS: Final = ("id", "name", "unit", "roles", "valid_from", "valid_to", "email")
_OFFICER: Final = {*COLUMNS, "absence"}
_ABSENCE: Final = {"first", "last", "stand_in"}
_TOP: Final = {"units", "officers", "officer"}
_EMAIL: Final = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@([A-Za-z\d]([A-Za-z\d-]*[A-Za-z\d])?\.)+[A-Za-z]([A-Za-z\d-]*[A-Za-z\d])?",
    re.ASCII,
)
_LONGEST_EMAIL: Final = 254
_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


class DirectoryError(ValueError):
    """The directory can't be used; ``mistakes`` names each, with file, row and field."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


@dataclass
class _Reading:
    """What was read so far, and what is wrong with it."""

    roles: frozenset[str]
    units: dict[str, Unit] = field(default_factory=dict)
    officers: dict[str, Officer] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)

    def wrong(self, place: str, key: str, text: str) -> None:
        """Note a mistake."""
        self.mistakes.append(f"{place}: {key}: {text}" if key else f"{place}: {text}")


def read_directory(path: Path, roles: Iterable[str]) -> Directory:
    """Read a directory; ``roles`` are those that there are. Raises ``DirectoryError``."""
    reading = _Reading(frozenset(roles))
    document = _toml(path, reading)
    for key in sorted(set(document) - _TOP):
        reading.wrong(path.name, key, "unknown key")
    _read_units(path, document.get("units"), reading)
    listed = document.get("officers")
    if isinstance(listed, str):
        _read_csv(path.parent / listed, reading)
    elif listed is not None:
        reading.wrong(path.name, "officers", "must be the name of a CSV file")
    for number, row in enumerate(_tables(document, "officer", path.name, reading), start=1):
        _read_officer(row, f"{path.name}: officer {number}", reading)
    _check_absences(reading)
    if reading.mistakes:
        raise DirectoryError(reading.mistakes)
    return Directory(reading.units, reading.officers)


def files_of(path: Path) -> list[Path]:
    """Name the files that a directory is read from; only itself where it can't be read."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return [path]
    named = (document.get(key) for key in ("units", "officers"))
    return [path, *(path.parent / name for name in named if isinstance(name, str))]


def _toml(path: Path, reading: _Reading) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reading.wrong(str(path), "", f"can't be read: {error}")
        raise DirectoryError(reading.mistakes) from error


def _tables(document: Any, key: str, place: str, reading: _Reading) -> list[dict[str, Any]]:
    found = document.get(key, [])
    if isinstance(found, list) and all(isinstance(row, dict) for row in found):
        return found
    reading.wrong(place, key, f"must be tables: [[{key}]]")
    return []


# -- units ----------------------------------------------------------------------------------------


def _read_units(path: Path, named: Any, reading: _Reading) -> None:
    if not isinstance(named, str):
        reading.wrong(path.name, "units", "must be the name of a file of units")
        return
    file = path.parent / named
    for number, row in enumerate(
        _tables(_toml(file, reading), "unit", file.name, reading), start=1
    ):
        code = row.get("code", "")
        unit = Unit(
            code,
            row.get("name_vi", ""),
            row.get("level", ""),
            row.get("valid_from"),
            row.get("valid_to"),
            row.get("successor", ""),
        )
        place = f"{file.name}: unit {number} ({code})"
        if not code or code in reading.units:
            reading.wrong(place, "code", "is missing, or there twice")
        reading.units[code] = unit
    check_heirs(
        reading.units,
        lambda code, rule: reading.wrong(f"{file.name}: {code}", "successor", _HEIRS[rule]),
    )


# -- officers -------------------------------------------------------------------------------------


def _read_csv(path: Path, reading: _Reading) -> None:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        reading.wrong(path.name, "", f"can't be read: {error}")
        return
    heading = [cell.strip() for cell in rows[0]] if rows else []
    missing = {"id", "unit", "roles"} - set(heading)
    if missing or set(heading) - set(COLUMNS) or len(set(heading)) < len(heading):
        reading.wrong(f"{path.name}: row 1", "", f"the heading must name {', '.join(COLUMNS)}")
        return
    for number, cells in enumerate(rows[1:], start=2):
        place = f"{path.name}: row {number}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heading):
            reading.wrong(place, "", f"has {len(cells)} fields instead of {len(heading)}")
            continue
        row: dict[str, Any] = dict(zip(heading, (cell.strip() for cell in cells), strict=True))
        row["roles"] = row["roles"].replace(";", " ").split()
        for key in ("valid_from", "valid_to"):
            row[key] = _day(row.get(key, ""), place, key, reading)
        _read_officer({k: v for k, v in row.items() if v not in ("", None)}, place, reading)


def _day(text: str, place: str, key: str, reading: _Reading) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        reading.wrong(place, key, f"{text} is no day (YYYY-MM-DD)")
        return None


def _read_officer(row: dict[str, Any], place: str, reading: _Reading) -> None:
    name = row.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        reading.wrong(place, "id", "must be letters, digits, dots, hyphens and underscores")
        return
    place = f"{place} ({name})"
    for key in sorted(set(row) - _OFFICER):
        reading.wrong(place, key, "unknown key")
    if name in reading.officers:
        reading.wrong(place, "id", f"is also at {reading.places[name]}")
        return
    first, last = _days(row, "valid_from", "valid_to", place, reading)
    officer = Officer(
        name,
        str(row.get("name", "")),
        _unit(row, last, place, reading),
        _roles(row, place, reading),
        first,
        last,
        tuple(_absences(row, place, reading)),
        _email(row, place, reading),
    )
    reading.officers[name], reading.places[name] = officer, place


def _unit(row: dict[str, Any], last: date | None, place: str, reading: _Reading) -> str:
    code = row.get("unit")
    unit = reading.units.get(code) if isinstance(code, str) else None
    if unit is None:
        reading.wrong(place, "unit", f"{code} is no unit" if code else "is missing")
    elif unit.valid_to and (last is None or last > unit.valid_to):
        reading.wrong(place, "unit", f"{code} is dissolved on {unit.valid_to}, before valid_to")
    return str(code or "")


def _roles(row: dict[str, Any], place: str, reading: _Reading) -> frozenset[str]:
    found = row.get("roles")
    if not isinstance(found, list) or not found:
        reading.wrong(place, "roles", "names no role")
        return frozenset()
    for role in found:
        if role not in reading.roles:
            known = ", ".join(sorted(reading.roles))
            reading.wrong(place, "roles", f"{role} is no role (there are {known})")
    return frozenset(str(role) for role in found)


def _email(row: dict[str, Any], place: str, reading: _Reading) -> str:
    found = row.get("email", "")
    if found == "":
        return ""
    if isinstance(found, str) and len(found) <= _LONGEST_EMAIL and _EMAIL.fullmatch(found):
        return found
    reading.wrong(place, "email", f"{found} is no address (name@host.domain, ASCII)")
    return ""


def _days(
    row: dict[str, Any], begin: str, end: str, place: str, reading: _Reading
) -> tuple[date | None, date | None]:
    days = []
    for key in (begin, end):
        day = row.get(key)
        if day is not None and type(day) is not date:
            reading.wrong(place, key, f"{day} is no day (YYYY-MM-DD)")
            day = None
        days.append(day)
    first, last = days
    if first and last and last < first:
        reading.wrong(place, end, f"lies before {begin}")
    return first, last


def _absences(row: dict[str, Any], place: str, reading: _Reading) -> Iterable[Absence]:
    for number, absence in enumerate(_tables(row, "absence", place, reading), start=1):
        where = f"{place}: absence {number}"
        for key in sorted(set(absence) - _ABSENCE):
            reading.wrong(where, key, "unknown key")
        first, last = _days(absence, "first", "last", where, reading)
        if first is None or last is None:
            reading.wrong(where, "first", "an absence has a first and a last day")
            continue
        yield Absence(first, last, str(absence.get("stand_in", "")))


def _check_absences(reading: _Reading) -> None:
    for name, officer in reading.officers.items():
        place = reading.places[name]
        ordered = sorted(officer.absences, key=lambda it: it.first)
        for one, other in pairwise(ordered):
            if other.first <= one.last:
                reading.wrong(place, "absence", f"two overlap on {other.first}")
        for absence in ordered:
            _check_stand_in(absence, officer, place, reading)


def _check_stand_in(absence: Absence, officer: Officer, place: str, reading: _Reading) -> None:
    if not absence.stand_in:
        return
    other = reading.officers.get(absence.stand_in)
    if other is None or other is officer:
        reading.wrong(place, "stand_in", f"{absence.stand_in} is no other officer")
    elif not (
        within(absence.first, other.valid_from, other.valid_to)
        and within(absence.last, other.valid_from, other.valid_to)
    ):
        reading.wrong(place, "stand_in", f"{other.id} is not in service for the whole absence")
    elif any(it.first <= absence.last and absence.first <= it.last for it in other.absences):
        reading.wrong(place, "stand_in", f"{other.id} is away, too")
