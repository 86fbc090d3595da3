"""Answers some refusals late: who calls again as soon as it is refused is slowed down by that."""

from __future__ import annotations

import asyncio
from typing import Final

from kernel.rpc.admission.concurrency import ConcurrencyLimits
from kernel.rpc.method import Context

SECONDS: Final = 1.0
"""How late at most."""
MOST: Final = 256
"""Refusals that wait at a time: they count towards the calls that the server takes."""
MOST_PER_CONNECTION: Final = 32


class LateAnswers:
    """Holds refusals for a while, a bounded number. Not thread-safe: for one event loop."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()
        self._waiting = ConcurrencyLimits(MOST_PER_CONNECTION)

    async def wait(self, context: Context) -> None:
        """Wait for ``SECONDS``, or half of the time that the call has left if that is less; not at
        all when too many wait, and no longer once it is closed.
        """
        if self._closed.is_set() or self._waiting.total >= MOST:
            return
        remaining = context.time_remaining()
        seconds = SECONDS if remaining is None else min(SECONDS, remaining / 2)
        with self._waiting.one_more(context.peer()) as fits:
            if fits:
                try:
                    await asyncio.wait_for(self._closed.wait(), seconds)
                except TimeoutError:
                    pass

    def close(self) -> None:
        """Let all that wait go on; nobody waits any more."""
        self._closed.set()
