"""The rows of one transaction, read once and written in few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Result, Select, Table

from kernel.storage.compiled_statements import (
    delete_of,
    fetch_of,
    insert_of,
    key_names,
    key_picker,
    lock_of,
    select_of,
    upsert_of,
)
from kernel.storage.engines import wait_for_locks

Row = Mapping[str, Any]
FURTHER_LOCK_MS = 100
"""How long a transaction that holds a row waits for a further one."""


class Rows:
    """The rows of a service's database as one transaction sees and changes them.

    They are plain mappings that are never changed in place: ``put`` a new one. Reading a row twice
    returns the same one, with what this transaction has put. Nothing reaches the database before
    ``flush``; nothing is kept after the transaction ends.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.changes = 0
        self._rows: dict[Table, dict[tuple[Any, ...], Row | None]] = defaultdict(dict)
        self._whole: dict[Table, set[str]] = defaultdict(set)
        self._dirty: dict[Table, set[tuple[Any, ...]]] = defaultdict(set)
        self._added: dict[Table, list[Row]] = defaultdict(list)
        self._locked: set[tuple[Table, tuple[Any, ...]]] = set()

    def get(self, table: Table, *key: Any) -> Row | None:
        """Return the row with this primary key, or None."""
        rows = self._rows[table]
        if key in rows:
            return rows[key]
        if key[0] in self._whole[table]:
            return None
        statement = select_of(table, self.connection.dialect)
        names = key_names(table)
        result = self.connection.exec_driver_sql(
            statement.sql, statement.one(dict(zip(names, key, strict=True)))
        )
        found = result.first()
        rows[key] = None if found is None else dict(zip(table.columns.keys(), found, strict=True))
        return rows[key]

    def put(self, table: Table, row: Row) -> None:
        """Insert or replace the row with this primary key; every column must be given."""
        key = key_picker(table)(row)
        self._rows[table][key] = row
        self._dirty[table].add(key)
        self.changes += 1

    def change(self, table: Table, *key: Any, **values: Any) -> None:
        """Set columns of a row, which starts with every other column empty when it is not there
        yet.
        """
        row = self.get(table, *key)
        if row is None:
            names = key_names(table)
            row = dict.fromkeys(table.columns.keys()) | dict(zip(names, key, strict=True))
        self.put(table, {**row, **values})

    def add(self, table: Table, row: Row) -> None:
        """Insert a row that is known to be new; a clash of keys shows at ``flush`` as
        ``IntegrityError``.
        """
        self._added[table].append(row)
        self.changes += 1

    def delete(self, table: Table, *key: Any) -> None:
        """Remove the row with this primary key, if it is there."""
        self._rows[table][key] = None
        self._dirty[table].add(key)
        self.changes += 1

    def lock(self, table: Table, row: Row) -> Row:
        """Return a row locked against other writers until this transaction ends; it is inserted as
        ``row`` when it is not there.

        Raise ``OperationalError`` when another transaction does not free the row in time.
        """
        key = key_picker(table)(row)
        if (table, key) not in self._locked:
            if key in self._dirty[table]:
                self.flush()
            dialect = self.connection.dialect
            if self._locked and dialect.name == "postgresql":
                # Another replica may lock the same rows in another order: rather than to wait for
                # each other, one of them begins again.
                wait_for_locks(self.connection, FURTHER_LOCK_MS)
            statement = lock_of(table, dialect)
            found = self.connection.exec_driver_sql(statement.sql, statement.one(row)).one()
            names = table.columns.keys()
            self._rows[table][key] = dict(zip(names, found, strict=True))
            self._locked.add((table, key))
            self.changes += 1
        held = self._rows[table][key]
        return row if held is None else held

    def absent(self, table: Table, *key: Any) -> None:
        """Note that there is no row with this primary key, which saves a query."""
        self._rows[table].setdefault(key, None)

    def prefetch(self, table: Table, stream_ids: Iterable[str]) -> None:
        """Read the rows of many streams at once; the stream is the first column of the table's
        primary key.
        """
        whole = self._whole[table]
        fresh = [each for each in dict.fromkeys(stream_ids) if each not in whole]
        if not fresh:
            return
        whole.update(fresh)
        rows, dirty, pick = self._rows[table], self._dirty[table], key_picker(table)
        statement, names = fetch_of(table, self.connection.dialect), table.columns.keys()
        for found in statement.rows(self.connection, fresh):
            row = dict(zip(names, found, strict=True))
            key = pick(row)
            if key not in dirty:
                rows[key] = row

    def query(self, statement: Select[Any]) -> Result[Any]:
        """Run a select that sees what this transaction has put so far."""
        self.flush()
        return self.connection.execute(statement)

    def flush(self) -> None:
        """Write everything put so far."""
        dialect = self.connection.dialect
        for table, rows in self._added.items():
            insert_of(table, dialect).run(self.connection, rows)
        self._added.clear()
        for table, keys in self._dirty.items():
            held = self._rows[table]
            puts = [row for key in keys if (row := held[key]) is not None]
            gone = [key for key in keys if held[key] is None]
            upsert_of(table, dialect).run(self.connection, puts)
            if gone:
                names = key_names(table)
                doomed = [dict(zip(names, key, strict=True)) for key in gone]
                delete_of(table, dialect).run(self.connection, doomed)
        self._dirty.clear()
