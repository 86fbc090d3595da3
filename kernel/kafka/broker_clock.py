"""The broker's clock, and how far this machine's is ahead of it.

A service whose clock is set ahead would compute wrong due dates and have its records refused by the
broker. So the cluster is asked for its time, and between two answers a clock that nobody can set
counts on from it: a jump of this machine's clock shows at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from kernel.base.backoff import ExponentialBackoff
from kernel.base.clock_skew import MAX_AHEAD
from kernel.base.errors import Unavailable
from kernel.base.instants import SECOND
from kernel.kafka.clients import make_admin
from kernel.kafka.cluster import Bootstrap
from kernel.messages.texts import TEXTS
from kernel.telemetry import metrics
from kernel.telemetry.logs import RateLimit, get_logger
from kernel.telemetry.vital_threads import vital_thread

INTERVAL: Final = 60.0
"""Seconds between two questions to the cluster."""
SHORTEST_WAIT: Final = 1.0
BOOTSTRAP_MS: Final = 2_500
REQUEST_MS: Final = 5_000
_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_log = get_logger(__name__)


def broker_time(bootstrap: Bootstrap) -> int:
    """Return the cluster's time in microseconds UTC; blocks until it answers.

    The leader of the metadata quorum reports the present instant as the time of its own last fetch.
    Raise kafka-python's errors, and ``LookupError`` when the leader does not report it.
    """
    admin = make_admin(bootstrap, bootstrap_timeout_ms=BOOTSTRAP_MS, request_timeout_ms=REQUEST_MS)
    try:
        answer = admin.describe_metadata_quorum()
    finally:
        admin.close()
    for topic in answer["topics"]:
        for partition in topic["partitions"]:
            for voter in partition["current_voters"]:
                fetched_at_ms = int(voter.get("last_fetch_timestamp", -1))
                if voter["replica_id"] == partition["leader_id"] and fetched_at_ms > 0:
                    return fetched_at_ms * 1_000
    raise LookupError("the leader of the quorum does not report its time")


def steady() -> int:
    """Return microseconds of a clock that can't be set; on Linux it counts on while the machine
    sleeps.
    """
    return time.clock_gettime_ns(_STEADY) // 1_000


def wall() -> int:
    """Return this machine's time in microseconds UTC."""
    return time.time_ns() // 1_000


class BrokerClock:
    """Compares this machine's clock with the broker's, in a thread of its own.

    Until the cluster has answered once nothing is known, and nothing is refused: services work
    while the broker is away.
    """

    def __init__(
        self,
        ask: Callable[[], int],
        *,
        wall: Callable[[], int] = wall,
        steady: Callable[[], int] = steady,
    ) -> None:
        """``ask`` returns the broker's time and may block or raise; ``wall`` and ``steady`` return
        microseconds.
        """
        self._ask = ask
        self._wall = wall
        self._steady = steady
        self._origin: int | None = None
        self._wake_up = threading.Event()
        self._stopping = threading.Event()
        self._log_limit = RateLimit()
        self._thread = vital_thread(self._run, "broker-clock")
        metrics.CLOCK_AHEAD.observe(lambda: self.ahead() / SECOND)

    def start(self) -> None:
        """Start the thread; the broker may be away."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, without waiting for an answer that is under way."""
        self._stopping.set()
        self._wake_up.set()

    def now(self) -> int | None:
        """Return the broker's time in microseconds UTC; None until the cluster has answered."""
        return None if self._origin is None else self._origin + self._steady()

    def ahead(self) -> int:
        """Return the microseconds by which this machine's clock is ahead; negative when it is
        behind, 0 while unknown.
        """
        now = self.now()
        return 0 if now is None else self._wall() - now

    def fits(self) -> bool:
        """Return whether this machine's clock is no more than ``MAX_AHEAD`` ahead; otherwise have
        the cluster asked again.
        """
        ahead = self.ahead()
        if ahead <= MAX_AHEAD:
            return True
        self._wake_up.set()
        if self._log_limit.allow("ahead"):
            _log.error("clock.ahead", seconds=ahead // SECOND, limit=MAX_AHEAD // SECOND)
        return False

    def require(self) -> None:
        """Raise ``Unavailable`` while this machine's clock is too far ahead."""
        if not self.fits():
            raise Unavailable(*TEXTS.both("status.clock"))

    def refresh(self) -> bool:
        """Ask the cluster once; return whether it answered."""
        begun = self._steady()
        try:
            theirs = self._ask()
        except Exception as error:  # whatever it is, the service works without
            if self._log_limit.allow("unknown"):
                _log.warning("clock.unknown", fault=type(error).__qualname__)
            return False
        self._origin = theirs - (begun + self._steady()) // 2
        return True

    def _run(self) -> None:
        backoff = ExponentialBackoff(SHORTEST_WAIT, INTERVAL)
        while not self._stopping.is_set():
            wait = backoff.next_delay()
            if self.refresh():
                backoff.reset()
                wait = INTERVAL
            self._stopping.wait(SHORTEST_WAIT)
            self._wake_up.wait(wait)
            self._wake_up.clear()
