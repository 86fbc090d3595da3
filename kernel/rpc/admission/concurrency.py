"""Limits on what one caller has open at a time, so that nobody can use up the server's calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class ConcurrencyLimits:
    """Counts by caller what is open. Not thread-safe: for one event loop."""

    def __init__(self, most: int) -> None:
        """``most`` is the limit of each caller."""
        self._most = most
        self._open: Counter[Hashable] = Counter()
        self.total = 0
        """How many are open."""

    def take(self, caller: Hashable) -> bool:
        """Count one more and return true; return false and count nothing at the limit."""
        if self._open[caller] >= self._most:
            return False
        self._open[caller] += 1
        self.total += 1
        return True

    def give_back(self, caller: Hashable) -> None:
        """Count one less, which ``take`` has counted."""
        self.total -= 1
        self._open[caller] -= 1
        if not self._open[caller]:
            del self._open[caller]

    @contextmanager
    def one_more(self, caller: Hashable) -> Iterator[bool]:
        """Yield what ``take`` returns, and give it back after the block."""
        taken = self.take(caller)
        try:
            yield taken
        finally:
            if taken:
                self.give_back(caller)
