"""Reads officers with their absences, from tables and from a sheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from kernel.base.toml_files import unreadable
from office.people.directory import Absence, Officer, within
from office.people.reading_notes import ReadingNotes

COLUMNS: Final = ("id", "name", "unit", "roles", "valid_from", "valid_to", "email")
_NEEDED: Final = ("id", "unit", "roles")
_OFFICER: Final = {*COLUMNS, "absence"}
_ABSENCE: Final = {"first", "last", "stand_in"}
_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_EMAIL: Final = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@([A-Za-z\d]([A-Za-z\d-]*[A-Za-z\d])?\.)+[A-Za-z]([A-Za-z\d-]*[A-Za-z\d])?",
    re.ASCII,
)
_LONGEST_EMAIL: Final = 254
_QUOTES: Final = 'a quotation mark is not closed; within a quoted cell it is written twice: ""'
_LONGEST_CELL: Final = 131_072
"""Characters; the csv module's own limit, which other readers of the process may raise."""
_TOO_LONG: Final = (
    f"a cell has more than {_LONGEST_CELL:,} characters (is a quotation mark not closed?)"
)
_FORM: Final = "must be 1 to 64 letters a-z, digits, dots, hyphens and underscores"


def read_sheet(path: Path, notes: ReadingNotes) -> None:
    """Read a CSV file of officers, row by row as far as it can be read."""
    heading: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            number = 1
            for cells in rows:
                place = f"{path.name}: row {number}"
                if any(len(cell) > _LONGEST_CELL for cell in cells):
                    notes.wrong(place, "", _TOO_LONG)
                    notes.officers_known = False
                    return
                if not heading:
                    heading = _heading(cells, place, notes)
                    if "id" not in heading:
                        notes.officers_known = False
                        return
                elif any(cell.strip() for cell in cells):
                    _row(heading, cells, place, notes)
                number = rows.line_num + 1
    except (OSError, UnicodeDecodeError) as error:
        notes.wrong(path.name, "", unreadable(error))
        notes.officers_known = False
    except csv.Error as error:
        rule = _TOO_LONG if "field larger" in str(error) else _QUOTES
        notes.wrong(f"{path.name}: row {number}", "", rule)
        notes.officers_known = False


def _heading(cells: list[str], place: str, notes: ReadingNotes) -> list[str]:
    heading = [cell.strip() for cell in cells]
    for name in dict.fromkeys(heading):
        if name not in COLUMNS:
            notes.wrong(place, name or "(empty)", f"is no column (there are {', '.join(COLUMNS)})")
        elif heading.count(name) > 1:
            notes.wrong(place, name, "is the name of two columns")
    for name in _NEEDED:
        if name not in heading:
            notes.wrong(place, name, "this column is missing")
    return heading


def _row(heading: list[str], cells: list[str], place: str, notes: ReadingNotes) -> None:
    if len(cells) != len(heading):
        notes.wrong(place, "", f"has {len(cells)} fields instead of {len(heading)}")
        notes.officers_known = False
        return
    row: dict[str, Any] = dict(zip(heading, (cell.strip() for cell in cells), strict=True))
    row = {key: value for key, value in row.items() if value and key in COLUMNS}
    if "roles" in row:
        row["roles"] = row["roles"].replace(";", " ").split()
    for key in ("valid_from", "valid_to"):
        if key in row:
            row[key] = _day(row[key], place, key, notes)
    # What the heading lacks is told there.
    read_officer(row, place, notes, absent={key for key in _NEEDED if key not in heading})


def _day(text: str, place: str, key: str, notes: ReadingNotes) -> date | None:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    notes.wrong(place, key, f"{text} is no day (YYYY-MM-DD)")
    return None


def read_officer(
    row: dict[str, Any], place: str, notes: ReadingNotes, absent: set[str] | None = None
) -> None:
    """Read one officer; ``absent`` are keys whose lack is told elsewhere."""
    name = row.get("id")
    sound = isinstance(name, str) and bool(_ID.fullmatch(name))
    if sound:
        place = f"{place} ({name})"
    lacking = (absent or set()) | notes.keys(row, _OFFICER, place)
    if not sound and (name or "id" not in lacking):
        notes.wrong(place, "id", f"{name} {_FORM}" if name else "is missing")
    first, last = notes.days(row, "valid_from", "valid_to", place)
    officer = Officer(
        str(name or ""),
        notes.name(row, "name", place),
        "" if "unit" in lacking else _unit(row, last, place, notes),
        frozenset() if "roles" in lacking else _roles(row, place, notes),
        first,
        last,
        tuple(_absences(row, place, notes)),
        _email(row, place, notes),
    )
    if officer.id in notes.officers:
        notes.wrong(place, "id", f"is also at {notes.places[officer.id]}")
    elif officer.id:
        notes.officers[officer.id], notes.places[officer.id] = officer, place
    else:
        notes.officers_known = False


