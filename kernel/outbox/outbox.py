"""The transactional outbox: rows that wait for publication, which are next, and their outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Engine, bindparam, delete, func, select, tuple_, update

from kernel.base.instants import SECOND
from kernel.eventsourcing.envelope import Stream
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork

ROUND = 1_000
"""Rows that are sent before their acknowledgements are waited for."""


class Waiting(NamedTuple):
    """One event that is committed and not published."""

    id: int
    stream_id: str
    stream_kind: str
    sequence: int
    event_id: str
    type: str
    occurred_at: int
    trace: str
    body: bytes
    batch: bytes = b""

    @property
    def stream(self) -> Stream:
        """Return the stream that the event belongs to."""
        return self.stream_kind, self.stream_id


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How many events wait, for how long, and how many can't be published."""

    size: int
    age_seconds: float
    quarantined: int


@dataclass(frozen=True)
class Outbox:
    """One service's outbox. It is asked for what is unsent, never for "ids after the last": ids are
    given before their transactions commit, so a low one may appear late.
    """

    model: Model
    reads: Engine

    def next(self) -> list[Waiting]:
        """Return rows to send, oldest first, each stream's in the order of its sequence.

        A stream with a quarantined row waits as a whole.
        """
        table = self.model.tables.outbox
        quarantined = select(table.c.stream_id, table.c.stream_kind).where(
            table.c.quarantine_reason.is_not(None)
        )
        stream = tuple_(table.c.stream_id, table.c.stream_kind)
        chosen = (
            select(*(table.c[name] for name in Waiting._fields))
            .where(table.c.quarantine_reason.is_(None), stream.not_in(quarantined))
            .order_by(table.c.id)
            .limit(ROUND)
        )
        with self.reads.connect() as connection:
            rows = [Waiting(*found) for found in connection.execute(chosen)]
        return in_sequence(rows)

    def sent(self, uow: UnitOfWork, rows: Sequence[Waiting]) -> None:
        """Forget rows that the broker has acknowledged.

        The event's id is compared too: SQLite gives the id of a deleted row to a new one.
        """
        if rows:
            table = self.model.tables.outbox
            gone = delete(table).where(
                table.c.id == bindparam("row"), table.c.event_id == bindparam("event")
            )
            uow.connection.execute(gone, [{"row": r.id, "event": r.event_id} for r in rows])

    def quarantine(self, uow: UnitOfWork, row: Waiting, reason: str) -> None:
        """Set a row aside: its stream stops, the others flow."""
        table = self.model.tables.outbox
        same = (table.c.id == row.id) & (table.c.event_id == row.event_id)
        uow.connection.execute(update(table).where(same).values(quarantine_reason=reason))

    def release(self, uow: UnitOfWork, stream_id: str) -> int:
        """Have rows in quarantine sent again, those of a stream or all; return how many."""
        table = self.model.tables.outbox
        aside = update(table).where(table.c.quarantine_reason.is_not(None))
        if stream_id:
            aside = aside.where(table.c.stream_id == stream_id)
        return uow.connection.execute(aside.values(quarantine_reason=None)).rowcount

    def status(self, now: int) -> OutboxStatus:
        """Return how many rows wait, and how old the oldest is; ``now`` is real time."""
        with self.reads.connect() as connection:
            return self._status(connection, now)

    def _status(self, connection: Connection, now: int) -> OutboxStatus:
        table = self.model.tables.outbox
        size, oldest, quarantined = connection.execute(
            select(
                func.count(), func.min(table.c.enqueued_at), func.count(table.c.quarantine_reason)
            )
        ).one()
        return OutboxStatus(size, max(0, now - oldest) / SECOND if size else 0.0, quarantined)


def in_sequence(rows: Sequence[Waiting]) -> list[Waiting]:
    """Keep the streams' places, and put each stream's events in order on its own places."""
    by_stream: dict[Stream, list[Waiting]] = {}
    for row in rows:
        by_stream.setdefault(row.stream, []).append(row)
    for run in by_stream.values():
        run.sort(key=lambda row: row.sequence, reverse=True)
    return [by_stream[row.stream].pop() for row in rows]
