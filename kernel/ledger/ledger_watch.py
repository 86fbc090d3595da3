"""Compares what a service knows of the log with what the ledger has of it.

A database that was put back together with the broker's data fits the log that it finds, and can't
know what both have forgotten. The ledger, whose database lies elsewhere, does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Engine, Table, select
from sqlalchemy.exc import SQLAlchemyError

from kernel.base.halt import Halt, HaltReason
from kernel.base.instants import SECOND
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.telemetry import metrics
from kernel.telemetry.logs import RateLimit, get_logger
from kernel.telemetry.vital_threads import vital_thread

START_PATIENCE: Final = 30.0
"""Seconds that a start waits for the ledger's first answer: both may be starting."""
INTERVAL: Final = 5.0
"""Seconds between two questions."""
RETRY: Final = 0.5
"""Seconds before the ledger is asked again that has not answered yet."""
COVERED: Final = "ledger covered"
"""The name of the note, beside the leases, of when all that was read was signed."""
_NOTES: Final = 10
"""The note is no older than this part of the longest age."""
_log = get_logger(__name__)


class LedgerHead(NamedTuple):
    """What the ledger has of a partition."""

    size: int
    """How many records of the log."""
    last_leaf: bytes
    """The hash of the last of them; empty when the ledger no longer has what it has signed."""
    signed: int
    """How many of them are signed."""


Heads = Mapping[int, LedgerHead]
"""By partition; one of which the ledger has nothing is missing."""


@dataclass(frozen=True)
class LedgerSource:
    """The ledger that watches over a service's log."""

    where: str
    """In words, for operators."""
    ask: Callable[[], Heads]
    """Returns what the ledger has now; may block for some seconds, or raise."""
    longest_age: float
    """Seconds for which what was read may wait to be signed."""
    refuses: bool = False
    """Whether commands are refused when it waits longer, also after a start that was confirmed."""


