"""The supervisor: brings the local stack up, keeps it up, and takes it down in order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from infra.local.kafka import KafkaBroker
from infra.local.topics import ensure_topics, events_topic
from infra.supervisor import state
from infra.supervisor.broker_keeper import BrokerKeeper
from infra.supervisor.plan import Plan, Program
from infra.supervisor.program_keeper import ProgramKeeper
from infra.supervisor.recoveries import Recoveries, listens

TICK = 0.1
GRACE = 15.0
"""Seconds that a program gets to end in order."""


class Supervisor:
    """Runs a plan in the foreground of this process's main thread."""

    def __init__(
        self,
        plan: Plan,
        say: Callable[[str], None],
        ready: Callable[[Program], bool] = listens,
    ) -> None:
        """``ready`` tells whether a program that died and was started again is ready."""

        def told(line: str) -> None:
            with suppress(OSError):  # where it is printed to may be full
                say(line)

        self._plan = plan
        self._say = told
        self._kafka: BrokerKeeper | None = None
        if plan.own_kafka:
            self._kafka = BrokerKeeper(KafkaBroker(plan.data_dir / "kafka", plan.kafka_port), told)
        self._keepers = [ProgramKeeper(p, plan.data_dir / "log", GRACE) for p in plan.programs]
        self._returns = Recoveries(told, ready)
        self._ending = threading.Event()
        self._ready = False
        self._board: dict[str, object] = {}

    def run(self, on_started: Callable[[], None] = lambda: None) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP.

        Raise ``AlreadyRunning``, ``BrokerError``, ``TopicError`` or ``WrongSettings``, with
        nothing left running.
        """
        (self._plan.data_dir / "log").mkdir(parents=True, exist_ok=True)
        lock = state.acquire(self._plan.data_dir)
        state.write_board(self._plan.data_dir, {})
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        try:
            if self._kafka is not None:
                self._kafka.start()
            if not self._ending.is_set():
                ensure_topics(self._plan.bootstrap, topics=[events_topic(self._plan.topic)])
                self._tick()
                on_started()
            while not self._ending.wait(TICK):
                self._tick()
        finally:
            self._stop()
            lock.close()

    def is_ready(self) -> None:
        """Have the board say that everything was ready once; from any thread."""
        self._ready = True

    @property
    def ending(self) -> bool:
        """Whether it was told to end."""
        return self._ending.is_set()

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ending.set()

    def _tick(self) -> None:
        for keeper in self._keepers:
            if state.held(self._plan.data_dir, keeper.program.name):
                keeper.ask_to_stop()
                keeper.ended()
            elif line := keeper.tick():
                self._say(line)
                self._returns.died(keeper.program)
        self._publish()

    def _publish(self) -> None:
        board: dict[str, object] = {
            "ready": self._ready,
            "kafka": {
                "pid": self._kafka.pid if self._kafka is not None else None,
                "bootstrap": self._plan.bootstrap,
                "topic": self._plan.topic,
            },
            "programs": [
                {
                    "name": k.program.name,
                    "pid": k.pid,
                    "address": k.program.address,
                    "deaths": k.deaths,
                    "looping": k.looping,
                }
                for k in self._keepers
            ],
        }
        if board != self._board:
            with suppress(OSError):  # a full disk must not end the supervisor; tried again
                state.write_board(self._plan.data_dir, board)
                self._board = board

    def _stop(self) -> None:
        self._ending.set()
        self._returns.end()
        for keeper in self._keepers:
            keeper.ask_to_stop()
        going = list(self._keepers)
        while going := [keeper for keeper in going if not keeper.ended()]:
            time.sleep(0.02)
        if self._kafka is not None:
            self._kafka.stop()
        with suppress(OSError):
            state.write_board(self._plan.data_dir, {})
