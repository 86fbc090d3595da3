"""The buffer between Faust's loop and the consumer's thread: accepted records, and partitions that
need a bulk read.

Faust is only a notification. A record is accepted when it is exactly the next one; one that was
seen is dropped; after any other something is missing, and the partition is read in bulk to its end,
which covers everything that is dropped meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping

from kernel.consumer.applying.batch import Batch, accepted
from kernel.eventsourcing.record import Record

KEPT = 1_000
"""Records of a partition that are kept during its bulk read, so that a steady flow needs no second
one.
"""
SIZE = 4_000
"""Accepted records at most; beyond, a bulk read is faster."""


class Buffer:
    """Accepted records and partitions to read. Thread-safe; only ``wait`` blocks."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._next: dict[int, int] = {}
        self._behind: set[int] = set()
        self._kept: dict[int, deque[Record]] = {}
        self._entries: list[tuple[Record, int]] = []
        self._lock = threading.Lock()
        self._work = threading.Event()
        self.assigned: set[int] = set()
        """The partitions that the group has assigned to this process."""
        self.delivered = 0
        """Records that Faust has delivered since the start, accepted or not."""

    def offer(self, record: Record) -> None:
        """Accept a record, drop it, or note that its partition needs a bulk read."""
        partition, offset = record.partition, record.offset
        with self._lock:
            self.delivered += 1
            expected = self._next.get(partition, -1)
            if offset < expected:
                return
            if partition in self._behind:
                self._kept.setdefault(partition, deque(maxlen=KEPT)).append(record)
                return
            self._accept(record, expected)
        self._work.set()

    def _accept(self, record: Record, expected: int) -> None:
        if record.offset > expected or len(self._entries) >= self._size:
            self._behind.add(record.partition)
        elif record.offset == expected:
            self._entries.append((record, expected))
            self._next[record.partition] = expected + 1

    def request_bulk_read(self, partitions: Iterable[int]) -> None:
        """Note that partitions need a bulk read; their live records wait for it, or are dropped."""
        with self._lock:
            self._behind.update(partitions)
        self._work.set()

    def take(self) -> Batch | None:
        """Remove and return the accepted records, None when there are none; they have to be
        committed before the next call.
        """
        with self._lock:
            entries, self._entries = self._entries, []
        return accepted(entries) if entries else None

    def behind(self) -> set[int]:
        """Return the partitions that need a bulk read."""
        with self._lock:
            return set(self._behind)

    def resume_from(self, positions: Mapping[int, int]) -> None:
        """Note that these partitions were read in bulk up to here; records are accepted from there
        on.
        """
        with self._lock:
            self._entries = [e for e in self._entries if e[0].partition not in positions]
            self._next.update(positions)
            self._behind.difference_update(positions)
            for partition in positions:
                for record in self._kept.pop(partition, ()):
                    if partition not in self._behind:
                        self._accept(record, self._next[partition])
        self._work.set()

    def clear(self) -> None:
        """Drop all accepted records, and request a bulk read of the assigned partitions.

        The others are left to their workers, and to the stall detector when those do nothing.
        """
        with self._lock:
            self._entries = []
            self._kept.clear()
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
