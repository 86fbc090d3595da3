"""A table of procedures: rows of cells to entries, and entries to rows. CSV and XLSX share it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from office.catalogue.files.columns import COLUMNS, LISTS, USED, Corrections, value_of
from office.catalogue.files.document import (
    ProcedureDocument,
    RawEntry,
    check_entries,
    field_values,
    version_values,
)
from office.catalogue.files.file_errors import MOST_SHOWN, FileMistake, ProcedureFileError
from office.catalogue.messages import CODE, BrokenRule, broken_rule
from office.catalogue.model import Field, Procedure

HEADING: Final = tuple(COLUMNS)
NEEDED: Final = ("row", "procedure", "version", "name_vi", "name_en")
"""The columns that every table has."""
MOST_COLUMNS: Final = 100
MOST_ROWS: Final = 500_000
Row = tuple[int, Sequence[Any]]
"""The number of a row in its file, from 1, and its cells; a ``BrokenRule`` cell is a mistake."""


def read_table(rows: Iterable[Row]) -> ProcedureDocument:
    """Return the document in a table; raise ``ProcedureFileError`` if nothing can be read."""
    return _Reader().read(rows)


class _Reader:
    """Collects the entries of one table and the mistakes in its cells."""

    def __init__(self) -> None:
        self._corrections = Corrections()
        self._mistakes: list[FileMistake] = []
        self._fields: list[RawEntry] = []
        self._versions: dict[tuple[Any, Any], RawEntry] = {}
        self._unplaced: list[RawEntry] = []
        """Repeated versions, and those whose code or number can't be read."""
        self._names: list[str] = []
        self._absent: set[str] = set()
        """Columns that the heading lacks or repeats: their cells are not checked."""
        self._unsure = False
        """Whether the next rows may belong to a version that could not be read."""
        self._unsure_version: RawEntry | None = None
        """That version, if its row could be read."""
        self._orphans: list[RawEntry] = []
        """Parts, fees and the like of versions that could not be read."""
        self._codes: set[str] = set()
        """Codes in rows of an unknown kind, which might be fields."""
        self._unknown_kind_versions: set[tuple[Any, Any]] = set()
        """The versions to which rows of an unknown kind belong."""

    def read(self, rows: Iterable[Row]) -> ProcedureDocument:
        last: RawEntry | None = None
        try:
            self._read(rows)
        except ProcedureFileError as error:  # the rows before it can be checked
            if not self._names or error.mistakes[0].broken_rule.code not in (
                "file.csv",
                "file.xlsx",
            ):
                raise
            self._mistakes += error.mistakes
            last = next(reversed(self._versions.values()), None)
        if not self._fields and not self._versions and not self._unplaced and not self._mistakes:
            raise ProcedureFileError([FileMistake(0, "file", "", broken_rule("file.empty"))])
        whole = [*self._versions.values(), *self._unplaced]
        for raw in whole:
            if (
                raw is last
                or (raw.values.get("code"), raw.values.get("version"))
                in self._unknown_kind_versions
            ):
                raw.wrong |= {(key,) for key in LISTS.values() if not raw.values[key]}
        return check_entries(
            self._fields, whole, self._mistakes, self._corrections, self._orphans, self._codes
        )

    def _read(self, rows: Iterable[Row]) -> None:
        filled = ((number, cells) for number, cells in rows if any(_is_filled(c) for c in cells))
        for count, (number, cells) in enumerate(filled):
            if len(cells) > MOST_COLUMNS and any(_is_filled(c) for c in cells[MOST_COLUMNS:]):
                raise ProcedureFileError(
                    [FileMistake(number, "file", "", broken_rule("file.columns", MOST_COLUMNS))]
                )
            if count > MOST_ROWS:
                raise ProcedureFileError(
                    [FileMistake(number, "file", "", broken_rule("file.rows", MOST_ROWS))]
                )
            if not self._names:
                self._heading(number, cells)
            else:
                self._row(number, cells)
            if len(self._mistakes) >= MOST_SHOWN:
                raise ProcedureFileError(sorted(self._mistakes)[:MOST_SHOWN])

    def _heading(self, number: int, cells: Sequence[Any]) -> None:
        names = [str(cell).strip().lower() if _is_filled(cell) else "" for cell in cells]
        while names and not names[-1]:
            names.pop()
        strange = [
            FileMistake(number, name[:40] or f"column {place}", "", _unknown_heading(name, names))
            for place, name in enumerate(names, start=1)
            if name not in COLUMNS
        ]
        twice = [name for name in sorted(set(names) & set(COLUMNS)) if names.count(name) > 1]
        missing = [name for name in NEEDED if name not in names]
        meant = {near for name in names for near in _similar_columns(name, names)}
        wrong = [
            *strange,
            *(FileMistake(number, name, "", broken_rule("heading.twice")) for name in twice),
            *(
                FileMistake(number, name, "", broken_rule("heading.missing"))
                for name in missing
                if name not in meant
            ),
        ]
        if {"row", "procedure", "version"} & {*twice, *missing}:
            raise ProcedureFileError(wrong)
        self._mistakes += wrong
        # An unknown name may be a misspelt form of any missing column.
        self._absent = {*twice, *missing, *(set(COLUMNS) - set(names) if strange else ())}
        self._names = names

    def _row(self, number: int, cells: Sequence[Any]) -> None:
        values: dict[str, Any] = {}
        wrong: list[tuple[str, BrokenRule]] = []
        for place, raw in enumerate(cells):
            name = self._names[place] if place < len(self._names) else ""
            if place < len(self._names) and (name in self._absent or name not in COLUMNS):
                continue  # reported at the heading
            value = raw if isinstance(raw, BrokenRule) else _cell(name, raw, self._corrections)
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
        self._mistakes += [FileMistake(number, name, entry, rule) for name, rule in wrong]
        if kind not in USED:
            if "row" not in {name for name, _ in wrong}:
                self._mistakes.append(FileMistake(number, "row", entry, broken_rule("row.kind")))
            key = (values.get("procedure"), values.get("version"))
            self._unsure = self._unsure or key not in self._versions
            self._unsure_version = None
            self._unknown_kind_versions.add(key)
            self._codes.add(str(values.get("code", "")))
            return
        for name in [name for name in values if name not in USED[kind]]:
            del values[name]
            self._mistakes.append(
                FileMistake(number, name, entry, broken_rule("cell.unused", kind))
            )
        faulted = {(name,) for name in {name for name, _ in wrong} | self._absent}
        if kind == "field":
            self._fields.append(RawEntry(kind, values, number, wrong=set(faulted)))
        elif kind == "procedure":
            self._begin(RawEntry(kind, values, number, wrong=set(faulted)))
        else:
            self._attach(kind, number, values, faulted, entry)

    def _begin(self, raw: RawEntry) -> None:
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
            self._mistakes.append(
                FileMistake(raw.row, "version", str(key[0]), broken_rule("repeated", name))
            )
            raw.repeated = True
            # Its further rows count as the first one's.
            raw.wrong |= {(key,) for key in LISTS.values()}
        if raw.repeated or self._unsure:
            self._unplaced.append(raw)
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
            self._mistakes.append(
                FileMistake(number, "procedure", entry, broken_rule("row.orphan"))
            )
        if owner is None:
            self._orphans.append(RawEntry(kind, values, number, wrong={*faulted}))
            return
        found = owner.values[LISTS[kind]]
        place = (LISTS[kind], len(found))
        owner.rows[place] = number
        owner.wrong |= {(*place, name) for (name,) in faulted}
        found.append(values)


