"""Reader of officers and their absences, from TOML tables and from a CSV file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from kernel.documents.toml_files import unreadable
from office.people.directory import Absence, Officer, within
from office.people.directory_draft import DirectoryDraft

COLUMNS: Final = ("id", "name", "unit", "roles", "valid_from", "valid_to", "email")
_REQUIRED_COLUMNS: Final = ("id", "unit", "roles")
_OFFICER_KEYS: Final = {*COLUMNS, "absence"}
_ABSENCE_KEYS: Final = {"first", "last", "substitute"}
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
_ID_FORM: Final = "must be 1 to 64 letters a-z, digits, dots, hyphens and underscores"


def read_officer_csv(path: Path, draft: DirectoryDraft) -> None:
    """Read a CSV file of officers into the draft, as far as it can be read."""
    heading: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            number = 1
            for cells in rows:
                place = f"{path.name}: row {number}"
                if any(len(cell) > _LONGEST_CELL for cell in cells):
                    draft.wrong(place, "", _TOO_LONG)
                    draft.officers_known = False
                    return
                if not heading:
                    heading = _read_heading(cells, place, draft)
                    if "id" not in heading:
                        draft.officers_known = False
                        return
                elif any(cell.strip() for cell in cells):
                    _read_row(heading, cells, place, draft)
                number = rows.line_num + 1
    except (OSError, UnicodeDecodeError) as error:
        draft.wrong(path.name, "", unreadable(error).en)
        draft.officers_known = False
    except csv.Error as error:
        rule = _TOO_LONG if "field larger" in str(error) else _QUOTES
        draft.wrong(f"{path.name}: row {number}", "", rule)
        draft.officers_known = False


def _read_heading(cells: list[str], place: str, draft: DirectoryDraft) -> list[str]:
    heading = [cell.strip() for cell in cells]
    for name in dict.fromkeys(heading):
        if name not in COLUMNS:
            draft.wrong(place, name or "(empty)", f"is no column (there are {', '.join(COLUMNS)})")
        elif heading.count(name) > 1:
            draft.wrong(place, name, "is the name of two columns")
    for name in _REQUIRED_COLUMNS:
        if name not in heading:
            draft.wrong(place, name, "this column is missing")
    return heading


def _read_row(heading: list[str], cells: list[str], place: str, draft: DirectoryDraft) -> None:
    if len(cells) != len(heading):
        draft.wrong(place, "", f"has {len(cells)} fields instead of {len(heading)}")
        draft.officers_known = False
        return
    row: dict[str, Any] = dict(zip(heading, (cell.strip() for cell in cells), strict=True))
    row = {key: value for key, value in row.items() if value and key in COLUMNS}
    if "roles" in row:
        row["roles"] = row["roles"].replace(";", " ").split()
    for key in ("valid_from", "valid_to"):
        if key in row:
            row[key] = _read_day(row[key], place, key, draft)
    # Missing columns are reported at the heading.
    read_officer(row, place, draft, absent={key for key in _REQUIRED_COLUMNS if key not in heading})


def _read_day(text: str, place: str, key: str, draft: DirectoryDraft) -> date | None:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    draft.wrong(place, key, f"{text} is no day (YYYY-MM-DD)")
    return None


def read_officer(
    row: dict[str, Any], place: str, draft: DirectoryDraft, absent: set[str] | None = None
) -> None:
    """Read one officer into the draft; ``absent`` are missing keys that are reported elsewhere."""
    name = row.get("id")
    sound = isinstance(name, str) and bool(_ID.fullmatch(name))
    if sound:
        place = f"{place} ({name})"
    lacking = (absent or set()) | draft.keys(row, _OFFICER_KEYS, place)
    if not sound and (name or "id" not in lacking):
        draft.wrong(place, "id", f"{name} {_ID_FORM}" if name else "is missing")
    first, last = draft.days(row, "valid_from", "valid_to", place)
    officer = Officer(
        str(name or ""),
        draft.name(row, "name", place),
        "" if "unit" in lacking else _read_unit(row, last, place, draft),
        frozenset() if "roles" in lacking else _read_roles(row, place, draft),
        first,
        last,
        tuple(_read_absences(row, place, draft)),
        _read_email(row, place, draft),
    )
    if officer.id in draft.officers:
        draft.wrong(place, "id", f"is also at {draft.places[officer.id]}")
    elif officer.id:
        draft.officers[officer.id], draft.places[officer.id] = officer, place
    else:
        draft.officers_known = False


def _read_unit(row: dict[str, Any], last: date | None, place: str, draft: DirectoryDraft) -> str:
    code = row.get("unit")
    if not code or not isinstance(code, str):
        draft.wrong(place, "unit", f"{code} is no unit" if code else "is missing")
        return ""
    unit = draft.units.get(code)
    if unit is None:
        if draft.units_known:
            draft.wrong(place, "unit", f"{code} is no unit")
        return code
    open_end = last is None and row.get("valid_to") is None
    if unit.valid_to and (open_end or (last is not None and last > unit.valid_to)):
        draft.wrong(place, "unit", f"{code} is dissolved on {unit.valid_to}, before valid_to")
    return code


def _read_roles(row: dict[str, Any], place: str, draft: DirectoryDraft) -> frozenset[str]:
    found = row.get("roles")
    if not isinstance(found, list) or not found:
        text = f'must be a list: ["{found}"]' if isinstance(found, str) else "names no role"
        draft.wrong(place, "roles", text)
        return frozenset()
    for role in found:
        if not isinstance(role, str) or role not in draft.roles:
            known = ", ".join(sorted(draft.roles))
            draft.wrong(place, "roles", f"{role} is no role (there are {known})")
    return frozenset(str(role) for role in found)


def _read_email(row: dict[str, Any], place: str, draft: DirectoryDraft) -> str:
    found = draft.text(row, "email", place)
    if found and not (len(found) <= _LONGEST_EMAIL and _EMAIL.fullmatch(found)):
        draft.wrong(place, "email", f"{found} is no address (name@host.domain, ASCII)")
        return ""
    return found


def _read_absences(row: dict[str, Any], place: str, draft: DirectoryDraft) -> Iterator[Absence]:
    for number, absence in enumerate(draft.tables(row, "absence", place), start=1):
        where = f"{place}: absence {number}"
        lacking = draft.keys(absence, _ABSENCE_KEYS, where)
        first, last = draft.days(absence, "first", "last", where)
        for key in ("first", "last"):
            if key not in absence and key not in lacking:
                draft.wrong(where, key, "is missing: an absence has a first and a last day")
        substitute = draft.text(absence, "substitute", where)
        if first and last and first <= last:
            yield Absence(first, last, substitute)
        elif substitute:
            draft.substitutes.append((where, str(row.get("id")), substitute))


def check_absences(draft: DirectoryDraft) -> None:
    """Add a mistake for absences that overlap and for substitutes who can't be one."""
    for name, officer in draft.officers.items():
        place = draft.places[name]
        ordered = sorted(officer.absences, key=lambda absence: absence.first)
        for earlier, later in pairwise(ordered):
            if later.first <= earlier.last:
                draft.wrong(place, "absence", f"two overlap on {later.first}")
        for absence in ordered:
            _check_substitute(absence, officer, place, draft)
    for place, name, substitute in draft.substitutes:
        _substitute_of(substitute, name, place, draft)


def _substitute_of(
    substitute: str, officer: str, place: str, draft: DirectoryDraft
) -> Officer | None:
    """Return the substitute; add a mistake if it is no officer, or the absent one."""
    other = draft.officers.get(substitute)
    if substitute == officer or (other is None and draft.officers_known):
        draft.wrong(place, "substitute", f"{substitute} is no other officer")
    return None if substitute == officer else other


def _check_substitute(
    absence: Absence, officer: Officer, place: str, draft: DirectoryDraft
) -> None:
    if not absence.substitute:
        return
    other = _substitute_of(absence.substitute, officer.id, place, draft)
    if other is None:
        return
    if not (
        within(absence.first, other.valid_from, other.valid_to)
        and within(absence.last, other.valid_from, other.valid_to)
    ):
        draft.wrong(place, "substitute", f"{other.id} is not in service for the whole absence")
    elif any(
        other_absence.first <= absence.last and absence.first <= other_absence.last
        for other_absence in other.absences
    ):
        draft.wrong(place, "substitute", f"{other.id} is away, too")
