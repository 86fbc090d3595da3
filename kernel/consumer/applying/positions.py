"""Where a service has read to: one row per partition, moved only by compare-and-set, with the last
record that was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import Connection, Dialect, LargeBinary, Table, bindparam, func, select, update

from kernel.consumer.applying.batch import Batch
from kernel.eventsourcing.record import Mark, record_digest
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.compiled_statements import Statement
from kernel.storage.kernel_tables import BIG, KernelTables


class Fenced(Exception):
    """Another worker has moved a position; what this one holds is old and must be thrown away."""


def load(connection: Connection, tables: KernelTables) -> dict[int, int]:
    """Return the next offset to be read of each partition that has been begun."""
    table = tables.positions
    found = connection.execute(select(table.c.partition, table.c.position))
    return {int(partition): int(position) for partition, position in found}


def load_marks(connection: Connection, tables: KernelTables) -> dict[int, Mark]:
    """Return the last record that was read of each partition of which one was read."""
    c = tables.positions.c
    found = connection.execute(
        select(c.partition, c.last_offset, c.last_digest).where(c.last_offset.is_not(None))
    )
    return {int(partition): Mark(int(offset), digest) for partition, offset, digest in found}


def begin(uow: UnitOfWork, partitions: Iterable[int]) -> dict[int, int]:
    """Make the missing rows at 0 and give the positions of all these partitions."""
    known = load(uow.connection, uow.model.tables)
    for partition in sorted(partitions):
        if partition not in known:
            row = {"partition": partition, "position": 0, "last_offset": None, "last_digest": None}
            uow.add(uow.model.tables.positions, row)
            known[partition] = 0
    return known


def advance(uow: UnitOfWork, batch: Batch) -> None:
    """Move the positions past a batch, or raise ``Fenced`` when one is not where it was expected.

    Done first in a transaction and in the order of partitions: a second worker waits at the row's
    lock and then loses, and two can't lock each other out.
    """
    statement = _move(uow.model.tables.positions, uow.connection.dialect)
    last = {record.partition: record for record in batch.records}
    for partition in sorted(batch.target):
        record = last.get(partition)  # none where the log has only marks of its own
        row = {
            "to": batch.target[partition],
            "at": partition,
            "prev": batch.expected[partition],
            "offset": None if record is None else record.offset,
            "digest": None if record is None else record_digest(record),
        }
        moved = uow.connection.exec_driver_sql(statement.sql, statement.one(row))
        if moved.rowcount != 1:
            raise Fenced(f"partition {partition} is not at {batch.expected[partition]}")


@lru_cache(maxsize=64)
def _move(table: Table, dialect: Dialect) -> Statement:
    return Statement(
        update(table)
        .where(table.c.partition == bindparam("at"), table.c.position == bindparam("prev"))
        .values(
            position=bindparam("to"),
            last_offset=func.coalesce(bindparam("offset", type_=BIG), table.c.last_offset),
            last_digest=func.coalesce(bindparam("digest", type_=LargeBinary), table.c.last_digest),
        ),
        dialect,
    )
