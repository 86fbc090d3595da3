"""Gets batches committed, whatever comes in between.

The database is away: wait, here, for as long as it takes. A handler fails: commit what is before
it, try it some times, then quarantine it; the records after it go on. Too many quarantined: stop.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, InternalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kernel.base.backoff import ExponentialBackoff
from kernel.base.errors import Busy, Conflict, Unavailable
from kernel.consumer.applying import room
from kernel.consumer.applying.batch import Batch, Place
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.positions import Fenced
from kernel.consumer.applying.quarantine_limit import QuarantineLimit, Tripped
from kernel.consumer.applying.reactions import ReactionFailed, give_up, run_some
from kernel.consumer.applying.results import Applied, RecordFailed
from kernel.consumer.applying.stats import ConsumerStats
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.telemetry.logs import RateLimit, get_logger
from kernel.telemetry.tracing import recording, span_from

T = TypeVar("T")
TRIES = 3
"""How often a record is tried before it is quarantined."""
CONTENDED_SECONDS = 10.0
"""For how long a record is tried whose rows clash with what others write."""
FIRST_WAIT = 0.07
LONGEST_WAIT = 2.0
"""Seconds between two tries while the database is away."""
_AWAY = (InterfaceError, InternalError, PoolTimeout)
"""What a database says that is changing over to another server, besides not answering."""
_log = get_logger(__name__)


class Stopped(Exception):
    """The consumer was told to stop while it waited."""


class Halted(Exception):
    """A limit of the quarantine was reached; the text says which."""


class Committer:
    """Commits through the writer; used in the consumer's thread only."""

    def __init__(
        self,
        writer: Writer,
        limit: QuarantineLimit | None,
        stopping: threading.Event,
        tally: ConsumerStats,
        refused: Mapping[Place, str] | None = None,
    ) -> None:
        """``refused`` are records known to fail, which are quarantined without being tried."""
        self._refused = refused or {}
        self._writer = writer
        self._limit = limit
        self._stopping = stopping
        self._tally = tally
        self._log_limit = RateLimit()

    def begin(self, batch: Batch, applier: Applier) -> Future[Applied]:
        """Begin to commit a batch; to be ended by ``commit`` before the next one is begun."""
        work = partial(applier.apply, batch=batch, refused=self._refused)
        return self._writer.exclusive(work)

    def commit(self, batch: Batch, applier: Applier, begun: Future[Applied] | None = None) -> int:
        """Commit a batch, in parts where that is needed; gives how many reactions were left for
        later.

        ``begun`` is the first try, when there was one. Raise ``Fenced``, ``Halted`` or
        ``Stopped``; what was not committed is then to be read again.
        """
        refused: dict[Place, str] = dict(self._refused)
        tries: Counter[Place] = Counter()
        contended: list[float] = []
        pended = 0
        parts = [batch]
        while parts:
            part = parts.pop()
            try:
                work = partial(applier.apply, batch=part, refused=refused)
                first, begun = begun, None
                done = self.run(work, first)
            except (Fenced, Stopped):
                raise
            except RecordFailed as failure:
                self._failed(failure, tries, refused)
                parts += _around(part, failure.place)
            except Tripped as trip:
                self._halt(part, trip, applier, refused)
            except Exception as error:
                if len(part.records) < 2:
                    if isinstance(error, Conflict) and self._contended(contended):
                        parts.append(part)
                        continue
                    self._failed(_blame(part, error), tries, refused)
                    parts.append(part)
                else:
                    parts += reversed(part.split(len(part.records) // 2))
            else:
                contended.clear()
                self._count(done)
                if applier.reacting:
                    self._tally.delay(done, applier.clock.now())
                if applier.reacting and recording():
                    _trace(part)
                pended += done.pended
        return pended

    def run_pending(self, applier: Applier) -> None:
        """Run the reactions that were left for later, in order, until none is left that can be
        run.
        """
        tries: Counter[str] = Counter()
        while True:
            try:
                rows, acted = self.run(partial(run_some, clock=applier.clock))
            except ReactionFailed as failure:
                event_id = failure.row["event_id"]
                tries[event_id] += 1
                if tries[event_id] < TRIES:
                    self._pause(tries[event_id])
                else:
                    _log.error("consumer.quarantined", fault=failure.kind, reason="handler_error")
                    self.run(partial(give_up, topic=applier.topic, failure=failure))
                continue
            self._tally.count_reactions(acted)
            if not rows:
                return

    def run(self, work: Callable[[UnitOfWork], T], begun: Future[T] | None = None) -> T:
        """Run a transaction of its own; waits while the database is away, and raise ``Stopped`` at
        the end.
        """
        backoff = ExponentialBackoff(FIRST_WAIT, LONGEST_WAIT)
        while True:
            try:
                return (begun or self._writer.exclusive(work)).result()
            except (Unavailable, Busy, *_AWAY):
                begun = None
                if self._log_limit.allow("database"):
                    _log.warning("consumer.database_away")
                if self._stopping.wait(backoff.next_delay()):
                    raise Stopped from None

    def try_room(self) -> None:
        """When the database's disk was full at the last write, find out whether it still is."""
        if self._writer.full:
            with suppress(Unavailable, Busy, *_AWAY):
                self._writer.exclusive(room.take).result()
                self._writer.exclusive(room.give).result()

    def _count(self, done: Applied) -> None:
        if self._limit is not None:
            self._limit.count(done.outcomes)
        self._tally.add(done)
        if done.conflicts and self._log_limit.allow("conflicting"):
            _log.error("consumer.conflicting", records=done.conflicts)
        if (count := sum(done.outcomes)) and self._log_limit.allow("unusable"):
            _log.warning("consumer.unusable", records=count)

    def _failed(
        self, failure: RecordFailed, tries: Counter[Place], refused: dict[Place, str]
    ) -> None:
        if failure.place in refused:
            raise failure  # it can't even be quarantined
        tries[failure.place] += 1
        if tries[failure.place] < TRIES:
            self._pause(tries[failure.place])
            return
        refused[failure.place] = failure.kind
        partition, offset = failure.place
        if self._log_limit.allow("quarantined"):
            _log.error(
                "consumer.quarantined", partition=partition, offset=offset, fault=failure.kind,
                reason="handler_error",
            )  # fmt: skip

    def _contended(self, since: list[float]) -> bool:
        """Wait a moment and return whether to try again: the record may be in order, and others
        write where it does. ``since`` is when that began, if it has.
        """
        now = time.monotonic()
        if not since:
            since.append(now)
        if now - since[0] > CONTENDED_SECONDS:
            return False
        if self._stopping.wait(random.uniform(0.1, 0.3)):
            raise Stopped
        return True

    def _pause(self, tried: int) -> None:
        if self._stopping.wait(random.uniform(0.5, 1.0) * 0.05 * 4**tried):
            raise Stopped

    def _halt(
        self, part: Batch, trip: Tripped, applier: Applier, refused: dict[Place, str]
    ) -> None:
        if trip.index:
            head, _rest = part.split(trip.index)
            done: Applied = self.run(partial(applier.apply, batch=head, refused=refused))
            self._count(done)
        raise Halted(trip.reason) from trip


def _around(part: Batch, place: Place) -> list[Batch]:
    """Cut out the record at fault; the last part is to be committed first."""
    try:
        index = part.find(place)
    except ValueError:  # it was waiting in the quarantine, and a record of this batch set it free
        index = len(part.records)
    if len(part.records) < 2 or index == len(part.records):
        return [part]
    head, rest = part.split(index)
    culprit, tail = rest.split(1)
    return [b for b in (tail, culprit, head) if b.records or b.target]


def _blame(part: Batch, error: Exception) -> RecordFailed:
    if not part.records:
        raise error
    first = part.records[0]
    return RecordFailed((first.partition, first.offset), type(error).__qualname__)


def _trace(batch: Batch) -> None:
    """Mark in the trace of each live record that its effects are committed here."""
    for record in batch.records:
        with span_from(
            record.header("traceparent"),
            "log.applied",
            "consumer",
            partition=record.partition,
            offset=record.offset,
            type=record.header("ce_type"),
        ):
            pass
