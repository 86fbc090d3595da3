"""A table of procedures: rows of cells to entries, and entries to rows. CSV and XLSX share it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from kernel.documents.mistakes import KeyPath, Position
from kernel.documents.reading import NOTED
from office.catalogue.files.columns import COLUMNS, LISTS, USED, Corrections, value_of
from office.catalogue.files.document import (
    ProcedureDocument,
    ProcedureReader,
    check_entries,
    field_values,
    version_values,
)
from office.catalogue.files.file_errors import ProcedureFileError, whole_file_error
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
    return _Table().read(rows)


class _Table:
    """Collects the entries of one table and the mistakes in its cells.

    ``NOTED`` stands for a value that has a mistake, or might have one.
    """

    def __init__(self) -> None:
        self._content: dict[str, list[dict[str, Any]]] = {"fields": [], "procedures": []}
        self._reader = ProcedureReader(self._content)
        self._versions: dict[tuple[Any, Any], KeyPath] = {}
        """The places of the versions to which rows are attached."""
        self._absent: set[str] = set()
        """Columns that the heading lacks or repeats: their cells are not checked."""
        self._unsure = False
        """Whether the next rows may belong to a version that could not be read."""
        self._unsure_version: KeyPath | None = None
        """That version, if its row could be read."""
        self._codes: set[str] = set()
        """Codes in rows of an unknown kind, which might be fields."""
        self._unknown_kind_versions: set[tuple[Any, Any]] = set()
        """The versions to which rows of an unknown kind belong."""

    def read(self, rows: Iterable[Row]) -> ProcedureDocument:
        reader, cut_off = self._reader, list[KeyPath]()
        try:
            self._read(rows)
        except ProcedureFileError as error:  # the rows before it can be checked
            if not reader.columns or error.mistakes[0].rule not in ("file.csv", "file.xlsx"):
                raise
            for mistake in error.mistakes:
                reader.add(mistake)
            cut_off = list(self._versions.values())[-1:]
        if not any(self._content.values()) and not reader.mistakes:
            raise whole_file_error("file", broken_rule("file.empty"))
        unknown = (self._versions.get(key) for key in self._unknown_kind_versions)
        for path in filter(None, (*unknown, *cut_off)):
            values = reader.value_at(path)
            values.update({key: NOTED for key in LISTS.values() if not values[key]})
        reader.index()
        return check_entries(reader, self._codes)

    def _read(self, rows: Iterable[Row]) -> None:
        filled = ((number, cells) for number, cells in rows if any(_is_filled(c) for c in cells))
        for count, (number, cells) in enumerate(filled):
            if len(cells) > MOST_COLUMNS and any(_is_filled(c) for c in cells[MOST_COLUMNS:]):
                raise whole_file_error("file", broken_rule("file.columns", MOST_COLUMNS), number)
            if count > MOST_ROWS:
                raise whole_file_error("file", broken_rule("file.rows", MOST_ROWS), number)
            if not self._reader.columns:
                self._heading(number, cells)
            else:
                self._row(number, cells)
            self._reader.limit()

    def _heading(self, number: int, cells: Sequence[Any]) -> None:
        names = [str(cell).strip().lower() if _is_filled(cell) else "" for cell in cells]
        while names and not names[-1]:
            names.pop()
        meant = {near for name in names for near in _similar_columns(name, names)}
        for place, name in enumerate(names, start=1):
            if name not in COLUMNS:
                self._wrong((number, place), name[:40] or f"column {place}", _strange(name, names))
            elif name in names[: place - 1]:
                self._wrong((number, place), name, broken_rule("heading.twice"))
        twice = {name for name in names if name in COLUMNS and names.count(name) > 1}
        missing = {name for name in NEEDED if name not in names}
        for name in sorted(missing - meant):
            self._wrong((number, 1), name, broken_rule("heading.missing"))
        if {"row", "procedure", "version"} & (twice | missing):
            raise ProcedureFileError(self._reader.mistakes)
        # An unknown name may be a misspelt form of any missing column.
        strange = any(name not in COLUMNS for name in names)
        self._absent = {*twice, *missing, *(set(COLUMNS) - set(names) if strange else ())}
        self._reader.columns = names

    def _row(self, number: int, cells: Sequence[Any]) -> None:
        names, values = self._reader.columns, dict[str, Any]()
        wrong: list[tuple[int, str, BrokenRule]] = []
        for place, raw in enumerate(cells):
            name = names[place] if place < len(names) else ""
            if place < len(names) and (name in self._absent or name not in COLUMNS):
                continue  # reported at the heading
            value = raw
            if not isinstance(raw, BrokenRule):
                value = _cell(name, raw, self._reader.corrections)
            if isinstance(value, BrokenRule):
                wrong.append((place + 1, name or f"column {place + 1}", value))
                value = NOTED
            if value is not None and name:
                values[name] = value
        named = (values.get(key, NOTED) for key in ("procedure", "code"))
        entry = next((str(name) for name in named if name is not NOTED), "")
        for column, name, rule in wrong:
            self._wrong((number, column), name, rule, entry)
        self._enter(number, values, entry)

    def _enter(self, number: int, values: dict[str, Any], entry: str) -> None:
        kind = values.pop("row", None)
        if kind not in USED:
            if kind is not NOTED:
                self._wrong((number, 1), "row", broken_rule("row.kind"), entry)
            key = (values.get("procedure"), values.get("version"))
            self._unsure = self._unsure or key not in self._versions
            self._unsure_version = None
            self._unknown_kind_versions.add(key)
            self._codes.add(str(values.get("code", "")))
            return
        for name in [name for name in values if name not in USED[kind]]:
            if values.pop(name) is not NOTED:
                place = (number, self._reader.columns.index(name) + 1)
                self._wrong(place, name, broken_rule("cell.unused", kind), entry)
        values.update(dict.fromkeys(self._absent & set(USED[kind]), NOTED))
        if kind == "field":
            self._add("fields", number, values)
        elif kind == "procedure":
            self._begin(number, values)
        else:
            self._attach(kind, number, values, entry)

    def _begin(self, number: int, values: dict[str, Any]) -> None:
        if "procedure" in values:
            values["code"] = values.pop("procedure")
        values.update({key: [] for key in LISTS.values()})
        key = (values.get("code"), values.get("version"))
        path = self._add("procedures", number, values)
        self._unsure = NOTED in key or None in key or not re.fullmatch(CODE, str(key[0]))
        self._unsure_version = path
        if not self._unsure and key in self._versions:
            rule = broken_rule("repeated", f"{key[0]} version {key[1]}")
            self._reader.wrong((*path, "version"), rule.code, rule)
            self._reader.repeated.add(path)
            # Its further rows count as the first one's.
            values.update(dict.fromkeys(LISTS.values(), NOTED))
        elif not self._unsure:
            self._versions[key] = path

    def _attach(self, kind: str, number: int, values: dict[str, Any], entry: str) -> None:
        key = (values.pop("procedure", None), values.pop("version", None))
        path = self._versions.get(key)
        if path is None and self._unsure:
            path = self._unsure_version
        elif path is None and NOTED not in key:
            place = (number, self._reader.columns.index("procedure") + 1)
            self._wrong(place, "procedure", broken_rule("row.orphan"), entry)
        if path is None:
            self._add(kind, number, values)
            return
        found = self._reader.value_at((*path, LISTS[kind]))
        self._reader.row_numbers[*path, LISTS[kind], len(found)] = number
        found.append(values)

    def _add(self, key: str, number: int, values: dict[str, Any]) -> KeyPath:
        entries = self._content.setdefault(key, [])
        path = (key, len(entries))
        entries.append(values)
        self._reader.row_numbers[path] = number
        return path

    def _wrong(self, place: Position, where: str, rule: BrokenRule, entry: str = "") -> None:
        self._reader.note(place, where, rule.code, rule, entry=entry)


def _similar_columns(name: str, names: Sequence[str]) -> list[str]:
    """Return the missing column that an unknown name resembles, if any."""
    absent = [column for column in COLUMNS if column not in names]
    return [] if name in COLUMNS else get_close_matches(name, absent, 1)


def _strange(name: str, names: Sequence[str]) -> BrokenRule:
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