def _similar_columns(name: str, names: Sequence[str]) -> list[str]:
    """Return the missing column that an unknown name resembles, if any."""
    absent = [column for column in COLUMNS if column not in names]
    return [] if name in COLUMNS else get_close_matches(name, absent, 1)


def _unknown_heading(name: str, names: Sequence[str]) -> BrokenRule:
    """Return the broken rule of an unknown column name, with the column that it resembles."""
    near = _similar_columns(name, names)
    return broken_rule("heading.near", near[0]) if near else broken_rule("heading.unknown")


def _is_filled(cell: Any) -> bool:
    return isinstance(cell, BrokenRule) or not (cell is None or cell == "")


def _cell(name: str, raw: Any, corrections: Corrections) -> Any:
    if name:
        return value_of(COLUMNS[name], raw, corrections)
    return broken_rule("heading.unknown") if _is_filled(raw) else None


def table_rows(fields: Iterable[Field], versions: Iterable[Procedure]) -> Iterator[list[str]]:
    """Yield entries as rows of texts, the heading first."""
    yield list(HEADING)
    for entry in fields:
        yield _row_texts("field", field_values(entry))
    for version in versions:
        values = version_values(version)
        lists = {kind: values.pop(key) for kind, key in LISTS.items()}
        own = {"procedure": values.pop("code"), "version": values["version"]}
        yield _row_texts("procedure", {**values, **own})
        for kind, found in lists.items():
            for item in found:
                yield _row_texts(kind, {**item, **own})


def _row_texts(kind: str, values: dict[str, Any]) -> list[str]:
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
