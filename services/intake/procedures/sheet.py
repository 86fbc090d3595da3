"""A table of procedures: rows of cells to entries, and entries to rows. CSV and XLSX share it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from services.intake.catalogue import Field, Procedure
from services.intake.catalogue_texts import Broken, broken
from services.intake.procedures.columns import COLUMNS, LISTS, USED, Notes, value_of
from services.intake.procedures.document import (
    Document,
    Raw,
    checked,
    field_values,
    version_values,
)
from services.intake.procedures.faults import MOST_SHOWN, Fault, FileError

HEADING: Final = tuple(COLUMNS)
MOST_COLUMNS: Final = 100
MOST_ROWS: Final = 500_000
Row = tuple[int, Sequence[Any]]
"""The number of a row in its file, from 1, and its cells; a ``Broken`` cell is a mistake."""


def read(rows: Iterable[Row]) -> Document:
    """Read a table; raises ``FileError`` with every mistake in it."""
    return _Reader().read(rows)


class _Reader:
    """Collects the entries of one table, and what is wrong with its cells."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._faults: list[Fault] = []
        self._fields: list[Raw] = []
        self._versions: dict[tuple[Any, Any], Raw] = {}
        self._repeated: list[Raw] = []
        self._names: list[str] = []

    def read(self, rows: Iterable[Row]) -> Document:
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
        if not self._fields and not self._versions and not self._faults:
            raise FileError([Fault(0, "file", "", broken("file.empty"))])
        return checked(
            self._fields, [*self._versions.values(), *self._repeated], self._faults, self._notes
        )

    def _heading(self, number: int, cells: Sequence[Any]) -> None:
        names = [str(cell).strip().lower() if _is_filled(cell) else "" for cell in cells]
        while names and not names[-1]:
            names.pop()
        wrong = [
            Fault(number, name[:40] or f"column {place}", "", broken("heading.unknown"))
            for place, name in enumerate(names, start=1)
            if name not in COLUMNS
        ]
        wrong += [
            Fault(number, name, "", broken("heading.twice"))
            for name in sorted(set(names) & set(COLUMNS))
            if names.count(name) > 1
        ]
        wrong += [
            Fault(number, name, "", broken("heading.missing"))
            for name in ("row", "procedure", "version", "name_vi", "name_en")
            if name not in names
        ]
        if wrong:
            raise FileError(wrong)
        self._names = names

    def _row(self, number: int, cells: Sequence[Any]) -> None:
        values: dict[str, Any] = {}
        wrong: list[tuple[str, Broken]] = []
        for place, raw in enumerate(cells):
            name = self._names[place] if place < len(self._names) else ""
            value = raw if isinstance(raw, Broken) else _cell(name, raw, self._notes)
            if isinstance(value, Broken):
                wrong.append((name or f"column {place + 1}", value))
            elif value is not None:
                values[name] = value
        self._enter(number, values, wrong)

    def _enter(self, number: int, values: dict[str, Any], wrong: list[tuple[str, Broken]]) -> None:
        kind = values.pop("row", None)
        entry = str(values.get("procedure") or values.get("code") or "")[:64]
        self._faults += [Fault(number, name, entry, rule) for name, rule in wrong]
        if kind not in USED:
            if "row" not in {name for name, _ in wrong}:
                self._faults.append(Fault(number, "row", entry, broken("row.kind")))
            return
        for name in [name for name in values if name not in USED[kind]]:
            del values[name]
            self._faults.append(Fault(number, name, entry, broken("cell.unused", kind)))
        faulted = {(name,) for name, _ in wrong}
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
        key = (raw.values.get("code"), raw.values.get("version"))
        if key in self._versions and None not in key:
            name = f"{key[0]} version {key[1]}"
            self._faults.append(Fault(raw.row, "version", str(key[0]), broken("repeated", name)))
            self._repeated.append(raw)
            return
        raw.values.update({key: [] for key in LISTS.values()})
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
        if owner is None:
            if not faulted & {("procedure",), ("version",)}:
                self._faults.append(Fault(number, "procedure", entry, broken("row.orphan")))
            return
        found = owner.values[LISTS[kind]]
        place = (LISTS[kind], len(found))
        owner.rows[place] = number
        owner.wrong |= {(*place, name) for (name,) in faulted}
        found.append(values)


def _is_filled(cell: Any) -> bool:
    return isinstance(cell, Broken) or not (cell is None or cell == "")


def _cell(name: str, raw: Any, notes: Notes) -> Any:
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
