"""Scheduled work: what becomes true because time passes, looked for at fixed intervals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import DBAPIError

from kernel.base.backoff import ExponentialBackoff
from kernel.base.clock import Clock
from kernel.base.errors import Failure
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.telemetry import metrics
from kernel.telemetry.logs import fault, get_logger
from kernel.telemetry.vital_threads import vital_thread

FIRST_WAIT = 10.0
LONGEST_WAIT = 600.0
"""Seconds until a stream that failed is tried again."""
log = get_logger(__name__)


class StreamFailed(Exception):
    """The work on one stream raised; the others have nothing to do with it."""

    def __init__(self, stream_id: str) -> None:
        super().__init__(stream_id)
        self.stream_id = stream_id


def each_stream(stream_ids: Iterable[str], act: Callable[[str], int]) -> int:
    """Do the work on streams, one after the other, and return how much was done in all; raise
    ``StreamFailed`` for the one whose work raises.
    """
    done = 0
    for stream_id in stream_ids:
        try:
            done += act(stream_id)
        except (DBAPIError, Failure):
            raise
        except Exception as error:
            raise StreamFailed(stream_id) from error
    return done


class Scheduler(Protocol):
    """Does what is due, some of it at a time."""

    def __call__(self, uow: UnitOfWork, now: int, left_out: Collection[str] = (), /) -> int:
        """Do what is due at an instant (microseconds UTC of the service's clock), and return how
        much was done; it is called again at once until that is 0.

        It leaves out the streams that are given: each of them has raised ``StreamFailed``, and is
        tried again later.
        """
        ...


@dataclass(frozen=True)
class PeriodicTask:
    """One kind of work that comes due by time passing."""

    name: str
    interval: float
    """Seconds of real time between two runs."""
    run: Scheduler


@dataclass
class _Failed:
    """A stream whose work raised."""

    backoff: ExponentialBackoff
    again_at: float


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
        self._failed: dict[str, dict[str, _Failed]] = {task.name: {} for task in tasks}
        self._stopping = threading.Event()
        self._thread = vital_thread(self._loop, "scheduler")
        metrics.SCHEDULER_FAILED.observe(self.failed_streams)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the transaction under way; blocks until then."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def failed_streams(self) -> int:
        """Return how many streams are left out because their work raised."""
        return sum(len(failed) for failed in list(self._failed.values()))

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
        failed = self._failed[task.name]
        left_out = {name for name, each in failed.items() if each.again_at > time.monotonic()}
        try:
            while not self._stopping.is_set():
                try:
                    done = self._writer.exclusive(
                        lambda uow: task.run(uow, self._clock.now(), left_out)
                    ).result()
                except StreamFailed as failure:
                    self._leave_out(task, failure)
                    left_out.add(failure.stream_id)
                    continue
                if not done:
                    break
        # the database does not answer, or another replica was faster: the next interval tries again
        except Failure as failure:
            log.warning("scheduler.waiting", task=task.name, **fault(failure))
        except Exception as error:
            log.error("scheduler.failed", task=task.name, **fault(error))
        else:
            for name in failed.keys() - left_out:
                del failed[name]

    def _leave_out(self, task: PeriodicTask, failure: StreamFailed) -> None:
        fresh = _Failed(ExponentialBackoff(FIRST_WAIT, LONGEST_WAIT), 0.0)
        entry = self._failed[task.name].setdefault(failure.stream_id, fresh)
        wait = entry.backoff.next_delay()
        entry.again_at = time.monotonic() + wait
        cause = failure.__cause__ or failure
        log.error(
            "scheduler.stream_failed",
            task=task.name, stream=failure.stream_id, seconds=round(wait), **fault(cause),
        )  # fmt: skip
