"""The clock of the log, and how far this machine's is ahead of it.

A service that takes its own time from a clock that is set ahead would promise wrong dates, call
dossiers late that are not, and have its records refused by the broker. So the cluster is asked what
time it is, and between two answers its time is counted on by a clock that nobody can set: a jump of
this machine's clock shows at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from kernel.base.clock_skew import AHEAD
from kernel.base.errors import Unavailable
from kernel.base.instants import SECOND
from kernel.kafka.clients import make_admin
from kernel.telemetry import metrics
from kernel.telemetry.logs import RateLimit, get_logger

EVERY: Final = 60.0
SOONEST: Final = 1.0
BOOTSTRAP_MS: Final = 2_500
REQUEST_MS: Final = 5_000
_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_log = get_logger(__name__)


def ask_log(bootstrap: str) -> int:
    """Ask the cluster for its time, in microseconds UTC.

    The leader of the metadata quorum says "now" when it is asked when it last fetched from itself.
    Raises kafka-python's errors, and ``LookupError`` when the leader does not say.
    """
    admin = make_admin(
        bootstrap_servers=bootstrap.split(","),
        bootstrap_timeout_ms=BOOTSTRAP_MS,
        request_timeout_ms=REQUEST_MS,
    )
    try:
        answer = admin.describe_metadata_quorum()
    finally:
        admin.close()
    for topic in answer["topics"]:
        for partition in topic["partitions"]:
            for voter in partition["current_voters"]:
                said = int(voter.get("last_fetch_timestamp", -1))
                if voter["replica_id"] == partition["leader_id"] and said > 0:
                    return said * 1_000
    raise LookupError("the leader of the quorum does not say its time")


def steady() -> int:
    """Return microseconds of a clock that cannot be set; on Linux it goes on while the machine
    sleeps.
    """
    return time.clock_gettime_ns(_STEADY) // 1_000


def wall() -> int:
    """Return this machine's time in microseconds UTC."""
    return time.time_ns() // 1_000


class BrokerClock:
    """Compares this machine's clock with the log's, in a thread of its own.

    Until the cluster has answered once nothing is known, and nothing is refused: the office works
    while the log is away.
    """

    def __init__(
        self,
        ask: Callable[[], int],
        *,
        wall: Callable[[], int] = wall,
        steady: Callable[[], int] = steady,
    ) -> None:
        """``ask`` gives the log's time and may block or raise; the clocks give microseconds."""
        self._ask = ask
        self._wall = wall
        self._steady = steady
        self._origin: int | None = None
        self._ring = threading.Event()
        self._stopping = threading.Event()
        self._said = RateLimit()
        self._thread = threading.Thread(target=self._run, name="log-clock", daemon=True)
        metrics.observe(metrics.CLOCK_AHEAD, lambda: self.ahead() / SECOND)

    def start(self) -> None:
        """Start the thread; no broker needs to be there."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, without waiting for an answer that is under way."""
        self._stopping.set()
        self._ring.set()

    def now(self) -> int | None:
        """Return the log's time in microseconds UTC; None until the cluster has answered."""
        return None if self._origin is None else self._origin + self._steady()

    def ahead(self) -> int:
        """Return by how much this machine's clock is ahead; below 0 when behind, 0 while
        unknown.
        """
        now = self.now()
        return 0 if now is None else self._wall() - now

    def fits(self) -> bool:
        """Return whether this machine's clock may be believed; where not, the cluster is asked
        again.
        """
        ahead = self.ahead()
        if ahead <= AHEAD:
            return True
        self._ring.set()
        if self._said.allow("ahead"):
            _log.error("clock.ahead", seconds=ahead // SECOND, limit=AHEAD // SECOND)
        return False

    def require(self) -> None:
        """Raise ``Unavailable`` while this machine's clock is too far ahead."""
        if not self.fits():
            raise Unavailable(
                "Đồng hồ của máy chủ chạy nhanh quá 5 phút so với đồng hồ của sổ sự kiện; "
                "chưa nhận yêu cầu nào cho đến khi chỉnh lại.",
                "This server's clock is more than 5 minutes ahead of the log's; "
                "nothing is taken until it is set right.",
            )

    def look(self) -> bool:
        """Ask the cluster once; tells whether it answered."""
        begun = self._steady()
        try:
            theirs = self._ask()
        except Exception as error:  # whatever it is, the office goes on without
            if self._said.allow("unknown"):
                _log.warning("clock.unknown", fault=type(error).__qualname__)
            return False
        self._origin = theirs - (begun + self._steady()) // 2
        return True

    def _run(self) -> None:
        wait = SOONEST
        while not self._stopping.is_set():
            wait = EVERY if self.look() else min(EVERY, wait * 2)
            self._stopping.wait(SOONEST)
            self._ring.wait(wait)
            self._ring.clear()
