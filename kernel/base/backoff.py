"""Delays between the tries of a loop that waits on an event of its own.

Retry libraries sleep by themselves; the loops here wait on an event, so that a stop ends the wait.
"""

from __future__ import annotations

import random


class ExponentialBackoff:
    """The growing delays of one retry loop, in seconds. Not thread-safe."""

    def __init__(self, first: float, longest: float, factor: float = 2.0) -> None:
        """The first delay is ``first``; each further one is ``factor`` times as long, up to
        ``longest``.
        """
        self._first = first
        self._longest = longest
        self._factor = factor
        self._next = first

    def next_delay(self) -> float:
        """Return the seconds to wait before the next try: between half of the delay and all of it,
        so that processes that failed together do not try again together.
        """
        delay = self._next
        self._next = min(self._longest, delay * self._factor)
        return delay * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin again with the first delay."""
        self._next = self._first
