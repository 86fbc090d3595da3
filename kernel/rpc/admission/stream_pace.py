"""Shares the event loop between streams and calls: answers of streams go out one after the other,
and more slowly while calls wait.

Without it a hundred streams would each send an answer between any two steps of a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

ALONE: Final = 0.00005
"""Seconds between the answers of all streams together while no call runs: about what one takes."""
BESIDE_CALLS: Final = 0.001
SHORTEST_SLEEP: Final = 0.001


class StreamPace:
    """Decides when the next answer of any stream may be sent. For one event loop."""

    def __init__(self, calls_run: Callable[[], bool]) -> None:
        self._calls_run = calls_run
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next answer may be sent."""
        now = asyncio.get_running_loop().time()
        gap = BESIDE_CALLS if self._calls_run() else ALONE
        self._next = max(self._next, now) + gap
        if self._next - now >= SHORTEST_SLEEP:
            await asyncio.sleep(self._next - now)
