"""Verifies the hash chains of the audit store against the log, and reports what does not agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, Engine, and_, or_, select

from kernel.base.instants import to_us
from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.envelope import Stream
from kernel.eventsourcing.record import Record
from kernel.ledger.checkpoint import Checkpoint
from kernel.rebuild.postgresql_place import no_rebuild
from kernel.storage.engines import as_of_one_moment
from office.streams import DOSSIER
from services.audit.ledger import signing, tree
from services.audit.ledger.verification import TreeVerification
from services.audit.record.acknowledgements import acknowledged
from services.audit.record.findings import Findings
from services.audit.record.hash_chain import ChainVerification
from services.audit.record.sequences import NumberedEvent, SequenceVerification
from services.audit.record.stored_event import StoredEvent, decoded
from services.audit.state.as_of import streamed
from services.audit.tables import CHAINS, KERNEL, LOG


class LogReading(Protocol):
    """The log, open for reading."""

    def read(self, partition: int, end: int) -> Iterator[Record]:
        """Yield the records of a partition from its beginning to before an offset."""
        ...

    def ends(self) -> dict[int, int]:
        """Return for each partition the offset that its next record will get."""
        ...


HeadsOf = Callable[[Connection], Iterable[tuple[int, Checkpoint]]]
"""Returns checkpoints, each with the partition whose tree it is about."""
OpenLog = Callable[[], AbstractContextManager[LogReading]]
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
        self._found: dict[str, pb.Finding] = {}

    def finding(self, finding_id: str) -> pb.Finding | None:
        """Return a finding that a verification of this process has listed."""
        return self._found.get(finding_id)

    def run(
        self,
        *,
        store_only: bool = False,
        anchors: Sequence[pb.ChainHead] = (),
        heads_of: HeadsOf = lambda _connection: (),
    ) -> Generator[pb.VerifyResponse, None, None]:
        """Yield progress about once a second, and in the last message the result; raise
        ``Unavailable`` while the store is being rebuilt. The trees are compared with the
        checkpoints that ``heads_of`` reads, beside those that are kept.
        """
        with (
            no_rebuild(self._engine),
            self._snapshot() as connection,
            self._snapshot() as other,
        ):
            ends, heads = _ends(connection), _heads(connection)
            findings = Findings(acknowledged(connection))
            chains, sequences = (
                ChainVerification(findings, **self._proves),
                SequenceVerification(findings),
            )
            total = sum(head.events for head in heads)
            unread = 0
            kept = {(signed.partition, signed.checkpoint) for signed in signing.kept(connection)}
            histories = kept, set(heads_of(connection)) - kept
            trees = _Trees(findings, connection, other, histories, log_read=not store_only)
            partitions = sorted({*ends, *(head.partition for head in heads), *trees.partitions})
            if store_only:
                steps = _chains(chains, trees, connection, other, partitions, None, ends)
                yield from _timed("store", total, steps)
            else:
                with self._open_log() as log:
                    unread = sum(max(0, end - ends.get(p, 0)) for p, end in log.ends().items())
                    steps = _chains(chains, trees, connection, other, partitions, log, ends)
                    yield from _timed("log", total, steps)
            quarantined = _quarantined(connection, ends)
            for record, event in quarantined:
                if event is not None and _conflicts(connection, record, event):
                    chains.conflicting(record)
            counted = _DossierCount()
            numbers = sequences.run(counted.of(_numbered(connection, ends)), _waiting(quarantined))
            yield from _timed("sequences", total, numbers)
            chains.kept_heads(heads)
            chains.anchors(anchors, _links(connection, anchors))
        result = pb.VerifyResult(
            events=chains.events,
            dossiers=counted.dossiers,
            gaps=findings.missing,
            duplicates=sequences.duplicates,
            broken_hashes=chains.broken,
            ok=not findings.open,
            findings=findings.listed(),
            repeats=chains.repeats,
            quarantined=len(quarantined),
            heads=chains.heads,
            log_read=not store_only,
            late=findings.late,
            conflicts=chains.conflicts,
            open=findings.open,
            acknowledged=findings.acknowledged,
            unread=unread,
            checkpoints=trees.agreed,
        )
        self._found |= {found.finding_id: found for found in result.findings}
        yield pb.VerifyResponse(result=result)

    def _snapshot(self) -> Connection:
        """Open a connection whose reads all see the same state, for as long as they take."""
        return as_of_one_moment(self._engine.connect())


class _DossierCount:
    """Counts the dossiers among rows that come by stream."""

    def __init__(self) -> None:
        self.dossiers = 0
        self._last: Stream | None = None

    def of(self, rows: Iterable[NumberedEvent]) -> Iterator[NumberedEvent]:
        """Yield the rows as they come."""
        for row in rows:
            if row.stream != self._last:
                self._last = row.stream
                self.dossiers += row.stream_kind == DOSSIER
            yield row


class _Trees:
    """Verifies the trees of all partitions."""

    def __init__(
        self,
        findings: Findings,
        connection: Connection,
        other: Connection,
        histories: Iterable[Iterable[tuple[int, Checkpoint]]],
        *,
        log_read: bool,
    ) -> None:
        """``other`` is a second connection, for what is read while rows of the first one come."""
        self.agreed = 0
        self._findings = findings
        self._other = other
        self._histories = [list(heads) for heads in histories]
        self._log_read = log_read
        self._sizes = tree.sizes(connection)
        self.partitions = {
            *self._sizes,
            *(partition for heads in self._histories for partition, _ in heads),
        }

    def of(self, partition: int) -> TreeVerification:
        """Begin with a partition's tree."""
        return TreeVerification(
            self._findings,
            partition,
            self._sizes.get(partition, 0),
            tree.tiles_of(self._other, partition),
            [[head for p, head in heads if p == partition] for heads in self._histories],
            log_read=self._log_read,
        )

    def end(self, verification: TreeVerification) -> None:
        """End with a partition's tree."""
        verification.finish()
        self.agreed += verification.agreed


