"""Watches: things that become true because time passes, looked for at a steady beat."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernel.base.clock import Clock
from kernel.base.errors import Failure
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.telemetry.logs import fault, get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class PeriodicTask:
    """One thing to look for.

    ``run`` gets the unit of work and the present instant (office's clock, microseconds), raises
    what is due in bounded portions, and gives the number it raised; it is called again at once
    until that is 0. ``every`` is in real seconds.
    """

    name: str
    every: float
    run: Callable[[UnitOfWork, int], int]


class TaskRunner:
    """Runs watches in a thread of its own, in the writer's transactions, once ``ready`` says that
    the log has been read.
    """

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        watches: Sequence[PeriodicTask],
        ready: Callable[[], bool],
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._watches = watches
        self._ready = ready
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="watcher", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the portion in hand."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _loop(self) -> None:
        due = {watch.name: 0.0 for watch in self._watches}
        beat = min((watch.every for watch in self._watches), default=1.0)
        while not self._ending.wait(beat):
            if not self._ready():
                continue
            for watch in self._watches:
                if time.monotonic() >= due[watch.name]:
                    self._look(watch)
                    due[watch.name] = time.monotonic() + watch.every

    def _look(self, watch: PeriodicTask) -> None:
        try:
            while not self._ending.is_set():
                if not self._writer.exclusive(
                    lambda unit: watch.run(unit, self._clock.now())
                ).result():
                    return
        # the database does not answer, or another replica was faster: the next beat tries again
        except Failure as failure:
            log.warning("watch.waits", watch=watch.name, **fault(failure))
        except Exception as error:
            log.error("watch.failed", watch=watch.name, **fault(error))
