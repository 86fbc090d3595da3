"""Reader of the directory of people, which reports every mistake with its row and field.

The file is TOML: ``units`` (a file of ``[[unit]]``), ``officers`` (a CSV file, optional), and
``[[officer]]`` tables; paths are relative to it. docs/identity.md explains every key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from kernel.documents.toml_files import FileUnreadable, read_toml
from office.people.directory import Directory, DirectoryUnit, check_successors
from office.people.directory_draft import DirectoryDraft
from office.people.officer_reader import check_absences, read_officer, read_officer_csv

_SUCCESSOR_RULES: Final = {
    "successor_unknown": "is no unit",
    "successor_of_none": "is for a unit with valid_to only",
    "successor_cycle": "leads back to the unit itself",
}
_CODE: Final = re.compile(r"(?=.{1,35}\Z)[0-9A-Z]+(\.[0-9A-Z]+)*")
_CODE_FORM: Final = "must be digits and capital letters A-Z, with dots between, at most 35 in all"
_TOP_KEYS: Final = {"units", "officers", "officer"}


class DirectoryError(ValueError):
    """A directory that can't be used; ``mistakes`` has one line each, with file, row and field."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


def read_directory(path: Path, roles: Iterable[str]) -> Directory:
    """Return a directory; ``roles`` are the known ones. Raise ``DirectoryError`` with all
    mistakes.
    """
    draft = DirectoryDraft(frozenset(roles))
    document = _read_toml(path, draft)
    if document is None:
        raise DirectoryError(draft.mistakes)
    if "units" in draft.keys(document, _TOP_KEYS, path.name):
        draft.units_known = False
    else:
        _read_units(path, _named_file(document, "units", path), draft)
    sheet = _named_file(document, "officers", path)
    if sheet:
        read_officer_csv(sheet, draft)
    elif "officers" in document:
        draft.wrong(path.name, "officers", "must be the name of a CSV file")
        draft.officers_known = False
    for number, row in enumerate(draft.tables(document, "officer", path.name), start=1):
        read_officer(row, f"{path.name}: officer {number}", draft)
    check_absences(draft)
    if draft.mistakes:
        raise DirectoryError(draft.mistakes)
    return Directory(draft.units, draft.officers)


def files_of(path: Path) -> list[Path]:
    """Return the file of a directory and those that it names; only itself if it can't be read."""
    try:
        document = read_toml(path)
    except FileUnreadable:
        return [path]
    named = (_named_file(document, key, path) for key in ("units", "officers"))
    return [path, *(file for file in named if file)]


def _named_file(document: dict[str, Any], key: str, path: Path) -> Path | None:
    """Return the file that a key of ``path`` names; None when it names none."""
    name = document.get(key)
    return path.parent / name if isinstance(name, str) and name.isprintable() else None


def _read_toml(path: Path, draft: DirectoryDraft) -> dict[str, Any] | None:
    try:
        return read_toml(path)
    except FileUnreadable as error:
        draft.wrong(path.name, "", str(error))
        return None


def _read_units(path: Path, file: Path | None, draft: DirectoryDraft) -> None:
    if file is None:
        draft.wrong(path.name, "units", "must be the name of a file of units")
        draft.units_known = False
        return
    document = _read_toml(file, draft)
    if document is None:
        draft.units_known = False
        return
    for number, row in enumerate(draft.tables(document, "unit", file.name), start=1):
        place = f"{file.name}: unit {number}"
        code = _code(row, place, draft)
        if code:
            place = f"{place} ({code})"
        first, last = draft.days(row, "valid_from", "valid_to", place)
        successor = draft.text(row, "successor", place)
        unit = DirectoryUnit(
            code,
            draft.name(row, "name_vi", place),
            draft.text(row, "level", place),
            first,
            last,
            # Where the last day is wrong, the successor is not checked.
            successor if last or "valid_to" not in row else "",
        )
        if code in draft.units:
            draft.wrong(place, "code", "is there twice")
        elif code:
            draft.units[code] = unit
        else:
            draft.units_known = False
    check_successors(
        draft.units,
        lambda code, rule: _note_successor(f"{file.name}: {code}", rule, draft),
    )


def _code(row: dict[str, Any], place: str, draft: DirectoryDraft) -> str:
    """Return a unit's code; empty after adding a mistake if it is malformed or missing."""
    code = draft.text(row, "code", place)
    if code and not _CODE.fullmatch(code):
        draft.wrong(place, "code", _CODE_FORM)
        return ""
    if "code" not in row or row["code"] == "":
        draft.wrong(place, "code", "is missing")
    return code


def _note_successor(place: str, rule: str, draft: DirectoryDraft) -> None:
    if rule != "successor_unknown" or draft.units_known:
        draft.wrong(place, "successor", _SUCCESSOR_RULES[rule])
