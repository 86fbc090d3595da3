"""The supervisor: brings the local stack up, keeps it up, and takes it down in order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from infra.local.kafka import KafkaBroker
from infra.supervisor import state
from infra.supervisor.plan import Plan, Program
from infra.supervisor.recoveries import Recoveries, listens
from infra.supervisor.supervised_broker import SupervisedBroker
from infra.supervisor.supervised_program import SupervisedProgram

TICK = 0.1
GRACE = 15.0
"""Seconds that a program gets to end in order."""


class Supervisor:
    """Runs a plan in the foreground of this process's main thread."""

    def __init__(
        self,
        plan: Plan,
        report: Callable[[str], None],
        ready: Callable[[Program], bool] = listens,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        """``ready`` returns whether a program that died and was started again is ready;
        ``prepare`` is called when the broker runs, before anything else is started.
        """

        def report_line(line: str) -> None:
            with suppress(OSError):  # where it is printed to may be full
                report(line)

        self._plan = plan
        self._report = report_line
        self._prepare = prepare
        self._kafka: SupervisedBroker | None = None
        if plan.own_kafka:
            self._kafka = SupervisedBroker(
                KafkaBroker(plan.data_dir / "kafka", plan.kafka_port), report_line
            )
        self._programs = [SupervisedProgram(p, plan.data_dir / "log", GRACE) for p in plan.programs]
        self._recoveries = Recoveries(report_line, ready)
        self._ending = threading.Event()
        self._ready = False
        self._published: dict[str, object] = {}

    def run(self, on_started: Callable[[], None] = lambda: None) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP.

        Raise ``AlreadyRunning``, ``BrokerError``, ``WrongSettings`` or what ``prepare`` raises,
        with nothing left running.
        """
        (self._plan.data_dir / "log").mkdir(parents=True, exist_ok=True)
        lock = state.acquire(self._plan.data_dir)
        state.write_state(self._plan.data_dir, {})
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        try:
            if self._kafka is not None:
                self._kafka.start()
            if not self._ending.is_set():
                self._prepare()
                self._tick()
                on_started()
            while not self._ending.wait(TICK):
                self._tick()
        finally:
            self._stop()
            lock.close()

    def mark_ready(self) -> None:
        """Publish that everything was ready once; safe to call from any thread."""
        self._ready = True

    @property
    def ending(self) -> bool:
        """Whether it was asked to end."""
        return self._ending.is_set()

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ending.set()

    def _tick(self) -> None:
        for supervised in self._programs:
            if state.held(self._plan.data_dir, supervised.program.name):
                supervised.ask_to_stop()
                supervised.ended()
            elif line := supervised.tick():
                self._report(line)
                self._recoveries.died(supervised.program)
        self._publish()

    def _publish(self) -> None:
        current: dict[str, object] = {
            "ready": self._ready,
            "kafka": {
                "pid": self._kafka.pid if self._kafka is not None else None,
                "bootstrap": self._plan.bootstrap,
                "topic": self._plan.topic,
                "problem": self._kafka.problem if self._kafka is not None else "",
            },
            "programs": [
                {
                    "name": one.program.name,
                    "pid": one.pid,
                    "address": one.program.address,
                    "deaths": one.deaths,
                    "looping": one.looping,
                }
                for one in self._programs
            ],
        }
        if current != self._published:
            with suppress(OSError):  # a full disk must not end the supervisor; tried again
                state.write_state(self._plan.data_dir, current)
                self._published = current

    def _stop(self) -> None:
        self._ending.set()
        self._recoveries.end()
        for supervised in self._programs:
            supervised.ask_to_stop()
        going = list(self._programs)
        while going := [supervised for supervised in going if not supervised.ended()]:
            time.sleep(0.02)
        if self._kafka is not None:
            self._kafka.stop()
        with suppress(OSError):
            state.write_state(self._plan.data_dir, {})
