"""Counts the calls of each caller in sliding windows, in the memory of this process.

The windows and their storage are the library's ``limits``.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Final

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

MOST: Final = 100_000
"""Windows that are kept at most; a caller has two."""
FORGET_SECONDS: Final = 1.0
"""Seconds between looks for windows that are over."""


class _NeverDue(threading.Timer):
    """Takes the place of the library's timer, which would start a thread a hundred times a second,
    in the path of a call, each of which looks at all callers.
    """

    def __init__(self) -> None:
        super().__init__(math.inf, lambda: None)

    def is_alive(self) -> bool:
        """Return true: no other one has to be started."""
        return True


class Windows(MemoryStorage):
    """The library's storage in memory, bounded and without threads of its own."""

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self.timer.cancel()
        self.timer = _NeverDue()
        self._most = most
        self._looked = time.time()

    def forget(self) -> int:
        """Drop the windows that are over, or all if there are too many; return how many are left.

        Looks for them once a second at most.
        """
        now = time.time()
        if len(self.expirations) > self._most:
            self.reset()
        elif abs(now - self._looked) >= FORGET_SECONDS:
            self._looked = now
            for key in list(self.expirations):
                self.get(key)  # drops it if it is over
        return len(self.expirations)


class Rates:
    """Counts calls against rates. Not thread-safe: for one event loop."""

    def __init__(self, windows: Windows | None = None) -> None:
        self._windows = windows or Windows()
        self._limiter = SlidingWindowCounterRateLimiter(self._windows)

    def hit(self, rate: RateLimitItem, caller: str, cost: int) -> int:
        """Count a call; return 0, or when the rate is reached the seconds after which to retry.

        A call that costs more than the whole rate costs the whole rate.
        """
        self._windows.forget()
        if self._limiter.hit(rate, caller, cost=min(cost, rate.amount)):
            return 0
        reset = self._limiter.get_window_stats(rate, caller).reset_time
        return min(max(1, math.ceil(reset - time.time())), rate.get_expiry())

    def windows(self) -> int:
        """Return how many windows are kept; safe to ask from any thread, whose look may at worst
        lose the count of a call.
        """
        return self._windows.forget()
