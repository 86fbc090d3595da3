"""The look at the ends of the log that finds what nobody delivered.

A record dropped at the end of a partition is missed by nobody until the next one comes; a dead
Faust delivers nothing; a killed worker's partitions wait for its session to end. All of them show
as a position behind the end that does not move.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from kernel.consumer.reading.buffer import Buffer

SECONDS = 1.0
OTHERS = 2
"""Looks that a partition of another worker may stand still."""
PATIENCE = 30.0
"""Seconds for which Faust may deliver nothing while the sweep finds work."""
LEAST = 5
"""Looks that must have found work before Faust is given up."""


class StallDetector:
    """Remembers what the look before saw; used in the consumer's thread only."""

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

    def look(self, ends: Mapping[int, int], stored: Mapping[int, int], inbox: Buffer) -> set[int]:
        """Return the partitions that were behind at the look before and have not moved since."""
        found = set()
        for partition in ends:
            waited = stored[partition] < self._ends.get(partition, 0)
            stuck = waited and stored[partition] == self._stored.get(partition)
            self._still[partition] = self._still.get(partition, 0) + 1 if stuck else 0
            if self._still[partition] >= (1 if partition in inbox.assigned else OTHERS):
                found.add(partition)
        self._stored, self._ends = dict(stored), dict(ends)
        self._watch(inbox, bool(found))
        return found

    def _watch(self, inbox: Buffer, found: bool) -> None:
        now = time.monotonic()
        if inbox.delivered != self._delivered or not inbox.assigned:
            self._delivered, self._since, self._found = inbox.delivered, now, 0
            return
        self._found += found
        if self._found >= LEAST and now - self._since >= self._patience:
            self._since, self._found = now, 0
            self._on_dead()
