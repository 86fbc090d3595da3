"""Verifies the hash chains of the audit store against the log, and reports what does not agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from motcua.audit.v1 import audit_pb2 as pb
from sqlalchemy import Connection, Engine, and_, or_, select

from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.record import Record
from services.audit.record.hash_chain import (
    ChainVerification,
    Identity,
    SequenceRow,
    StoredEvent,
    decoded,
)
from services.audit.state.as_of import streamed
from services.audit.tables import CHAINS, KERNEL, LOG

ReadPartition = Callable[[int, int], Iterator[Record]]
"""Yields the records of a partition from its beginning to before an offset."""
OpenLog = Callable[[], AbstractContextManager[ReadPartition]]
"""Opens the log for reading; raises ``Unavailable`` when no broker answers."""
PROGRESS_SECONDS: Final = 1.0


class LogVerifier:
    """Runs verifications; each run reads by itself and holds a few rows at a time."""

    def __init__(
        self, engine: Engine, open_log: OpenLog, authenticator: Authenticator | None = None
    ) -> None:
        """Records of the log are checked by ``authenticator``, if there is one."""
        self._engine = engine
        self._open_log = open_log
        self._proves = {} if authenticator is None else {"proves": authenticator.proves}

    def run(
        self, *, store_only: bool = False, anchors: Sequence[pb.ChainHead] = ()
    ) -> Generator[pb.VerifyResponse, None, None]:
        """Yield progress about once a second, and in the last message the result."""
        with self._snapshot() as connection, self._engine.connect() as other:
            ends = _ends(connection)
            heads = _heads(connection)
            verification = ChainVerification(_quarantined(connection), **self._proves)
            total = sum(head.events for head in heads)
            partitions = sorted({*ends, *(head.partition for head in heads)})
            if store_only:
                steps = _chains(verification, connection, other, partitions, None, ends)
                yield from _timed("store", total, steps)
            else:
                with self._open_log() as read:
                    steps = _chains(verification, connection, other, partitions, read, ends)
                    yield from _timed("log", total, steps)
            yield from _timed(
                "sequences", total, verification.sequences(_numbered(connection, ends))
            )
            verification.kept_heads(heads)
            verification.anchors(anchors, _links(connection, anchors))
        yield pb.VerifyResponse(result=verification.result(log_read=not store_only))

    def _snapshot(self) -> Connection:
        """Open a connection whose reads all see the same state; SQLite's do so by themselves."""
        connection = self._engine.connect()
        if connection.dialect.name == "postgresql":
            return connection.execution_options(isolation_level="REPEATABLE READ")
        return connection


def _chains(
    verification: ChainVerification,
    connection: Connection,
    other: Connection,
    partitions: Iterable[int],
    read: ReadPartition | None,
    ends: dict[int, int],
) -> Iterator[int]:
    for partition in partitions:
        end = ends.get(partition, 0)
        logged = None if read is None else read(partition, end)
        stored = _stored(connection, partition, end)
        yield from verification.partition(
            partition, stored, logged, lambda record: _reason(other, record)
        )


def _timed(phase: str, total: int, steps: Iterator[int]) -> Iterator[pb.VerifyResponse]:
    done, last = 0, time.monotonic()
    for step in steps:
        done += step
        if time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            progress = pb.VerifyProgress(phase=phase, done=done, total=total)
            yield pb.VerifyResponse(progress=progress)


# -- reads of the store ---------------------------------------------------------------------------


def _ends(connection: Connection) -> dict[int, int]:
    """Return the offset before which each partition was read; later records are left out."""
    positions = KERNEL.positions.c
    return {
        row.partition: row.position
        for row in connection.execute(select(positions.partition, positions.position))
    }


def _heads(connection: Connection) -> list[pb.ChainHead]:
    rows = connection.execute(select(CHAINS).order_by(CHAINS.c.partition)).all()
    return [
        pb.ChainHead(partition=r.partition, offset=r.offset, events=r.events, hash=r.hash)
        for r in rows
    ]


def _stored(connection: Connection, partition: int, end: int) -> Iterator[StoredEvent]:
    columns = [LOG.c[name] for name in StoredEvent._fields]
    statement = select(*columns).where(LOG.c.partition == partition, LOG.c.offset < end)
    return map(StoredEvent._make, streamed(connection, statement.order_by(LOG.c.offset)))


def _numbered(connection: Connection, ends: dict[int, int]) -> Iterator[SequenceRow]:
    columns = [LOG.c[name] for name in SequenceRow._fields]
    statement = select(*columns).order_by(
        LOG.c.stream_kind, LOG.c.stream_id, LOG.c.partition, LOG.c.offset
    )
    for row in streamed(connection, statement):
        if row.offset < ends.get(row.partition, 0):
            yield SequenceRow._make(row)


def _quarantined(connection: Connection) -> list[Identity]:
    table = KERNEL.quarantine.c
    statement = select(table.stream_kind, table.stream_id, table.source, table.sequence)
    return [
        (kind, stream_id, source, number)
        for kind, stream_id, source, number in connection.execute(statement)
    ]


def _links(connection: Connection, anchors: Sequence[pb.ChainHead]) -> dict[tuple[int, int], bytes]:
    if not anchors:
        return {}
    places = [and_(LOG.c.partition == a.partition, LOG.c.offset == a.offset) for a in anchors]
    statement = select(LOG.c.partition, LOG.c.offset, LOG.c.hash).where(or_(*places))
    return {(p, o): bytes(found) for p, o, found in connection.execute(statement)}


def _reason(connection: Connection, record: Record) -> str:
    """Return why the store rightly lacks a record: a repeat, or quarantined; else ""."""
    table = KERNEL.quarantine.c
    here: Any = and_(table.partition == record.partition, table.offset == record.offset)
    if connection.execute(select(table.offset).where(here)).first() is not None:
        return "quarantined"
    event = decoded(record.value)
    if event is None:
        return ""
    same = select(LOG.c.body).where(
        LOG.c.stream_id == event.stream_id,
        LOG.c.stream_kind == event.stream_kind,
        LOG.c.source == event.source,
        LOG.c.sequence == event.sequence,
    )
    bodies = connection.execute(same).scalars().all()
    return "repeat" if record.value in bodies else ""
