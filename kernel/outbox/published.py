"""The last record of each partition that the broker has acknowledged to a service: it knows by them
that a log which ends before has lost some.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from kernel.eventsourcing.record import Mark, Record, record_digest
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.outbox.outbox import Waiting
from kernel.storage.kernel_tables import KernelTables


class Sent(NamedTuple):
    """An event that the broker has acknowledged, and its place; the offset is -1 where the broker
    does not tell it.
    """

    row: Waiting
    partition: int
    offset: int


class LogWentBack(Exception):
    """The broker gave a record a place that another one had: it has another log than before."""


def load(connection: Connection, tables: KernelTables) -> dict[int, Mark]:
    """Return the last acknowledged record of each partition that has one."""
    c = tables.published.c
    found = connection.execute(select(c.partition, c.offset, c.digest))
    return {int(partition): Mark(int(offset), digest) for partition, offset, digest in found}


def note(uow: UnitOfWork, sent: Sequence[Sent]) -> list[Waiting]:
    """Note where the log ends by now, and return the rows that are on that log.

    The others were given places at or before the one noted earlier, which only another log has
    free.
    """
    marks = load(uow.connection, uow.model.tables)
    ahead = [s for s in sent if s.offset < 0 or _is_beyond(s, marks)]
    last = {s.partition: s for s in sorted(ahead, key=lambda s: s.offset) if s.offset >= 0}
    for partition, (row, _, offset) in last.items():
        digest = record_digest(Record(partition, offset, row.stream_id.encode(), row.body, ()))
        found = {"partition": partition, "offset": offset, "digest": digest}
        uow.put(uow.model.tables.published, found)
    return [s.row for s in ahead]


def _is_beyond(sent: Sent, marks: dict[int, Mark]) -> bool:
    return sent.partition not in marks or sent.offset > marks[sent.partition].offset
