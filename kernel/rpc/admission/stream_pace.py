"""Shares the event loop between streams and calls: of all streams together one answer goes out in
an iteration of the loop, and one in some milliseconds while there are calls.

Without it a hundred streams would each send an answer between any two steps of a call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

BESIDE_CALLS: Final = 0.004
"""Seconds between two answers while there are calls."""
CALM: Final = 0.1
"""Seconds after the last call in which the next one is counted on: most calls are short."""


class StreamPace:
    """Lets the next answer of any stream go out, first come, first served. For one event loop."""

    def __init__(self, calls_run: Callable[[], bool]) -> None:
        self._calls_run = calls_run
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def turn(self) -> None:
        """Wait until the next answer may be sent."""
        if not self._closed:
            self._close()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _close(self) -> None:
        """Let nothing through until it is time for the next answer, which is seen then: a call may
        have come meanwhile.
        """
        self._closed = True
        loop = asyncio.get_running_loop()
        if self._calls_run():
            loop.call_later(BESIDE_CALLS, self._let_one_through)
        else:
            loop.call_soon(self._let_one_through)

    def _let_one_through(self) -> None:
        self._closed = False
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # it is when its stream has ended
                turn.set_result(None)
                self._close()
                return
