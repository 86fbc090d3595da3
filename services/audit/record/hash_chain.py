"""Verifies a store by its hash chains and by the log (tamper evidence). Pure.

The chain of a partition is recalculated from the stored bytes. After a break it goes on from the
link that is stored, so that each further break is found too and the first one is where to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types

from kernel.base.instants import to_us
from kernel.eventsourcing.record import Record
from services.audit.record.findings import Findings, subject_of
from services.audit.record.recorder import FIRST_LINK, link
from services.audit.record.stored_event import StoredEvent, decoded, subject_of_row

STEP: Final = 500


class Leaves(Protocol):
    """Compares the leaves of a partition's tree."""

    def add(self, row: StoredEvent | None, record: Record | None, *, reported: bool) -> None:
        """Compare the leaf of a place with what stands there."""
        ...


class ChainVerification:
    """Recalculates chains, and adds what it finds to ``findings``."""

    def __init__(
        self,
        findings: Findings,
        proves: Callable[[Record, str], bool] = lambda _record, _source: True,
    ) -> None:
        """``proves`` returns whether a record was written by the source of this name."""
        self.events = 0
        self.repeats = 0
        self.conflicts = 0
        self.broken = 0
        self.heads: list[pb.ChainHead] = []
        self._findings = findings
        self._proves = proves

    def partition(
        self,
        partition: int,
        stored: Iterator[StoredEvent],
        logged: Iterator[Record] | None,
        explained: Callable[[Record], str],
        leaves: Leaves,
    ) -> Iterator[int]:
        """Recalculate a partition's chain, and compare it with the log where that is given; hand
        each place on to ``leaves``.

        Yield the progress in rows. ``explained`` returns why the store lacks a record: it is a
        ``repeat``, ``quarantined``, or ``conflicting`` with a stored one; or "".
        """
        previous, last, count = FIRST_LINK, -1, 0
        for row, record in _aligned(stored, logged):
            if row is None:
                self._only_logged(record, explained)
                leaves.add(None, record, reported=False)
                continue
            if logged is not None and record is None:
                self._find(types.FINDING_KIND_MISSING_IN_LOG, row, row.body)
                self._findings.miss((row.stream_kind, row.stream_id, row.source, row.sequence))
            if record is not None and not self._proves(record, row.source):
                self._find(types.FINDING_KIND_UNAUTHENTICATED, row, row.body)
            leaves.add(row, record, reported=self._link(row, previous, record))
            previous, last, count = row.hash, row.offset, count + 1
            if count % STEP == 0:
                yield STEP
        self.events += count
        if count:
            self.heads.append(
                pb.ChainHead(partition=partition, offset=last, events=count, hash=previous)
            )
        yield count % STEP

    def kept_heads(self, kept: Iterable[pb.ChainHead]) -> None:
        """Compare the heads that the store keeps with those that were recalculated."""
        proven = {head.partition: head for head in self.heads}
        for head in kept:
            if proven.pop(head.partition, None) != head:
                self._wrong_head(head)
        for head in proven.values():
            self._wrong_head(head)

    def anchors(
        self, anchors: Iterable[pb.ChainHead], links: Mapping[tuple[int, int], bytes]
    ) -> None:
        """Check that heads noted earlier are still links; ``links`` are those stored there."""
        for anchor in anchors:
            place = (anchor.partition, anchor.offset)
            if links.get(place) != anchor.hash:
                kind = types.FINDING_KIND_ANCHOR_LOST
                self._findings.add(kind, place, content=anchor.hash)

    def conflicting(self, record: Record) -> None:
        """Note a record that has the number of another event, which is stored."""
        self.conflicts += 1
        subject = subject_of(decoded(record.value))
        place = record.partition, record.offset
        self._findings.add(types.FINDING_KIND_CONFLICTING, place, subject, record.value or b"")

    def _wrong_head(self, head: pb.ChainHead) -> None:
        place = head.partition, head.offset
        self._findings.add(types.FINDING_KIND_WRONG_HEAD, place, content=head.hash)

    def _link(self, row: StoredEvent, previous: bytes, record: Record | None) -> bool:
        """Add what is wrong with a row's bytes or link, and return whether anything is."""
        differs = record is not None and record.value != row.body
        broken = link(previous, row.body) != row.hash
        if differs:
            logged = (record.value if record else None) or b""
            self._find(types.FINDING_KIND_DIFFERENT_BYTES, row, row.body + logged)
        if broken:
            self._find(types.FINDING_KIND_BROKEN_HASH, row, row.body + row.hash)
        elif not _columns_true(row):
            self._find(types.FINDING_KIND_WRONG_COLUMN, row, repr(row[4:]).encode())
        self.broken += broken or differs
        return broken or differs

    def _only_logged(self, record: Record | None, explained: Callable[[Record], str]) -> None:
        if record is None:
            return
        reason = explained(record)
        if reason == "repeat":
            self.repeats += 1
        elif reason == "conflicting":
            self.conflicting(record)
        elif not reason:
            event = decoded(record.value)
            place = record.partition, record.offset
            kind = types.FINDING_KIND_MISSING_IN_STORE
            self._findings.add(kind, place, subject_of(event), record.value or b"")
            self._findings.miss(
                (event.stream_kind, event.stream_id, event.source, event.sequence)
                if event is not None
                else None
            )

    def _find(self, kind: types.FindingKind, row: StoredEvent, content: bytes) -> None:
        self._findings.add(kind, (row.partition, row.offset), subject_of_row(row), content)


def _columns_true(row: StoredEvent) -> bool:
    event = decoded(row.body)
    return event is not None and row[4:] == (
        event.stream_id,
        event.stream_kind,
        event.source,
        event.sequence,
        event.event_id,
        to_us(event.occurred_at),
        to_us(event.recorded_at),
    )


def _aligned(
    stored: Iterator[StoredEvent], logged: Iterator[Record] | None
) -> Iterator[tuple[StoredEvent | None, Record | None]]:
    """Pair rows and records that stand at the same offset, in order of the offsets."""
    row = next(stored, None)
    record = None if logged is None else next(logged, None)
    while row is not None or record is not None:
        if record is None or (row is not None and row.offset < record.offset):
            yield row, None
            row = next(stored, None)
        elif row is None or record.offset < row.offset:
            yield None, record
            record = next(logged, None) if logged is not None else None
        else:
            yield row, record
            row = next(stored, None)
            record = next(logged, None) if logged is not None else None
