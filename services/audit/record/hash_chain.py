"""Verifies a store by its hash chains and by the log (tamper evidence). Pure.

The chain of a partition is recalculated from the stored bytes. After a break it goes on from the
link that is stored, so that each further break is found too and the first one is where to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import Stream, stream_of
from kernel.eventsourcing.record import Record
from office.streams import DOSSIER
from services.audit.record.recorder import FIRST_LINK, link

Identity = tuple[str, str, str, int]
"""The kind and the id of a stream, a source and a sequence number: the name of an event."""
NO_STREAM: Final[Stream] = "", ""
"""The stream of bytes that are no event."""
FINDINGS: Final = 20
"""Findings kept for each partition; all are counted."""
NAMED: Final = 100_000
"""Missing events kept by name, so that none is counted twice; beyond, they are only counted."""
STEP: Final = 500


class StoredEvent(NamedTuple):
    """A row of the store."""

    partition: int
    offset: int
    body: bytes
    hash: bytes
    stream_id: str
    stream_kind: str
    source: str
    sequence: int
    event_id: str
    occurred_at: int


class SequenceRow(NamedTuple):
    """The numbers of a row of the store."""

    stream_id: str
    stream_kind: str
    source: str
    sequence: int
    partition: int
    offset: int


class ChainVerification:
    """Collects findings; ``quarantined`` names events that are, or were given up, in quarantine."""

    def __init__(
        self,
        quarantined: Iterable[Identity] = (),
        proves: Callable[[Record, str], bool] = lambda _record, _source: True,
    ) -> None:
        """``proves`` returns whether a record was written by the source of this name."""
        self.events = 0
        self.dossiers = 0
        self.duplicates = 0
        self.repeats = 0
        self.quarantined = 0
        self.heads: list[pb.ChainHead] = []
        self._quarantined = frozenset(quarantined)
        self._proves = proves
        self._faults = 0
        self._findings: dict[int, list[pb.Finding]] = {}
        self._missing: set[Identity] = set()
        self._unnamed = 0
        self._broken = 0

    @property
    def gaps(self) -> int:
        """Count the events that are missing somewhere."""
        return len(self._missing) + self._unnamed

    def result(self, *, log_read: bool) -> pb.VerifyResult:
        """Return the result of the verification."""
        found = sorted(
            (finding for group in self._findings.values() for finding in group),
            key=lambda f: (f.partition, f.offset, f.kind),
        )
        return pb.VerifyResult(
            events=self.events,
            dossiers=self.dossiers,
            gaps=self.gaps,
            duplicates=self.duplicates,
            broken_hashes=self._broken,
            ok=not self._faults,
            findings=found,
            repeats=self.repeats,
            quarantined=self.quarantined,
            heads=self.heads,
            log_read=log_read,
        )

    # -- chains -----------------------------------------------------------------------------------

    def partition(
        self,
        partition: int,
        stored: Iterator[StoredEvent],
        logged: Iterator[Record] | None,
        explained: Callable[[Record], str],
    ) -> Iterator[int]:
        """Recalculate a partition's chain, and compare it with the log where that is given.

        Yield the progress in rows. ``explained`` returns why the store rightly lacks a record:
        ``repeat`` or ``quarantined``; or "".
        """
        previous, last, count = FIRST_LINK, -1, 0
        for row, record in _aligned(stored, logged):
            if row is None:
                self._only_logged(record, explained)
                continue
            if logged is not None and record is None:
                self._find(pb.FINDING_KIND_MISSING_IN_LOG, row)
                self._miss((row.stream_kind, row.stream_id, row.source, row.sequence))
            if record is not None and not self._proves(record, row.source):
                self._find(pb.FINDING_KIND_UNAUTHENTICATED, row)
            self._link(row, previous, record)
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
                self._find_at(pb.FINDING_KIND_WRONG_HEAD, head.partition, head.offset)
        for head in proven.values():
            self._find_at(pb.FINDING_KIND_WRONG_HEAD, head.partition, head.offset)

    def anchors(
        self, anchors: Iterable[pb.ChainHead], links: Mapping[tuple[int, int], bytes]
    ) -> None:
        """Check that heads noted earlier are still links; ``links`` are those stored there."""
        for anchor in anchors:
            place = (anchor.partition, anchor.offset)
            if links.get(place) != anchor.hash:
                self._find_at(pb.FINDING_KIND_ANCHOR_LOST, *place)

    def _link(self, row: StoredEvent, previous: bytes, record: Record | None) -> None:
        differs = record is not None and record.value != row.body
        broken = link(previous, row.body) != row.hash
        if differs:
            self._find(pb.FINDING_KIND_DIFFERENT_BYTES, row)
        if broken:
            self._find(pb.FINDING_KIND_BROKEN_HASH, row)
        elif not _columns_true(row):
            self._find(pb.FINDING_KIND_WRONG_COLUMN, row)
        self._broken += broken or differs

    def _only_logged(self, record: Record | None, explained: Callable[[Record], str]) -> None:
        if record is None:
            return
        reason = explained(record)
        if reason == "repeat":
            self.repeats += 1
        elif reason:
            self.quarantined += 1
        else:
            event = decoded(record.value)
            stream, event_id = NO_STREAM, ""
            name: Identity | None = None
            if event is not None:
                stream, event_id = stream_of(event), event.event_id
                name = (*stream, event.source, event.sequence)
            kind = pb.FINDING_KIND_MISSING_IN_STORE
            self._find_at(kind, record.partition, record.offset, stream, event_id)
            self._miss(name)

    # -- sequences --------------------------------------------------------------------------------

    def sequences(self, rows: Iterable[SequenceRow]) -> Iterator[int]:
        """Find gaps and repeats in the streams; rows by stream, then in the log's order."""
        done = 0
        for stream, group in groupby(rows, key=lambda row: (row.stream_kind, row.stream_id)):
            self.dossiers += stream[0] == DOSSIER
            for row in self._numbers(stream, group):
                done += row
                if done >= STEP:
                    yield done
                    done = 0
        yield done

    def _numbers(self, stream: Stream, rows: Iterable[SequenceRow]) -> Iterator[int]:
        seen: dict[str, set[int]] = {}
        last: dict[str, int] = {}
        for row in rows:
            numbers, before = seen.setdefault(row.source, set()), last.get(row.source, 0)
            if row.sequence in numbers:
                self.duplicates += 1
                self._find_numbered(pb.FINDING_KIND_DUPLICATE, row)
            elif row.sequence != before + 1:
                self._jump(stream, row, before)
            numbers.add(row.sequence)
            last[row.source] = max(before, row.sequence)
            yield 1

    def _jump(self, stream: Stream, row: SequenceRow, before: int) -> None:
        upto = min(row.sequence, before + STEP)
        missing = [(*stream, row.source, number) for number in range(before + 1, upto)]
        unexplained = [name for name in missing if name not in self._quarantined]
        if unexplained or row.sequence <= before:
            self._find_numbered(pb.FINDING_KIND_GAP, row)
        for name in unexplained:
            self._miss(name)

    # -- what is found ----------------------------------------------------------------------------

    def _miss(self, name: Identity | None) -> None:
        if name is not None and len(self._missing) < NAMED:
            self._missing.add(name)
        elif name not in self._missing:
            self._unnamed += 1

    def _find(self, kind: pb.FindingKind, row: StoredEvent) -> None:
        stream = row.stream_kind, row.stream_id
        self._find_at(kind, row.partition, row.offset, stream, row.event_id)

    def _find_numbered(self, kind: pb.FindingKind, row: SequenceRow) -> None:
        self._find_at(kind, row.partition, row.offset, (row.stream_kind, row.stream_id))

    def _find_at(
        self,
        kind: pb.FindingKind,
        partition: int,
        offset: int,
        stream: Stream = NO_STREAM,
        event_id: str = "",
    ) -> None:
        self._faults += 1
        found = self._findings.setdefault(partition, [])
        if len(found) < FINDINGS:
            found.append(
                pb.Finding(
                    kind=kind,
                    partition=partition,
                    offset=offset,
                    stream_kind=stream[0],
                    stream_id=stream[1],
                    event_id=event_id,
                )
            )


def decoded(body: bytes | None) -> Event | None:
    """Return the event in some bytes; None when there is none."""
    try:
        event = Event.FromString(body or b"")
    except DecodeError:
        return None
    return event if event.event_id else None


def _columns_true(row: StoredEvent) -> bool:
    event = decoded(row.body)
    return event is not None and row[4:] == (
        event.stream_id,
        event.stream_kind,
        event.source,
        event.sequence,
        event.event_id,
        to_us(event.occurred_at),
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
