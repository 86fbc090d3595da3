"""Compiled statements for the hot paths: made once per table and dialect, run with plain rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    Connection,
    Dialect,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.sql import Executable

Row = Mapping[str, Any]


def picker(names: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    """Return a function that takes these columns out of a row."""
    if len(names) == 1:
        (name,) = names
        return lambda row: (row[name],)
    return cast(Callable[[Row], tuple[Any, ...]], itemgetter(*names)) if names else _nothing


def _nothing(_row: Row) -> tuple[Any, ...]:
    return ()


@lru_cache(maxsize=256)
def key_names(table: Table) -> tuple[str, ...]:
    """Return the columns of a table's primary key."""
    return tuple(c.name for c in table.primary_key)


@lru_cache(maxsize=256)
def key_picker(table: Table) -> Callable[[Row], tuple[Any, ...]]:
    """Return a function that takes the primary key out of a row."""
    return picker(key_names(table))


class Statement:
    """A statement compiled for one dialect, which takes rows keyed by column name."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        order: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self._arrange = None if order is None else picker(order)

    def one(self, row: Row) -> Any:
        """Arrange one row as the driver wants it."""
        return row if self._arrange is None else self._arrange(row)

    def many(self, rows: Iterable[Row]) -> list[Any]:
        """Arrange many rows as the driver wants them."""
        return list(rows if self._arrange is None else map(self._arrange, rows))

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Execute it once for each row."""
        if rows:
            connection.exec_driver_sql(self.sql, self.many(rows))


@lru_cache(maxsize=256)
def insert_of(table: Table, dialect: Dialect) -> Statement:
    """Return the plain insert of a table; a clash of keys raises ``IntegrityError``."""
    names = [c.name for c in table.columns if not (c.autoincrement is True and c.primary_key)]
    return Statement(table.insert().values({n: bindparam(n) for n in names}), dialect)


@lru_cache(maxsize=256)
def upsert_of(table: Table, dialect: Dialect) -> Statement:
    """Return the insert of a table that replaces the row with the same primary key."""
    keys = [c.name for c in table.primary_key]
    values: dict[str, Any] = {c.name: bindparam(c.name) for c in table.columns}
    statement = _insert(table, dialect).values(values)
    rest = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    if rest:
        return Statement(statement.on_conflict_do_update(index_elements=keys, set_=rest), dialect)
    return Statement(statement.on_conflict_do_nothing(index_elements=keys), dialect)


@lru_cache(maxsize=256)
def select_of(table: Table, dialect: Dialect) -> Statement:
    """Return the select of one row by primary key."""
    clauses = [c == bindparam(c.name) for c in table.primary_key]
    return Statement(select(table).where(*clauses), dialect)


@lru_cache(maxsize=256)
def delete_of(table: Table, dialect: Dialect) -> Statement:
    """Return the delete of one row by primary key."""
    clauses = [c == bindparam(c.name) for c in table.primary_key]
    return Statement(delete(table).where(*clauses), dialect)


@lru_cache(maxsize=256)
def lock_of(table: Table, dialect: Dialect) -> Statement:
    """Return the insert of a table that leaves a row with the same primary key as it is, but locks
    and returns it.
    """
    keys = [c.name for c in table.primary_key]
    statement = _insert(table, dialect).values({c.name: bindparam(c.name) for c in table.columns})
    same = {c.name: c for c in table.columns if c.name not in keys}
    return Statement(
        statement.on_conflict_do_update(index_elements=keys, set_=same).returning(*table.columns),
        dialect,
    )


def _insert(table: Table, dialect: Dialect) -> Any:
    """Return the dialect's own insert; the other dialects, some megabytes, are not imported."""
    if dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)


class Fetch:
    """The select of all rows of many streams: one statement, whatever their number."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        first = table.c[key_names(table)[0]]
        self._as_json = dialect.name == "sqlite"
        given = bindparam("ids", type_=String())
        chosen = (
            first.in_(select(func.json_each(given).table_valued("value").c.value))
            if self._as_json
            else first == func.any(bindparam("ids", type_=ARRAY(String)))
        )
        compiled = select(table).where(chosen).compile(dialect=dialect)
        self._sql = str(compiled)

    def rows(self, connection: Connection, ids: Sequence[str]) -> Iterable[Sequence[Any]]:
        """Return the rows as the driver gives them: all our columns are text, whole numbers or
        bytes.
        """
        given: Any = (json.dumps(ids),) if self._as_json else {"ids": ids}
        cursor = connection.exec_driver_sql(self._sql, given).cursor
        return cast(Iterable[Sequence[Any]], cursor.fetchall())


@lru_cache(maxsize=256)
def fetch_of(table: Table, dialect: Dialect) -> Fetch:
    """Return the select of a table's rows by the stream's id, the first part of its primary key."""
    return Fetch(table, dialect)
