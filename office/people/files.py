"""Reads the directory of people from its file, and names every mistake with its row and field.

The file is TOML: ``units`` (a file of ``[[unit]]``), ``officers`` (a CSV file, optional), and
``[[officer]]`` tables; paths are relative to it. docs/identity.md explains every key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from kernel.base.toml_files import FileUnreadable, read_toml
from office.people.directory import Directory, Unit, check_heirs
from office.people.officers import check_absences, read_officer, read_sheet
from office.people.reading_notes import ReadingNotes

_HEIRS: Final = {
    "successor_unknown": "is no unit",
    "successor_of_none": "is for a unit with valid_to only",
    "successor_circle": "leads back to the unit itself",
}
_CODE: Final = re.compile(r"(?=.{1,35}\Z)[0-9A-Z]+(\.[0-9A-Z]+)*")
_CODE_FORM: Final = "must be digits and capital letters A-Z, with dots between, at most 35 in all"
_TOP: Final = {"units", "officers", "officer"}


class DirectoryError(ValueError):
    """The directory can't be used; ``mistakes`` names each, with file, row and field."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


def read_directory(path: Path, roles: Iterable[str]) -> Directory:
    """Read a directory; ``roles`` are those that there are. Raise ``DirectoryError``."""
    notes = ReadingNotes(frozenset(roles))
    document = _toml(path, notes)
    if document is None:
        raise DirectoryError(notes.mistakes)
    if "units" in notes.keys(document, _TOP, path.name):
        notes.units_known = False
    else:
        _read_units(path, _named(document, "units", path), notes)
    sheet = _named(document, "officers", path)
    if sheet:
        read_sheet(sheet, notes)
    elif "officers" in document:
        notes.wrong(path.name, "officers", "must be the name of a CSV file")
        notes.officers_known = False
    for number, row in enumerate(notes.tables(document, "officer", path.name), start=1):
        read_officer(row, f"{path.name}: officer {number}", notes)
    check_absences(notes)
    if notes.mistakes:
        raise DirectoryError(notes.mistakes)
    return Directory(notes.units, notes.officers)


def files_of(path: Path) -> list[Path]:
    """Return the files that a directory is read from; only itself where it can't be read."""
    try:
        document = read_toml(path)
    except FileUnreadable:
        return [path]
    named = (_named(document, key, path) for key in ("units", "officers"))
    return [path, *(file for file in named if file)]


def _named(document: dict[str, Any], key: str, path: Path) -> Path | None:
    """Return the file that a key of ``path`` names; None when it names none."""
    name = document.get(key)
    return path.parent / name if isinstance(name, str) and name.isprintable() else None


def _toml(path: Path, notes: ReadingNotes) -> dict[str, Any] | None:
    try:
        return read_toml(path)
    except FileUnreadable as error:
        notes.wrong(path.name, "", str(error))
        return None


def _read_units(path: Path, file: Path | None, notes: ReadingNotes) -> None:
    if file is None:
        notes.wrong(path.name, "units", "must be the name of a file of units")
        notes.units_known = False
        return
    document = _toml(file, notes)
    if document is None:
        notes.units_known = False
        return
    for number, row in enumerate(notes.tables(document, "unit", file.name), start=1):
        place = f"{file.name}: unit {number}"
        code = _code(row, place, notes)
        if code:
            place = f"{place} ({code})"
        first, last = notes.days(row, "valid_from", "valid_to", place)
        heir = notes.text(row, "successor", place)
        unit = Unit(
            code,
            notes.name(row, "name_vi", place),
            notes.text(row, "level", place),
            first,
            last,
            # Where the last day is at fault, no more is said of the heir.
            heir if last or "valid_to" not in row else "",
        )
        if code in notes.units:
            notes.wrong(place, "code", "is there twice")
        elif code:
            notes.units[code] = unit
        else:
            notes.units_known = False
    check_heirs(
        notes.units,
        lambda code, rule: _wrong_heir(f"{file.name}: {code}", rule, notes),
    )


def _code(row: dict[str, Any], place: str, notes: ReadingNotes) -> str:
    """Return a unit's code; empty when it is none, which is noted."""
    code = notes.text(row, "code", place)
    if code and not _CODE.fullmatch(code):
        notes.wrong(place, "code", _CODE_FORM)
        return ""
    if "code" not in row or row["code"] == "":
        notes.wrong(place, "code", "is missing")
    return code


def _wrong_heir(place: str, rule: str, notes: ReadingNotes) -> None:
    if rule != "successor_unknown" or notes.units_known:
        notes.wrong(place, "successor", _HEIRS[rule])
