"""A table of procedures: rows of cells to entries, and entries to rows. CSV and XLSX share it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from office.catalogue.files.columns import COLUMNS, LISTS, USED, ColumnNotes, value_of
from office.catalogue.files.document import Document, Raw, checked, field_values, version_values
from office.catalogue.files.file_errors import MOST_SHOWN, Fault, FileError
from office.catalogue.messages import CODE, BrokenRule, broken
from office.catalogue.model import Field, Procedure

HEADING: Final = tuple(COLUMNS)
NEEDED: Final = ("row", "procedure", "version", "name_vi", "name_en")
"""The columns that every table has."""
MOST_COLUMNS: Final = 100
MOST_ROWS: Final = 500_000
Row = tuple[int, Sequence[Any]]
"""The number of a row in its file, from 1, and its cells; a ``BrokenRule`` cell is a mistake."""


def read(rows: Iterable[Row]) -> Document:
    """Read a table, mistakes included; raise ``FileError`` where nothing can be read."""
    return _Reader().read(rows)


class _Reader:
    """Collects the entries of one table, and what is wrong with its cells."""

    def __init__(self) -> None:
        self._notes = ColumnNotes()
        self._faults: list[Fault] = []
        self._fields: list[Raw] = []
        self._versions: dict[tuple[Any, Any], Raw] = {}
        self._besides: list[Raw] = []
        """Versions that are there already, or whose code or number can't be read."""
        self._names: list[str] = []
        self._absent: set[str] = set()
        """Columns of which nothing more is said: the heading lacks them, or has them twice."""
        self._unsure = False
        """Whether the rows that follow may belong to a version that could not be read."""
        self._unsure_version: Raw | None = None
        """That version, where at least its row could be."""
        self._loose: list[Raw] = []
        """Parts, fees and the like of no version that could be read."""
        self._codes: set[str] = set()
        """Codes in rows of an unknown kind, which might be fields."""
        self._strange: set[tuple[Any, Any]] = set()
        """The versions to which rows of an unknown kind belong."""

    def read(self, rows: Iterable[Row]) -> Document:
        last: Raw | None = None
        try:
            self._read(rows)
        except FileError as error:  # the rows before it can be judged
            if not self._names or error.faults[0].broken.code not in ("file.csv", "file.xlsx"):
                raise
            self._faults += error.faults
            last = next(reversed(self._versions.values()), None)
        if not self._fields and not self._versions and not self._besides and not self._faults:
            raise FileError([Fault(0, "file", "", broken("file.empty"))])
        whole = [*self._versions.values(), *self._besides]
        for raw in whole:
            if raw is last or (raw.values.get("code"), raw.values.get("version")) in self._strange:
                raw.wrong |= {(key,) for key in LISTS.values() if not raw.values[key]}
        return checked(self._fields, whole, self._faults, self._notes, self._loose, self._codes)

    def _read(self, rows: Iterable[Row]) -> None:
        filled = ((number, cells) for number, cells in rows if any(_is_filled(c) for c in cells))
        for count, (number, cells) in enumerate(filled):
            if len(cells) > MOST_COLUMNS and any(_is_filled(c) for c in cells[MOST_COLUMNS:]):
                raise FileError([Fault(number, "file", "", broken("file.columns", MOST_COLUMNS))])
            if count > MOST_ROWS:
                raise FileError([Fault(number, "file", "", broken("file.rows", MOST_ROWS))])
            if not self._names:
                self._heading(number, cells)
            else:
                self._row(number, cells)
            if len(self._faults) >= MOST_SHOWN:
                raise FileError(sorted(self._faults)[:MOST_SHOWN])

    def _heading(self, number: int, cells: Sequence[Any]) -> None:
        names = [str(cell).strip().lower() if _is_filled(cell) else "" for cell in cells]
        while names and not names[-1]:
            names.pop()
        strange = [
            Fault(number, name[:40] or f"column {place}", "", _strange(name, names))
            for place, name in enumerate(names, start=1)
            if name not in COLUMNS
        ]
        twice = [name for name in sorted(set(names) & set(COLUMNS)) if names.count(name) > 1]
        missing = [name for name in NEEDED if name not in names]
        meant = {near for name in names for near in _near(name, names)}
        wrong = [
            *strange,
            *(Fault(number, name, "", broken("heading.twice")) for name in twice),
            *(
                Fault(number, name, "", broken("heading.missing"))
                for name in missing
                if name not in meant
            ),
        ]
        if {"row", "procedure", "version"} & {*twice, *missing}:
            raise FileError(wrong)
        self._faults += wrong
        # A name that is no column's may be any of those that are not there, misspelt.
        self._absent = {*twice, *missing, *(set(COLUMNS) - set(names) if strange else ())}
        self._names = names

    def _row(self, number: int, cells: Sequence[Any]) -> None:
        values: dict[str, Any] = {}
        wrong: list[tuple[str, BrokenRule]] = []
        for place, raw in enumerate(cells):
            name = self._names[place] if place < len(self._names) else ""
            if place < len(self._names) and (name in self._absent or name not in COLUMNS):
                continue  # told at the heading
            value = raw if isinstance(raw, BrokenRule) else _cell(name, raw, self._notes)
            if isinstance(value, BrokenRule):
                wrong.append((name or f"column {place + 1}", value))
            elif value is not None:
                values[name] = value
        self._enter(number, values, wrong)

    def _enter(
        self, number: int, values: dict[str, Any], wrong: list[tuple[str, BrokenRule]]
    ) -> None:
        kind = values.pop("row", None)
        entry = str(values.get("procedure") or values.get("code") or "")[:64]
        self._faults += [Fault(number, name, entry, rule) for name, rule in wrong]
        if kind not in USED:
            if "row" not in {name for name, _ in wrong}:
                self._faults.append(Fault(number, "row", entry, broken("row.kind")))
            key = (values.get("procedure"), values.get("version"))
            self._unsure = self._unsure or key not in self._versions
            self._unsure_version = None
            self._strange.add(key)
            self._codes.add(str(values.get("code", "")))
            return
        for name in [name for name in values if name not in USED[kind]]:
            del values[name]
            self._faults.append(Fault(number, name, entry, broken("cell.unused", kind)))
        faulted = {(name,) for name in {name for name, _ in wrong} | self._absent}
        if kind == "field":
            self._fields.append(Raw(kind, values, number, wrong=set(faulted)))
        elif kind == "procedure":
            self._begin(Raw(kind, values, number, wrong=set(faulted)))
        else:
            self._attach(kind, number, values, faulted, entry)

    def _begin(self, raw: Raw) -> None:
        if "procedure" in raw.values:
            raw.values["code"] = raw.values.pop("procedure")
        if ("procedure",) in raw.wrong:
            raw.wrong.add(("code",))
        raw.values.update({key: [] for key in LISTS.values()})
        key = (raw.values.get("code"), raw.values.get("version"))
        self._unsure = None in key or not re.fullmatch(CODE, str(key[0]))
        self._unsure_version = raw
        if key in self._versions and not self._unsure:
            name = f"{key[0]} version {key[1]}"
            self._faults.append(Fault(raw.row, "version", str(key[0]), broken("repeated", name)))
            raw.again = True
            # Its further rows are taken for those of the first one.
            raw.wrong |= {(key,) for key in LISTS.values()}
        if raw.again or self._unsure:
            self._besides.append(raw)
        else:
            self._versions[key] = raw

    def _attach(
        self,
        kind: str,
        number: int,
        values: dict[str, Any],
        faulted: set[tuple[str]],
        entry: str,
    ) -> None:
        key = (values.pop("procedure", None), values.pop("version", None))
        owner = self._versions.get(key)
        if owner is None and self._unsure:
            owner = self._unsure_version
        elif owner is None and not faulted & {("procedure",), ("version",)}:
            self._faults.append(Fault(number, "procedure", entry, broken("row.orphan")))
        if owner is None:
            self._loose.append(Raw(kind, values, number, wrong={*faulted}))
            return
        found = owner.values[LISTS[kind]]
        place = (LISTS[kind], len(found))
        owner.rows[place] = number
        owner.wrong |= {(*place, name) for (name,) in faulted}
        found.append(values)


