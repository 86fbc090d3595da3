"""Verifies a partition's tree: by the record, the log and signed checkpoints. Pure.

After a leaf that differs it goes on with the leaf that is stored, so that each further one is found
too, and checkpoints are compared with what the tree says of itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from motcua.audit.v1 import types_pb2 as types

from kernel.eventsourcing.record import Record
from kernel.ledger import merkle
from kernel.ledger.checkpoint import Checkpoint
from kernel.ledger.merkle import EMPTY_LEAF, HASH_SIZE, Frontier, leaf_hash
from kernel.ledger.tiles import WIDTH, ReadTile, nodes_of
from services.audit.record.findings import UNKNOWN, Findings, Subject, subject_of
from services.audit.record.stored_event import StoredEvent, decoded, subject_of_row


class _History:
    """Checkpoints that continue each other, the smallest first."""

    def __init__(self, heads: Iterable[Checkpoint]) -> None:
        self.agreed = 0
        self.sound = 0
        """The size of the largest one with which the tree agrees."""
        self.ahead = sorted(set(heads), key=lambda head: (head.size, head.root))


class TreeVerification:
    """Walks along one partition's tree, whose leaves are compared one by one."""

    def __init__(
        self,
        findings: Findings,
        partition: int,
        size: int,
        read_tile: ReadTile,
        histories: Sequence[Iterable[Checkpoint]],
        *,
        log_read: bool,
    ) -> None:
        """Each of ``histories`` is checkpoints of this tree that continue each other. Without the
        log a leaf that the record says nothing of is taken as it is stored.
        """
        self._findings = findings
        self._partition = partition
        self._size = size
        self._read_tile = read_tile
        self._histories = [_History(heads) for heads in histories]
        self._log_read = log_read
        self._frontier = Frontier()
        self._tile = b""
        self._compare_heads()

    @property
    def agreed(self) -> int:
        """Count the checkpoints with which the tree agrees."""
        return sum(history.agreed for history in self._histories)

    def add(self, row: StoredEvent | None, record: Record | None, *, reported: bool) -> None:
        """Compare the leaf of a place with what stands there; a difference that was reported of the
        place is not told again.
        """
        offset = row.offset if row is not None else record.offset if record is not None else 0
        self._pass_until(offset)
        if offset >= self._size:
            if not reported and offset == self._size:
                self._find(offset, _subject(row, record), b"no leaf")
            return
        data = (record.value if record is not None else row.body if row is not None else b"") or b""
        self._step(leaf_hash(data), row, record, reported=reported)

    def finish(self) -> None:
        """Compare what is left of the tree, and its root with that of the tiles above."""
        self._pass_until(self._size)
        try:
            root = merkle.root(self._size, nodes_of(self._read_tile))
        except ValueError:  # tiles are gone
            root = b""
        if root != self._frontier.root():
            self._find(self._size, UNKNOWN, root)
        for history in self._histories:
            if history.ahead:
                self._differ(history, history.ahead[0])

    def _pass_until(self, offset: int) -> None:
        """Go on to a place before which nothing stands, neither in the record nor in the log."""
        while self._frontier.size < min(offset, self._size):
            kept = self._kept()
            leaf = EMPTY_LEAF if self._log_read else kept
            self._step(leaf, None, None, reported=False)

    def _step(
        self, leaf: bytes, row: StoredEvent | None, record: Record | None, *, reported: bool
    ) -> None:
        kept, offset = self._kept(), self._frontier.size
        if leaf != kept and not reported:
            self._find(offset, _subject(row, record), leaf + kept)
        self._frontier.append(kept)
        self._compare_heads()

    def _kept(self) -> bytes:
        """Return the next leaf that is stored; no bytes where the tiles lack it."""
        index, within = divmod(self._frontier.size, WIDTH)
        if within == 0 or not self._tile:
            self._tile = self._read_tile(0, index)
        return self._tile[within * HASH_SIZE : (within + 1) * HASH_SIZE]

    def _compare_heads(self) -> None:
        size = self._frontier.size
        for history in self._histories:
            while history.ahead and history.ahead[0].size == size:
                head = history.ahead.pop(0)
                if head.root == self._frontier.root():
                    history.agreed += 1
                    history.sound = size
                else:
                    self._differ(history, head)

    def _differ(self, history: _History, head: Checkpoint) -> None:
        """Add the first checkpoint of a history that differs: all after it do, too."""
        kind = types.FINDING_KIND_CHECKPOINT_DIFFERS
        place, subject = (self._partition, history.sound), Subject(end_offset=head.size)
        self._findings.add(kind, place, subject, head.root)
        history.ahead.clear()

    def _find(self, offset: int, subject: Subject, content: bytes) -> None:
        kind = types.FINDING_KIND_OTHER_LEAF
        self._findings.add(kind, (self._partition, offset), subject, content)


def _subject(row: StoredEvent | None, record: Record | None) -> Subject:
    if row is not None:
        return subject_of_row(row)
    return UNKNOWN if record is None else subject_of(decoded(record.value))
