"""Where a service has read to: one row per partition, moved only by compare-and-set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sqlalchemy import Connection, Dialect, Table, bindparam, select, update

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.compiled_statements import Statement
from kernel.storage.kernel_tables import KernelTables


class Fenced(Exception):
    """Another worker has moved a position; what this one holds is old and must be thrown away."""


def load(connection: Connection, tables: KernelTables) -> dict[int, int]:
    """Return the next offset to be read of each partition that has been begun."""
    table = tables.positions
    found = connection.execute(select(table.c.partition, table.c.position))
    return {int(partition): int(position) for partition, position in found}


def begin(uow: UnitOfWork, partitions: Iterable[int]) -> dict[int, int]:
    """Make the missing rows at 0 and give the positions of all these partitions."""
    known = load(uow.connection, uow.model.tables)
    for partition in sorted(partitions):
        if partition not in known:
            uow.add(uow.model.tables.positions, {"partition": partition, "position": 0})
            known[partition] = 0
    return known


def advance(uow: UnitOfWork, expected: Mapping[int, int], target: Mapping[int, int]) -> None:
    """Move positions, or raise ``Fenced`` when one is not where it was expected.

    Done first in a transaction and in the order of partitions: a second worker waits at the row's
    lock and then loses, and two can't lock each other out.
    """
    statement = _move(uow.model.tables.positions, uow.connection.dialect)
    for partition in sorted(target):
        row = {"to": target[partition], "at": partition, "prev": expected[partition]}
        moved = uow.connection.exec_driver_sql(statement.sql, statement.one(row))
        if moved.rowcount != 1:
            raise Fenced(f"partition {partition} is not at {expected[partition]}")


@lru_cache(maxsize=64)
def _move(table: Table, dialect: Dialect) -> Statement:
    return Statement(
        update(table)
        .where(table.c.partition == bindparam("at"), table.c.position == bindparam("prev"))
        .values(position=bindparam("to")),
        dialect,
    )
