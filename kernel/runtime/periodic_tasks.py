"""Scheduled work: what becomes true because time passes, looked for at fixed intervals."""

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
    """One kind of work that comes due by time passing."""

    name: str
    interval: float
    """Seconds of real time between two runs."""
    run: Callable[[UnitOfWork, int], int]
    """Does what is due at an instant (microseconds UTC of the service's clock), some of it at a
    time, and returns how much it did; it is called again at once until that is 0.
    """


class TaskRunner:
    """Runs periodic tasks in a thread of its own, in the writer's transactions, whenever ``ready``
    returns true.
    """

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        tasks: Sequence[PeriodicTask],
        ready: Callable[[], bool],
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._tasks = tasks
        self._ready = ready
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the transaction under way; blocks until then."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _loop(self) -> None:
        due = {task.name: 0.0 for task in self._tasks}
        interval = min((task.interval for task in self._tasks), default=1.0)
        while not self._stopping.wait(interval):
            if not self._ready():
                continue
            for task in self._tasks:
                if time.monotonic() >= due[task.name]:
                    self._run(task)
                    due[task.name] = time.monotonic() + task.interval

    def _run(self, task: PeriodicTask) -> None:
        try:
            while not self._stopping.is_set():
                if not self._writer.exclusive(
                    lambda uow: task.run(uow, self._clock.now())
                ).result():
                    return
        # the database does not answer, or another replica was faster: the next interval tries again
        except Failure as failure:
            log.warning("scheduler.waiting", task=task.name, **fault(failure))
        except Exception as error:
            log.error("scheduler.failed", task=task.name, **fault(error))