def _near(name: str, names: Sequence[str]) -> list[str]:
    """Return the column that a strange name stands for, where that can be guessed."""
    absent = [it for it in COLUMNS if it not in names]
    return [] if name in COLUMNS else get_close_matches(name, absent, 1)


def _strange(name: str, names: Sequence[str]) -> BrokenRule:
    """Return that no column has a name, and which one is meant."""
    near = _near(name, names)
    return broken("heading.near", near[0]) if near else broken("heading.unknown")


def _is_filled(cell: Any) -> bool:
    return isinstance(cell, BrokenRule) or not (cell is None or cell == "")


def _cell(name: str, raw: Any, notes: ColumnNotes) -> Any:
    if name:
        return value_of(COLUMNS[name], raw, notes)
    return broken("heading.unknown") if _is_filled(raw) else None


def rows(fields: Iterable[Field], versions: Iterable[Procedure]) -> Iterator[list[str]]:
    """Write entries as rows of texts, the heading first."""
    yield list(HEADING)
    for it in fields:
        yield _row("field", field_values(it))
    for version in versions:
        values = version_values(version)
        lists = {kind: values.pop(key) for kind, key in LISTS.items()}
        own = {"procedure": values.pop("code"), "version": values["version"]}
        yield _row("procedure", {**values, **own})
        for kind, found in lists.items():
            for item in found:
                yield _row(kind, {**item, **own})


def _row(kind: str, values: dict[str, Any]) -> list[str]:
    return [kind, *(_text(values.get(name)) for name in HEADING[1:])]


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case date():
            return value.isoformat()
        case list():
            return " ".join(value)
    return str(value)