def _unit(row: dict[str, Any], last: date | None, place: str, notes: ReadingNotes) -> str:
    code = row.get("unit")
    if not code or not isinstance(code, str):
        notes.wrong(place, "unit", f"{code} is no unit" if code else "is missing")
        return ""
    unit = notes.units.get(code)
    if unit is None:
        if notes.units_known:
            notes.wrong(place, "unit", f"{code} is no unit")
        return code
    open_end = last is None and row.get("valid_to") is None
    if unit.valid_to and (open_end or (last is not None and last > unit.valid_to)):
        notes.wrong(place, "unit", f"{code} is dissolved on {unit.valid_to}, before valid_to")
    return code


def _roles(row: dict[str, Any], place: str, notes: ReadingNotes) -> frozenset[str]:
    found = row.get("roles")
    if not isinstance(found, list) or not found:
        text = f'must be a list: ["{found}"]' if isinstance(found, str) else "names no role"
        notes.wrong(place, "roles", text)
        return frozenset()
    for role in found:
        if not isinstance(role, str) or role not in notes.roles:
            known = ", ".join(sorted(notes.roles))
            notes.wrong(place, "roles", f"{role} is no role (there are {known})")
    return frozenset(str(role) for role in found)


def _email(row: dict[str, Any], place: str, notes: ReadingNotes) -> str:
    found = notes.text(row, "email", place)
    if found and not (len(found) <= _LONGEST_EMAIL and _EMAIL.fullmatch(found)):
        notes.wrong(place, "email", f"{found} is no address (name@host.domain, ASCII)")
        return ""
    return found


def _absences(row: dict[str, Any], place: str, notes: ReadingNotes) -> Iterator[Absence]:
    for number, absence in enumerate(notes.tables(row, "absence", place), start=1):
        where = f"{place}: absence {number}"
        lacking = notes.keys(absence, _ABSENCE, where)
        first, last = notes.days(absence, "first", "last", where)
        for key in ("first", "last"):
            if key not in absence and key not in lacking:
                notes.wrong(where, key, "is missing: an absence has a first and a last day")
        stand_in = notes.text(absence, "stand_in", where)
        if first and last and first <= last:
            yield Absence(first, last, stand_in)
        elif stand_in:
            notes.stand_ins.append((where, str(row.get("id")), stand_in))


def check_absences(notes: ReadingNotes) -> None:
    """Note absences that overlap, and stand-ins who can't be."""
    for name, officer in notes.officers.items():
        place = notes.places[name]
        ordered = sorted(officer.absences, key=lambda it: it.first)
        for one, other in pairwise(ordered):
            if other.first <= one.last:
                notes.wrong(place, "absence", f"two overlap on {other.first}")
        for absence in ordered:
            _check_stand_in(absence, officer, place, notes)
    for place, name, stand_in in notes.stand_ins:
        _other(stand_in, name, place, notes)


def _other(stand_in: str, officer: str, place: str, notes: ReadingNotes) -> Officer | None:
    """Return the officer who stands in; somebody who is none, or the one away, is noted."""
    other = notes.officers.get(stand_in)
    if stand_in == officer or (other is None and notes.officers_known):
        notes.wrong(place, "stand_in", f"{stand_in} is no other officer")
    return None if stand_in == officer else other


def _check_stand_in(absence: Absence, officer: Officer, place: str, notes: ReadingNotes) -> None:
    if not absence.stand_in:
        return
    other = _other(absence.stand_in, officer.id, place, notes)
    if other is None:
        return
    if not (
        within(absence.first, other.valid_from, other.valid_to)
        and within(absence.last, other.valid_from, other.valid_to)
    ):
        notes.wrong(place, "stand_in", f"{other.id} is not in service for the whole absence")
    elif any(it.first <= absence.last and absence.first <= it.last for it in other.absences):
        notes.wrong(place, "stand_in", f"{other.id} is away, too")
