"""Hands the results of the writer's thread to an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class LoopBridge:
    """Hands results to the loop, a whole group by one wake-up.

    ``asyncio.wrap_future`` wakes the loop once for each result, which costs more than the rest.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._done: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._scheduled = False

    async def wait(self, result: Future[T]) -> T:
        """Return the result; when the waiting task is cancelled, the job is too, unless it has
        begun.
        """
        waiter: asyncio.Future[T] = self.loop.create_future()
        result.add_done_callback(partial(self._finished, waiter))
        try:
            return await waiter
        except asyncio.CancelledError:
            result.cancel()
            raise

    def _finished(self, waiter: asyncio.Future[Any], result: Future[Any]) -> None:
        self._done.append((waiter, result))
        if not self._scheduled:
            self._scheduled = True
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._done.clear()

    def _deliver(self) -> None:
        self._scheduled = False  # before emptying: a later result schedules again
        while self._done:
            waiter, result = self._done.popleft()
            if waiter.done():
                continue
            failure = result.exception() if not result.cancelled() else asyncio.CancelledError()
            if failure is None:
                waiter.set_result(result.result())
            else:
                waiter.set_exception(failure)
