"""Compares a rebuilt table with the live one, row for row by primary key, in little memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, String, Table, Text, collate, select

from kernel.storage.compiled_statements import key_names
from kernel.storage.kernel_tables import FREE_TEXT
from kernel.telemetry.logs import HIDDEN, PERSONAL, mask

PAGE: Final = 1_000
EXAMPLES: Final = 5
"""Rows that a difference describes unless more are asked for."""

Value = str | int | None
"""What a column holds, as it may be printed."""


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that differs. Its values may be printed: what may be personal is not in them."""

    key: Mapping[str, Value]
    """The primary key, by column."""
    left: bool
    right: bool
    """Which of the two copies have the row."""
    columns: Mapping[str, tuple[Value, Value] | None] = field(default_factory=dict)
    """What the left and the right copy hold in the columns that differ, when both have the row;
    None where that is not shown.
    """


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two copies of a table differ."""

    rows: int
    """Rows of the first copy."""
    differences: int
    """Rows that one of them lacks, or that have another content."""
    examples: Sequence[RowDifference] = ()
    """The first few of them, in the order of the primary key."""


def compare(
    left: Connection, right: Connection, table: Table, examples: int = EXAMPLES
) -> Difference:
    """Compare a table as two connections see it, and describe up to ``examples`` rows that differ.

    Bytes are never shown (sealed data, and events that hold some), nor columns with the names of
    personal data, nor free text, which may name anybody: columns of type ``Text`` or marked
    ``FREE_TEXT``. In other texts, what looks like an address, a phone or an identity number is
    hidden.
    """
    width = len(key_names(table))
    ours, theirs = _rows(left, table), _rows(right, table)
    a, b = next(ours, None), next(theirs, None)
    rows, differences = 0, 0
    found: list[RowDifference] = []
    while a is not None or b is not None:
        low = min(row[:width] for row in (a, b) if row is not None)
        here, there = a is not None and a[:width] == low, b is not None and b[:width] == low
        if a != b:
            differences += 1
            if len(found) < examples:
                found.append(_describe(table, a if here else None, b if there else None))
        if here:
            rows += 1
            a = next(ours, None)
        if there:
            b = next(theirs, None)
    return Difference(rows, differences, found)


def _describe(table: Table, a: tuple[Any, ...] | None, b: tuple[Any, ...] | None) -> RowDifference:
    columns = _columns(table)
    width = len(key_names(table))
    known = a if a is not None else b
    assert known is not None
    key = {c.name: _shown(c, v) for c, v in zip(columns[:width], known[:width], strict=True)}
    if a is None or b is None:
        return RowDifference(key, a is not None, b is not None)
    values: dict[str, tuple[Value, Value] | None] = {}
    for column, one, other in zip(columns, a, b, strict=True):
        if one != other:
            pair = (_shown(column, one), _shown(column, other))
            values[column.name] = pair if pair[0] != pair[1] else None
    return RowDifference(key, True, True, values)


def _shown(column: Any, value: Any) -> Value:
    """Return a value as it may be printed."""
    if value is None:
        return None
    hidden = isinstance(column.type, LargeBinary | Text) or column.name in PERSONAL
    if hidden or column.info.get(FREE_TEXT):
        return HIDDEN
    return value if isinstance(value, int) else mask(str(value))


def _columns(table: Table) -> list[Any]:
    """Return the columns, the key's first."""
    keys = key_names(table)
    return [*(table.c[name] for name in keys), *(c for c in table.columns if c.name not in keys)]


def _rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Return the rows with the key's columns first, in an order that Python shares."""
    columns = _columns(table)
    binary = connection.dialect.name == "postgresql"
    order = [
        collate(c, "C") if binary and isinstance(c.type, String) else c
        for c in columns[: len(key_names(table))]
    ]
    chosen = select(*columns).order_by(*order)
    streamed = connection.execution_options(stream_results=True, yield_per=PAGE)
    for row in streamed.execute(chosen):
        yield tuple(row)
