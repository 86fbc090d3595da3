"""How fast: as it happened, times a factor, and so many events a second at most."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Waits before each event; ``speed`` and ``rate`` are 0 where they set nothing."""

    def __init__(
        self,
        speed: float,
        rate: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``speed`` is times as fast as it happened, ``rate`` in events a second."""
        self._speed = speed
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._first: int | None = None
        self._begun = 0.0
        self._count = 0

    def wait(self, occurred_at: int, before: Callable[[], None]) -> None:
        """Wait until the time of an event has come, by when it happened (microseconds UTC) and how
        many were before it; call ``before`` first if there is anything to wait for.
        """
        if self._first is None:
            self._first, self._begun = occurred_at, self._now()
        due = 0.0
        if self._speed:
            due = (occurred_at - self._first) / 1_000_000 / self._speed
        if self._rate:
            due = max(due, self._count / self._rate)
        self._count += 1
        if due <= self._now() - self._begun:
            return
        before()
        left = due - (self._now() - self._begun)
        if left > 0:
            self._sleep(left)


def seconds_for(count: int, happened: int, speed: float, rate: float) -> float:
    """Return how long a replay takes at least: of so many events, the last of which happened so
    many microseconds after the first.
    """
    by_speed = happened / 1_000_000 / speed if speed else 0.0
    return max(by_speed, max(0, count - 1) / rate if rate else 0.0)