class LedgerWatch:
    """Knows whether commands may be taken by what the ledger says. Thread-safe.

    After a start nothing is decided until the log has what the ledger has. A ledger that
    does not answer delays this by ``START_PATIENCE``, and longer only if what was read at the last
    comparison is older than the longest age.
    """

    def __init__(
        self,
        source: LedgerSource | None,
        reads: Engine,
        leases: Table,
        *,
        wall: Callable[[], int] = lambda: time.time_ns() // 1_000,
        patience: float = START_PATIENCE,
        interval: float = INTERVAL,
    ) -> None:
        """``source`` is None where there is no ledger: then nothing is compared."""
        self._source = source
        self._reads = reads
        self._leases = leases
        self._wall = wall
        self._patience = patience
        self._interval = interval
        self._heads: Heads | None = None
        self._compared: Heads | None = None
        self._confirmed = source is None
        self._given_up = False
        self._covered_at: int | None = None
        self._noted_at = 0
        self._started_at = wall()
        self._target: tuple[int, Mapping[int, int]] | None = None
        self._answers = False
        self._halted: HaltReason | None = None
        self._limit = RateLimit()
        self._stopping = threading.Event()
        self._thread = vital_thread(self._run, "ledger-watch")
        self.on_answer: Callable[[], None] = lambda: None
        """Called when the ledger has answered for the first time."""
        if source is not None:
            metrics.LEDGER_AGE.observe(self._age)

    def start(self) -> None:
        """Start the thread; the ledger may be away."""
        if self._source is not None:
            self._thread.start()

    def stop(self) -> None:
        """End the thread, without waiting for an answer that is under way."""
        self._stopping.set()

    def heads(self) -> Heads | None:
        """Return what the ledger has; None while it has not answered. To be asked for
        before the log's ends, since both grow.
        """
        return self._heads

    @property
    def open(self) -> bool:
        """Whether anything may be decided and published."""
        return self._confirmed or (self._given_up and not self._stale())

    @property
    def halt(self) -> Halt | None:
        """Why no command may be taken; None while they may."""
        if self._source is None:
            return None
        if not self._confirmed and not self._given_up:
            why = f"{self._source.where} has not said yet what it has signed"
            return Halt(HaltReason.LEDGER_UNKNOWN, why)
        if not self._stale() or (self._confirmed and not self._source.refuses):
            return None
        return Halt(HaltReason.LEDGER_STALLED, self._stalled())

    def is_new(self, heads: Heads | None) -> bool:
        """Return whether the log has not been compared with these heads yet."""
        return heads is not self._compared

    def confirm(self, heads: Heads | None, positions: Mapping[int, int]) -> None:
        """Note that the log has what the ledger has, and how far it was read just then."""
        if heads is None:
            return
        now = self._wall()
        if self._target is None:
            self._target = now, dict(positions)
            if self._covered_at is None:
                self._covered_at = self._started_at
        if _cover(heads, self._target[1]):
            self._covered_at, self._target = self._target[0], (now, dict(positions))
        if _cover(heads, positions):
            self._covered_at = now
        self._compared, self._confirmed = heads, True

    def due(self) -> bool:
        """Return whether ``note`` has something to write."""
        if self._source is None or self._covered_at is None:
            return False
        return self._covered_at - self._noted_at > self._source.longest_age * SECOND / _NOTES

    def note(self, uow: UnitOfWork) -> None:
        """Remember for the next start when all that was read was signed."""
        at = self._covered_at or 0
        uow.put(self._leases, {"name": COVERED, "holder": "", "expires_at": at})
        self._noted_at = at

    def refresh(self) -> bool:
        """Ask the ledger once; return whether it answered."""
        assert self._source is not None
        try:
            found = self._source.ask()
        except Exception as error:  # whatever it is, the ledger does not say what it has signed
            # At a start it may be starting, too.
            if (self._confirmed or self._given_up) and self._limit.allow("away"):
                _log.warning("ledger.away", fault=type(error).__qualname__)
            self._answers = False
            return False
        self._answers = True
        first, self._heads = self._heads is None, found
        if first:
            self.on_answer()
        return True

    def _run(self) -> None:
        while not self._recall():
            if self._stopping.wait(RETRY):
                return
        give_up_at = time.monotonic() + self._patience
        while not self._stopping.is_set():
            if not self.refresh() and not self._confirmed and time.monotonic() > give_up_at:
                self._given_up = True
            self._tell()
            self._stopping.wait(self._interval if self._answers else min(RETRY, self._interval))

    def _recall(self) -> bool:
        """Learn when a process of before last saw that all it had read was signed; return whether
        the database has told it.
        """
        chosen = select(self._leases.c.expires_at).where(self._leases.c.name == COVERED)
        try:
            with self._reads.connect() as connection:
                self._covered_at = connection.execute(chosen).scalar()
        except SQLAlchemyError as error:
            if self._limit.allow("database"):
                _log.warning("consumer.database_away", fault=type(error).__qualname__)
            return False
        return True

    def _tell(self) -> None:
        halt = self.halt
        reason = None if halt is None else halt.reason
        if reason is self._halted:
            return
        self._halted = reason
        if halt is not None and reason is HaltReason.LEDGER_STALLED:
            _log.error("ledger.stalled", why=halt.why)

    def _age(self) -> float:
        """Return the seconds since all that was read was signed; 0 while that is not known."""
        return 0.0 if self._covered_at is None else (self._wall() - self._covered_at) / SECOND

    def _stale(self) -> bool:
        if self._source is None:
            return False
        return self._covered_at is None or self._age() > self._source.longest_age

    def _stalled(self) -> str:
        assert self._source is not None
        where = self._source.where
        what = f"{where} signs nothing further" if self._answers else f"{where} does not answer"
        if self._covered_at is None:
            return f"{what}, and this database has never been compared with what it has signed"
        return f"{what}; what was read is unsigned for {self._age() / 60:.0f} minutes"


def _cover(heads: Heads, positions: Mapping[int, int]) -> bool:
    """Return whether all records before these positions are signed."""
    signed = {partition: head.signed for partition, head in heads.items()}
    return all(signed.get(partition, 0) >= position for partition, position in positions.items())
