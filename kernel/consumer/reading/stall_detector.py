"""Detects partitions whose position is behind the end of the log and does not move.

A record dropped at the end of a partition is not missed until the next one comes; a dead Faust
delivers nothing; a killed worker's partitions wait for its session to end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from kernel.consumer.reading.buffer import Buffer

INTERVAL = 1.0
"""Seconds between two checks."""
OTHERS = 2
"""Checks for which a partition of another worker may stand still."""
PATIENCE = 30.0
"""Seconds for which Faust may deliver nothing while checks find work."""
LEAST = 5
"""Checks that must have found work before Faust counts as dead."""


class StallDetector:
    """Compares each check with the one before. Not thread-safe: for the consumer's thread."""

    def __init__(self, on_dead: Callable[[], None], patience: float = PATIENCE) -> None:
        """``on_dead`` is called when Faust delivers nothing although there is much to deliver."""
        self._on_dead = on_dead
        self._patience = patience
        self._stored: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._still: dict[int, int] = {}
        self._delivered = 0
        self._since = time.monotonic()
        self._found = 0

    def check(self, ends: Mapping[int, int], stored: Mapping[int, int], buffer: Buffer) -> set[int]:
        """Return the partitions that were behind at the check before and have not moved since."""
        found = set()
        for partition in ends:
            waited = stored[partition] < self._ends.get(partition, 0)
            stuck = waited and stored[partition] == self._stored.get(partition)
            self._still[partition] = self._still.get(partition, 0) + 1 if stuck else 0
            if self._still[partition] >= (1 if partition in buffer.assigned else OTHERS):
                found.add(partition)
        self._stored, self._ends = dict(stored), dict(ends)
        self._check_faust(buffer, bool(found))
        return found

    def _check_faust(self, buffer: Buffer, found: bool) -> None:
        now = time.monotonic()
        if buffer.delivered != self._delivered or not buffer.assigned:
            self._delivered, self._since, self._found = buffer.delivered, now, 0
            return
        self._found += found
        if self._found >= LEAST and now - self._since >= self._patience:
            self._since, self._found = now, 0
            self._on_dead()
