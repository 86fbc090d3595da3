"""The local broker under supervision, in a thread of its own.

Its start takes seconds, and a service may die meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from infra.local.disk import fullness
from infra.local.kafka import DiskFull, KafkaBroker
from infra.supervisor.backoff import Backoff

INTERVAL = 0.1
"""Seconds between two looks."""
SPACE_INTERVAL = 1.0
"""Seconds between two looks whether a full disk has space again."""


class SupervisedBroker:
    """Starts one broker, starts it again when it dies, and stops it.

    One thread does all of that, because the broker ends with the thread that started it.
    """

    def __init__(self, broker: KafkaBroker, report: Callable[[str], None]) -> None:
        self._broker = broker
        self._report = report
        self._begun = 0.0
        self._died = 0.0
        self._backoff = Backoff()
        self._started: Future[None] = Future()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka")
        self.problem = ""
        """Why it can't be started at present; empty while it can."""

    @property
    def pid(self) -> int | None:
        """The broker's process id while it runs."""
        return self._broker.pid

    def start(self) -> None:
        """Start the broker and wait until it answers; raise ``BrokerError`` when it can't be
        started.
        """
        self._thread.start()
        self._started.result()

    def stop(self) -> None:
        """Stop the broker; does nothing when it was never started."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._begin()
        except BaseException as error:
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        while not self._ending.wait(INTERVAL):
            ran = time.monotonic() - self._begun
            if self._broker.pid is None:
                self._died = self._died or time.monotonic()
                self._restart(ran)
            else:
                self._backoff.lives(ran)
        self._broker.stop()

    def _begin(self) -> None:
        self._begun = time.monotonic()
        self._broker.start()

    def _restart(self, ran: float) -> None:
        wait = self._backoff.died(ran)
        self._report(
            f"kafka keeps ending; next start in {wait:.0f} s, see {self._broker.log_file}"
            if self._backoff.looping
            else "kafka ended; starting it again"
        )
        if self._ending.wait(wait):
            return
        try:
            self._begin()
        except Exception as error:  # whatever it is: without this thread it is never started again
            self._say(error)
            if isinstance(error, DiskFull):
                self._wait_for_space()
            return
        self.problem = ""
        self._report(f"kafka is ready again after {time.monotonic() - self._died:.1f} s")
        self._died = 0.0

    def _wait_for_space(self) -> None:
        while fullness(self._broker.data_dir) and not self._ending.wait(SPACE_INTERVAL):
            pass

    def _say(self, error: Exception) -> None:
        """Print why it does not start, each reason once in a row."""
        why = f"kafka does not start: {error}"
        if why != self.problem:
            self._report(why)
        self.problem = why
