"""The consumer of a service: composes its parts and reports on them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Engine

from kernel.base.clock import Clock
from kernel.base.halt import FULL, Halt
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.committer import Committer
from kernel.consumer.applying.quarantine_limit import QuarantineBounds, QuarantineLimit
from kernel.consumer.applying.stats import ConsumerStats
from kernel.consumer.quarantine import Quarantine
from kernel.consumer.reading.buffer import Buffer
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.consumer.reading.log_reader import LogReader
from kernel.consumer.reading.stall_detector import PATIENCE, StallDetector
from kernel.consumer.worker import ConsumerWorker
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.readiness import Readiness
from kernel.eventsourcing.service_model import Model
from kernel.kafka.cluster import Bootstrap
from kernel.ledger.ledger_watch import LedgerWatch
from kernel.telemetry import metrics
from kernel.telemetry.logs import get_logger
from kernel.telemetry.vital_threads import vital_thread

FAUST_DEAD = 75
"""Exit status that asks the supervisor for a restart (EX_TEMPFAIL)."""
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """The status of a consumer; counts since its start."""

    ready: bool
    """Whether it has once read to where the log ended when it started."""
    halt: Halt | None
    """Why it takes nothing at present; None while it runs."""
    lag: int
    """Records of the log not yet handled; -1 while the broker does not answer."""
    lags: Mapping[int, int]
    handled: int
    repeats: int
    unknown: int
    key_mismatches: int
    reactions: int
    live: int
    bulk: int
    stalled: int
    fenced: int
    transactions: int

    @property
    def halted(self) -> str:
        """In words why it takes nothing; empty while it runs."""
        return "" if self.halt is None else self.halt.why


class Consumer:
    """Reads the log into the service's database, in a thread of its own.

    ``start`` does not need the broker or the database: the thread waits for both.
    """

    def __init__(
        self,
        writer: Writer,
        reads: Engine,
        model: Model,
        clock: Clock,
        bootstrap: Bootstrap,
        topic: str,
        *,
        bounds: QuarantineBounds | None = None,
        patience: float = PATIENCE,
        on_dead: Callable[[], None] | None = None,
        may_react: Callable[[], bool] = lambda: True,
        connect: Callable[[], LogReader] | None = None,
        topic_halt: Callable[[], Halt | None] = lambda: None,
        ledger: LedgerWatch | None = None,
    ) -> None:
        """``reads`` is a read-only engine on the writer's database.

        ``on_dead`` is called when Faust has delivered nothing for ``patience`` seconds although
        there was something to deliver; by default the process ends at once with status 75.
        While ``may_react`` returns false, nothing is committed: reactions would be written with a
        wrong time. ``connect`` returns a reader of another log than Kafka's, ``topic_halt`` why
        the topic may not be used; ``ledger`` knows what the ledger has.
        """
        self._writer = writer
        self.buffer = Buffer()
        self.stats = ConsumerStats()
        self._stopping = threading.Event()
        limit = QuarantineLimit(bounds or QuarantineBounds())
        applier = Applier(topic, clock, limit)
        self._ledger = ledger or LedgerWatch(None, reads, model.tables.leases)
        self.readiness = Readiness(reads, model, topic_halt, lambda: self._ledger.halt)
        """What the log allows this process to do."""
        self.readiness.on_ask = self.buffer.wake
        self._ledger.on_answer = self._compare_again
        self._worker = ConsumerWorker(
            reads,
            model,
            applier,
            Committer(writer, limit, self._stopping, self.stats),
            self.buffer,
            self.stats,
            connect or partial(KafkaReader, bootstrap, topic),
            self._stopping,
            writer.seen,
            StallDetector(on_dead or _end_process, patience),
            may_react,
            self.readiness,
            self._ledger,
        )
        writer.on_replaced(self._read_again)
        redriver = replace(applier, limit=None, reacting=False)
        self.quarantine = Quarantine(reads, writer, model, redriver, self._run_pending)
        self._thread = vital_thread(self._worker.run, "consumer")
        metrics.LAG.observe(
            lambda: [(n, {"partition": p}) for p, n in dict(self.stats.lag).items()]
        )
        metrics.QUARANTINED.observe(self.quarantine.count)

    def start(self) -> None:
        """Start the thread: it reads the log to its end in bulk, then what Faust delivers."""
        self._thread.start()

    def stop(self, timeout: float = 15.0) -> None:
        """End the thread after its transaction; blocks for ``timeout`` seconds at most."""
        self._stopping.set()
        self.buffer.wake()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def status(self) -> ConsumerStatus:
        """Return the status; never blocks."""
        stats, lags = self.stats, dict(self.stats.lag)
        halt = self.readiness.topic_halt() or (FULL if self._writer.full else stats.halt)
        halt = halt or self._ledger.halt
        return ConsumerStatus(
            ready=stats.ready and halt is None,
            halt=halt,
            lag=sum(lags.values()) if lags else -1,
            lags=lags,
            handled=stats.handled,
            repeats=stats.repeats,
            unknown=stats.unknown,
            key_mismatches=stats.mismatches,
            reactions=stats.reactions,
            live=stats.live,
            bulk=stats.bulk,
            stalled=stats.stalled,
            fenced=stats.fenced,
            transactions=stats.transactions,
        )

    def _compare_again(self) -> None:
        self.readiness.asked.set()
        self.buffer.wake()

    def _read_again(self) -> None:
        self._worker.replaced = True
        self.buffer.wake()

    def _run_pending(self) -> None:
        self._worker.pending = True
        self.buffer.wake()


def _end_process() -> None:
    _log.error("consumer.faust_dead")
    os._exit(FAUST_DEAD)
