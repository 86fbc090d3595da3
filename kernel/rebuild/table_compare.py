"""Compares a rebuilt table with the live one, row for row by primary key, in little memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, Table, collate, select

from kernel.storage.compiled_statements import key_names

PAGE = 1_000
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two copies of a table differ."""

    rows: int
    """Rows of the first copy."""
    differences: int
    """Rows that one of them lacks, or that have another content."""
    examples: Sequence[tuple[Any, ...]] = ()
    """Primary keys of the first few of them."""


def compare(left: Connection, right: Connection, table: Table) -> Difference:
    """Compare a table as two connections see it."""
    width = len(key_names(table))
    ours, theirs = _rows(left, table), _rows(right, table)
    a, b = next(ours, None), next(theirs, None)
    rows, differences = 0, 0
    examples: list[tuple[Any, ...]] = []
    while a is not None or b is not None:
        low = min(row[:width] for row in (a, b) if row is not None)
        here, there = a is not None and a[:width] == low, b is not None and b[:width] == low
        if a != b:
            differences += 1
            if len(examples) < EXAMPLES:
                examples.append(low)
        if here:
            rows += 1
            a = next(ours, None)
        if there:
            b = next(theirs, None)
    return Difference(rows, differences, examples)


def _rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Return the rows with the key's columns first, in an order that Python shares."""
    keys = key_names(table)
    columns = [table.c[name] for name in keys]
    rest = [c for c in table.columns if c.name not in keys]
    binary = connection.dialect.name == "postgresql"
    order = [collate(c, "C") if binary and isinstance(c.type, String) else c for c in columns]
    chosen = select(*columns, *rest).order_by(*order)
    streamed = connection.execution_options(stream_results=True, yield_per=PAGE)
    for row in streamed.execute(chosen):
        yield tuple(row)
