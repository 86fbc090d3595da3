"""The consumer's thread: commits what Faust delivers, reads in bulk what it does not, and checks
for stalled partitions every second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from kernel.base.halt import Halt, HaltReason
from kernel.consumer.applying import positions, quarantine_rows
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.committer import Committer, Halted, Stopped
from kernel.consumer.applying.positions import Fenced
from kernel.consumer.applying.stats import ConsumerStats
from kernel.consumer.catch_up import CatchUp
from kernel.consumer.decisions import batches, without_outcome
from kernel.consumer.decisions.beginnings import introduce
from kernel.consumer.decisions.discards import find_discards
from kernel.consumer.reading.buffer import Buffer
from kernel.consumer.reading.log_comparison import LogDiffers, require_same
from kernel.consumer.reading.log_reader import LogDamaged, LogReader, LogUnavailable
from kernel.consumer.reading.stall_detector import INTERVAL, StallDetector
from kernel.consumer.redrive import redrive
from kernel.eventsourcing.readiness import Readiness, note_whole
from kernel.eventsourcing.service_model import Model
from kernel.ledger.ledger_watch import LedgerWatch
from kernel.outbox import published
from kernel.storage.seen_database import SeenDatabase
from kernel.telemetry import metrics
from kernel.telemetry.logs import RateLimit, fault, get_logger

_HOLD = 0.5
_TOPIC_HOLD = 0.05
"""Shorter: each process waits for the first look at its topic."""
_LOOK_AGAIN = 2.0
_log = get_logger(__name__)


class ConsumerWorker:
    """Owns the positions; everything it writes goes through the writer."""

    def __init__(
        self,
        reads: Engine,
        model: Model,
        applier: Applier,
        committer: Committer,
        buffer: Buffer,
        stats: ConsumerStats,
        connect: Callable[[], LogReader],
        stopping: threading.Event,
        seen: SeenDatabase,
        stall_detector: StallDetector,
        may_react: Callable[[], bool],
        readiness: Readiness,
        ledger: LedgerWatch,
    ) -> None:
        self._reads = reads
        self._model = model
        self._live = applier
        self._bulk = replace(applier, reacting=False)
        self._committer = committer
        self._buffer = buffer
        self._stats = stats
        self._connect = connect
        self._stopping = stopping
        self._seen = seen
        self._stall_detector = stall_detector
        self._may_react = may_react
        self._readiness = readiness
        self._ledger = ledger
        self._partitions: list[int] = []
        self._first_ends: dict[int, int] = {}
        self._next_check = 0.0
        self._next_record = time.monotonic() + without_outcome.INTERVAL
        self._reader: LogReader | None = None
        self._log_limit = RateLimit()
        self.pending = True
        """Whether reactions may be waiting; anybody may set it."""
        self.replaced = False
        """Whether a rebuild has replaced the tables; anybody may set it."""

    def run(self) -> None:
        """Work until ``stopping`` is set. No fault ends it but a limit of the quarantine."""
        while not self._stopping.is_set():
            try:
                self._iterate()
            except Stopped:
                break
            except Halted as halt:
                self._stats.halt = Halt(HaltReason.QUARANTINE_LIMIT, str(halt))
                _log.error("consumer.halted", why=str(halt))
                self._stopping.wait()
            except (LogDiffers, LogDamaged) as difference:
                self._hold(difference)
            except Fenced:
                self._stats.fenced += 1
                metrics.FENCED.add(1)
                _log.warning("consumer.fenced")
                self._buffer.clear()
            except Exception as error:
                self._recover(error)
        self._end()

    def _iterate(self) -> None:
        if self._readiness.topic_halt() is not None:
            self._stopping.wait(_TOPIC_HOLD)
            return
        if self.replaced:
            self.replaced = False
            self._start_again()
        if not self._partitions:
            self._begin()
        if not (self._may_react() and self._ledger.open):
            self._compare()
            self._stopping.wait(_HOLD)
            return
        batch = self._buffer.take()
        if batch is not None:
            if self._committer.commit(batch, self._live):
                self.pending = True
            self._stats.live += len(batch.records)
        behind = self._buffer.behind()
        if behind:
            self._read_bulk(behind)
        if self.pending and self._stats.ready:
            self.pending = False
            self._committer.run_pending(self._live)
        if self._readiness.asked.is_set() or time.monotonic() >= self._next_check:
            self._readiness.asked.clear()
            self._next_check = time.monotonic() + INTERVAL
            self._check_stalls()
        if time.monotonic() >= self._next_record:
            self._record_decisions()
        self._buffer.wait(max(0.0, self._next_check - time.monotonic()))

    def _record_decisions(self) -> None:
        """Put on the log which causes have brought nothing since the last time."""
        self._next_record = time.monotonic() + without_outcome.INTERVAL
        if self._model.reactions and self._stats.ready:
            record = partial(without_outcome.record, clock=self._live.clock)
            while self._committer.run(record) == without_outcome.MOST:
                pass

    def _end(self) -> None:
        try:
            self._record_decisions()
        except Exception as error:  # it is noted, and recorded after the next start
            _log.warning("consumer.failed", **fault(error))
        self._close()

    def _begin(self) -> None:
        _stored, ends = self._compare()
        partitions = list(ends)
        if not self._stats.ready:
            self._first_ends = ends
        reached = self._committer.run(partial(positions.begin, partitions=partitions))
        with self._reads.connect() as connection:
            discards = find_discards(connection, self._model, self._log(), reached)
            self._live = replace(self._live, discards=discards)
            self._bulk = replace(self._bulk, discards=discards)
            waiting = quarantine_rows.heads(
                connection, self._model.tables, quarantine_rows.NEEDS_UPGRADE
            )
        for stream_id in waiting:
            redrive(self._committer.run, self._bulk, stream_id)
        self._buffer.request_bulk_read(partitions)
        self._partitions = partitions
        _log.info("consumer.started", partitions=len(partitions))

    def _start_again(self) -> None:
        """Go on from the positions in the database, and with what it says is pending."""
        self._buffer.clear()
        self._partitions = []
        self.pending = True

    def _read_bulk(self, partitions: Collection[int]) -> None:
        stored, _ends = self._compare()
        reader = CatchUp(
            self._log(),
            self._committer,
            self._bulk,
            self._stats,
            self._stopping,
            self._readiness.confirm,
        )
        reached = reader.to_the_end({p: stored[p] for p in partitions})
        self._buffer.resume_from(reached)
        self.pending = True
        self._check_ready(reached)

    def _check_ready(self, reached: dict[int, int]) -> None:
        for partition, position in reached.items():
            if position >= self._first_ends.get(partition, 0):
                self._first_ends.pop(partition, None)
        if not self._first_ends and not self._stats.ready:
            self._committer.run(batches.complete)
            self._committer.run(partial(introduce, clock=self._live.clock))
            self._committer.run_pending(self._live)
            self._committer.run(note_whole)
            self._stats.ready = self._readiness.caught_up = True
            _log.info("consumer.caught_up", handled=self._stats.handled)

    def _check_stalls(self) -> None:
        self._committer.try_room()
        stored, ends = self._compare()
        if self._ledger.due():
            self._committer.run(self._ledger.note)
        found = self._stall_detector.check(ends, stored, self._buffer)
        self._stats.lag = {p: max(0, ends[p] - stored[p]) for p in ends}
        self._check_ready(stored)
        if found:
            missing = sum(ends[p] - stored[p] for p in found)
            self._stats.stalled += missing
            metrics.STALLED.add(missing)
            self._buffer.request_bulk_read(found)
        with self._reads.connect() as connection:
            loose = quarantine_rows.heads(connection, self._model.tables, quarantine_rows.BEHIND)
        for stream_id in loose:  # quarantined by another worker during a redrive by this one
            redrive(self._committer.run, self._bulk, stream_id)
            self.pending = True

    def _compare(self) -> tuple[dict[int, int], dict[int, int]]:
        """Return the stored positions and where the partitions end; raise ``LogDiffers`` when the
        log is another one than that which was read so far.
        """
        # In this order: another worker may move the positions while the ends are read.
        recorded = self._ledger.heads()
        with self._reads.connect() as connection:
            stored = positions.load(connection, self._model.tables)
            read = positions.load_marks(connection, self._model.tables)
            written = published.load(connection, self._model.tables)
        self._seen.note_positions(stored)
        ends = require_same(
            self._log(), stored, read, written, recorded, leaves=self._ledger.is_new(recorded)
        )
        self._ledger.confirm(recorded, stored)
        if self._ledger.open:
            self._readiness.confirm()
        self._stats.halt = None
        return stored, ends

    def _hold(self, difference: LogDiffers | LogDamaged) -> None:
        """Take nothing from another log, or a damaged one; look again soon whether the right one is
        back.
        """
        if not self._readiness.differs:
            _log.error("consumer.log_differs", why=str(difference))
        self._readiness.differs = str(difference)
        self._stats.halt = Halt(HaltReason.LOG_DIFFERS, str(difference))
        self._stats.lag = {}
        self._close()
        self._start_again()
        self._stopping.wait(_LOOK_AGAIN)

    def _log(self) -> LogReader:
        if self._reader is None:
            self._reader = self._connect()
        return self._reader

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _recover(self, error: Exception) -> None:
        """Prepare to start again from the positions in the database."""
        away = isinstance(error, LogUnavailable)
        if self._log_limit.allow("away" if away else "fault"):
            if away:
                _log.warning("consumer.log_away", fault=str(error))
            elif isinstance(error, SQLAlchemyError):
                _log.warning("consumer.database_away", fault=type(error).__qualname__)
            else:
                _log.error("consumer.failed", **fault(error))
        self._stats.lag = {}
        self._close()
        self._buffer.clear()
        self._stopping.wait(0.3 if away else 1.0)
