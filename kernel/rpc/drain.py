"""Draining: what happens to calls that arrive while the server is being stopped.

gRPC's own shutdown answers calls that arrive in that instant with CANCELLED, which a client takes
for its own doing. So new calls are held here while the running ones end, then refused together with
UNAVAILABLE: at the moment of the shutdown all clients are about to try again later, and none calls.
"""

from __future__ import annotations

import asyncio
from typing import Final

from kernel.base.errors import Unavailable
from kernel.messages.texts import TEXTS

HOLD: Final = 0.5
"""Seconds for which new calls are held at most while running ones end."""
CALM: Final = 0.1
"""Seconds for which they are held at least: a client that was just answered calls at once."""


class Drain:
    """Counts the calls under way. Not thread-safe: for one event loop."""

    def __init__(self) -> None:
        self.closing = False
        self.running = 0
        """Calls under way, without streams."""
        self._held = 0
        self._empty = asyncio.Event()
        self._refusing = asyncio.Event()
        self._refused = asyncio.Event()

    async def enter(self) -> None:
        """Count a call as running; once draining has begun, hold it and then raise ``Unavailable``.

        ``leave`` has to be called when the answer has been sent, also after ``Unavailable``.
        """
        if self.closing:
            self._held += 1
            await self._refusing.wait()
            raise stopping()
        self.running += 1

    def leave(self, *, held: bool) -> None:
        """Count a call as ended; ``held``: it had arrived after draining began."""
        if held:
            self._held -= 1
        else:
            self.running -= 1
        if self.closing and not self.running:
            self._empty.set()
        if not self._held:
            self._refused.set()

    async def close(self) -> bool:
        """Take no further call; return whether calls still run when those held have been refused.

        Blocks for twice ``HOLD`` and ``CALM`` at most.
        """
        self.closing = True
        if not self.running:
            self._empty.set()
        await _within(HOLD, self._empty)
        await asyncio.sleep(CALM)
        self._refusing.set()
        self._refused.clear()
        if self._held:
            await _within(HOLD, self._refused)
        return self.running > 0


async def _within(seconds: float, event: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        pass


def stopping() -> Unavailable:
    """Return the failure of a call that arrives while the server stops."""
    return Unavailable(*TEXTS.both("status.stopping"))
