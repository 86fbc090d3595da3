"""The way in while the server is being stopped.

gRPC's own shutdown answers calls that arrive in that instant with CANCELLED, which a client takes
for its own doing. So new calls are held here while the running ones end, then refused together with
UNAVAILABLE: at the moment of the shutdown all clients are about to try again later, and none calls.
"""

from __future__ import annotations

import asyncio
from typing import Final

from kernel.base.errors import Unavailable

HOLD: Final = 0.5
"""Seconds for which new calls are held at most while running ones end."""
CALM: Final = 0.1
"""Seconds for which they are held at least: who was just answered calls again at once."""


class Drain:
    """Counts the calls under way; for use in one event loop."""

    def __init__(self) -> None:
        self.closing = False
        self._running = 0
        self._held = 0
        self._empty = asyncio.Event()
        self._refusing = asyncio.Event()
        self._refused = asyncio.Event()

    async def enter(self) -> None:
        """Let a call in; once the gate is closing, hold it and then raise ``Unavailable``.

        Whatever came of it, ``leave`` is to be called when its answer has been sent.
        """
        if self.closing:
            self._held += 1
            await self._refusing.wait()
            raise stopping()
        self._running += 1

    def leave(self, *, held: bool) -> None:
        """Note that a call has its answer."""
        if held:
            self._held -= 1
        else:
            self._running -= 1
        if self.closing and not self._running:
            self._empty.set()
        if not self._held:
            self._refused.set()

    async def close(self) -> bool:
        """Let nobody in any more; gives whether calls still run when those held have been
        refused.
        """
        self.closing = True
        if not self._running:
            self._empty.set()
        await _within(HOLD, self._empty)
        await asyncio.sleep(CALM)
        self._refusing.set()
        self._refused.clear()
        if self._held:
            await _within(HOLD, self._refused)
        return self._running > 0


async def _within(seconds: float, event: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        pass


def stopping() -> Unavailable:
    """Return what a caller is told whose call meets the end of the server."""
    return Unavailable("dịch vụ đang dừng, xin nối lại", "the service is stopping; connect again")