def _chains(
    verification: ChainVerification,
    trees: _Trees,
    connection: Connection,
    other: Connection,
    partitions: Iterable[int],
    log: LogReading | None,
    ends: dict[int, int],
) -> Iterator[int]:
    for partition in partitions:
        end = ends.get(partition, 0)
        logged = None if log is None else log.read(partition, end)
        stored, leaves = _stored(connection, partition, end), trees.of(partition)
        yield from verification.partition(
            partition, stored, logged, lambda record: _reason(other, record), leaves
        )
        trees.end(leaves)


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


def _numbered(connection: Connection, ends: dict[int, int]) -> Iterator[NumberedEvent]:
    columns = [LOG.c[name] for name in NumberedEvent._fields if name != "stored"]
    statement = select(*columns).order_by(
        LOG.c.stream_kind, LOG.c.stream_id, LOG.c.partition, LOG.c.offset
    )
    for row in streamed(connection, statement):
        if row.offset < ends.get(row.partition, 0):
            yield NumberedEvent._make((*row, True))


def _quarantined(connection: Connection, ends: dict[int, int]) -> list[tuple[Record, Event | None]]:
    """Return the records that are quarantined, also those that were given up, in the log's order;
    with the event of those that stand for one.
    """
    table = KERNEL.quarantine.c
    statement = select(table.partition, table.offset, table.key, table.value).order_by(
        table.partition, table.offset
    )
    found = []
    for partition, offset, key, value in connection.execute(statement):
        if offset < ends.get(partition, 0):
            record, event = Record(partition, offset, key, value, []), decoded(value)
            fits = event is not None and key == event.stream_id.encode()
            found.append((record, event if fits else None))
    return found


def _waiting(
    quarantined: Iterable[tuple[Record, Event | None]],
) -> dict[Stream, list[NumberedEvent]]:
    waiting: dict[Stream, list[NumberedEvent]] = {}
    for record, event in quarantined:
        if event is not None:
            row = NumberedEvent(
                event.stream_id,
                event.stream_kind,
                event.source,
                event.sequence,
                record.partition,
                record.offset,
                event.event_id,
                to_us(event.occurred_at),
                stored=False,
            )
            waiting.setdefault(row.stream, []).append(row)
    return waiting


def _bodies(connection: Connection, event: Event) -> list[bytes]:
    """Return the stored bytes at an event's number in its stream."""
    same = select(LOG.c.body).where(
        LOG.c.stream_id == event.stream_id,
        LOG.c.stream_kind == event.stream_kind,
        LOG.c.source == event.source,
        LOG.c.sequence == event.sequence,
    )
    return [bytes(body) for body in connection.execute(same).scalars()]


def _conflicts(connection: Connection, record: Record, event: Event) -> bool:
    bodies = _bodies(connection, event)
    return bool(bodies) and record.value not in bodies


def _links(connection: Connection, anchors: Sequence[pb.ChainHead]) -> dict[tuple[int, int], bytes]:
    if not anchors:
        return {}
    places = [and_(LOG.c.partition == a.partition, LOG.c.offset == a.offset) for a in anchors]
    statement = select(LOG.c.partition, LOG.c.offset, LOG.c.hash).where(or_(*places))
    return {(p, o): bytes(found) for p, o, found in connection.execute(statement)}


def _reason(connection: Connection, record: Record) -> str:
    """Return why the store lacks a record: it is quarantined, a repeat of what is stored or was
    given up, or conflicts with what is stored; else "".
    """
    table = KERNEL.quarantine.c
    here: Any = and_(table.partition == record.partition, table.offset == record.offset)
    if connection.execute(select(table.offset).where(here)).first() is not None:
        return "quarantined"
    event = decoded(record.value)
    if event is None:
        return ""
    bodies = _bodies(connection, event)
    given_up = select(table.value).where(table.stream_id == event.stream_id)
    if record.value in bodies or record.value in connection.execute(given_up).scalars().all():
        return "repeat"
    return "conflicting" if bodies else ""
