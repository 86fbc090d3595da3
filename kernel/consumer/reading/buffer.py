"""What lies between Faust's loop and the consumer's thread: records accepted, and partitions to be
read in bulk.

Faust only rings the bell. A record is accepted when it is exactly the next one; one that was seen
is dropped; any other says that something is missing, and then the partition is read in bulk to its
end, which covers everything that is dropped meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping

from kernel.consumer.applying.batch import Batch, accepted
from kernel.eventsourcing.record import Record

LATE = 1_000
"""Records that are kept while their partition is read in bulk, so that a steady flow needs no
second read.
"""
SIZE = 4_000
"""Records that wait for the consumer's thread at most; beyond, reading in bulk is the better way.
"""


class Buffer:
    """Thread-safe; all methods return at once, except ``wait``."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._next: dict[int, int] = {}
        self._behind: set[int] = set()
        self._late: dict[int, deque[Record]] = {}
        self._entries: list[tuple[Record, int]] = []
        self._lock = threading.Lock()
        self._work = threading.Event()
        self.assigned: set[int] = set()
        """The partitions that Faust has at present."""
        self.delivered = 0
        """Records that Faust has handed over since the start, of whatever use they were."""

    def offer(self, record: Record) -> None:
        """Take a record from Faust: keep it, drop it, or note that its partition needs a bulk
        read.
        """
        partition, offset = record.partition, record.offset
        with self._lock:
            self.delivered += 1
            expected = self._next.get(partition, -1)
            if offset < expected:
                return
            if partition in self._behind:
                self._late.setdefault(partition, deque(maxlen=LATE)).append(record)
                return
            self._place(record, expected)
        self._work.set()

    def _place(self, record: Record, expected: int) -> None:
        if record.offset > expected or len(self._entries) >= self._size:
            self._behind.add(record.partition)
        elif record.offset == expected:
            self._entries.append((record, expected))
            self._next[record.partition] = expected + 1

    def call_bulk(self, partitions: Iterable[int]) -> None:
        """Note that partitions need a bulk read; their live records wait for it, or are dropped."""
        with self._lock:
            self._behind.update(partitions)
        self._work.set()

    def take(self) -> Batch | None:
        """Return what has been accepted, or None; the caller commits it before it takes again."""
        with self._lock:
            entries, self._entries = self._entries, []
        return accepted(entries) if entries else None

    def behind(self) -> set[int]:
        """List the partitions that need a bulk read."""
        with self._lock:
            return set(self._behind)

    def reached(self, positions: Mapping[int, int]) -> None:
        """Say that these partitions were read in bulk up to here; live records go on from there."""
        with self._lock:
            self._entries = [e for e in self._entries if e[0].partition not in positions]
            self._next.update(positions)
            self._behind.difference_update(positions)
            for partition in positions:
                for record in self._late.pop(partition, ()):
                    if partition not in self._behind:
                        self._place(record, self._next[partition])
        self._work.set()

    def drop(self) -> None:
        """Throw away everything accepted, and ask for a bulk read of the partitions that are ours.

        Those of another worker are left to it, and to the sweep when it does nothing.
        """
        with self._lock:
            self._entries = []
            self._late.clear()
            self._behind = set(self.assigned or self._next or self._behind)

    def next_offset(self, partition: int) -> int | None:
        """Return the offset that is accepted next; None while the partition is to be read
        in bulk.
        """
        with self._lock:
            return None if partition in self._behind else self._next.get(partition)

    def wake(self) -> None:
        """End the present ``wait``."""
        self._work.set()

    def wait(self, seconds: float) -> None:
        """Block until there is work, ``wake`` is called, or the time is up."""
        self._work.wait(seconds)
        self._work.clear()
