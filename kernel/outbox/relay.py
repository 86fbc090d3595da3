"""The outbox relay: publishes what a service has committed, row by row, until the broker has it.

A relay that dies between sending and forgetting sends twice; readers skip what they have seen. Two
relays of one database would do no harm but that, and the lease keeps the second one waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine

from kernel.base.backoff import ExponentialBackoff
from kernel.base.errors import Conflict, Unavailable
from kernel.eventsourcing.envelope import Stream
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.leases import Lease
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.cluster import Bootstrap
from kernel.outbox.outbox import Outbox, OutboxStatus, Waiting
from kernel.outbox.producer import REFUSALS, EventProducer, Producer
from kernel.outbox.published import LogWentBack, Sent, note
from kernel.telemetry import metrics
from kernel.telemetry.logs import RateLimit, fault, get_logger
from kernel.telemetry.tracing import span_from
from kernel.telemetry.vital_threads import vital_thread

T = TypeVar("T")
POLL = 0.2
"""Seconds after which the outbox is looked at without a notification."""
LEASE = 5.0
RENEW = 1.5
FIRST_WAIT = 0.2
LONGEST_WAIT = 2.0
"""Seconds between two tries while the broker or the database does not answer."""
_log = get_logger(__name__)


class Relay:
    """One service's publisher, in a thread of its own."""

    def __init__(
        self,
        writer: Writer,
        reads: Engine,
        model: Model,
        bootstrap: Bootstrap,
        topic: str,
        *,
        broker_now: Callable[[], int | None] = lambda: None,
        before_forget: Callable[[Sequence[Waiting]], None] | None = None,
        before_send: Callable[[Sequence[Waiting]], None] | None = None,
        producer: Producer | None = None,
        may_publish: Callable[[], bool] = lambda: True,
    ) -> None:
        """``reads`` is a read-only engine on the writer's database; ``broker_now`` returns the
        broker's time in microseconds UTC, None while it is unknown; the two hooks are for tests of
        crashes, ``producer`` for another log than Kafka's. While ``may_publish`` returns false,
        events wait.
        """
        self._writer = writer
        self._outbox = Outbox(model, reads)
        self._sender = producer or EventProducer(
            bootstrap, topic, model.source, broker_now, model.authenticator
        )
        self._may_publish = may_publish
        self._before_forget = before_forget
        self._before_send = before_send
        self._lease = Lease("relay", LEASE)
        self._leading_until = 0.0
        self._wake_up = threading.Event()
        self._stopping = threading.Event()
        self._failures = 0
        self._backoff = ExponentialBackoff(FIRST_WAIT, LONGEST_WAIT)
        self._log_limit = RateLimit()
        self._thread = vital_thread(self._run, "relay")
        writer.on_publish(self._wake_up.set)
        metrics.OUTBOX_SIZE.observe(lambda: self.status().size)
        metrics.OUTBOX_AGE.observe(lambda: self.status().age_seconds)
        metrics.OUTBOX_QUARANTINED.observe(lambda: self.status().quarantined)

    def start(self) -> None:
        """Start the thread; needs neither broker nor database to be there."""
        self._thread.start()

    def stop(self, timeout: float = 20.0) -> None:
        """End the thread once what it has sent is acknowledged and forgotten; stop it before the
        writer.
        """
        self._stopping.set()
        self._wake_up.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def status(self) -> OutboxStatus:
        """Return how much waits; reads the database."""
        return self._outbox.status(time.time_ns() // 1000)

    def release(self, stream_id: str = "") -> int:
        """Have events that the broker refused sent again, those of a stream or all; return how
        many. Blocks.
        """
        released = self._write(partial(self._outbox.release, stream_id=stream_id))
        self._wake_up.set()
        return released

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self._iterate()
            except Exception as error:
                self._wait_after(error)
                continue
            if not busy:
                self._wake_up.wait(POLL)
                self._wake_up.clear()
        self._end()

    def _iterate(self) -> bool:
        """Publish one batch; return whether there may be more."""
        if not self._lead():
            self._stopping.wait(POLL)
            return False
        self._wake_up.clear()
        rows = self._outbox.next()
        if not (rows and self._may_publish()):
            return False
        with span_from(rows[0].trace, "relay.publish", "producer", events=len(rows)) as span:
            failure = self._publish(rows)
            if failure is not None:
                span.fail(type(failure).__qualname__)
        if failure is None:
            self._failures = 0
            self._backoff.reset()
            return True
        metrics.PUBLISH_FAILURES.add(1, {"fault": type(failure).__name__})
        if isinstance(failure, REFUSALS):
            self._one_by_one(rows)
        else:
            self._wait_after(failure)
        return True

    def _publish(self, rows: Sequence[Waiting]) -> Exception | None:
        if self._before_send is not None:
            self._before_send(rows)
        acked, failure = self._sender.send(rows)
        if acked:
            if self._before_forget is not None:
                self._before_forget([sent.row for sent in acked])
            known = self._write(partial(self._forget, acked=acked))
            metrics.PUBLISHED.add(known)
            if known < len(acked):
                return LogWentBack()
        return failure

    def _forget(self, uow: UnitOfWork, acked: Sequence[Sent]) -> int:
        """Forget what the log has, and return how much; what another log has taken waits on."""
        rows = note(uow, acked)
        self._outbox.sent(uow, rows)
        return len(rows)

    def _one_by_one(self, rows: Sequence[Waiting]) -> None:
        """Find the refused ones: a record may have failed only for its neighbour's fault."""
        quarantined: set[Stream] = set()
        known = {row.id for row in rows}
        for row in (r for r in self._outbox.next() if r.id in known):
            if self._stopping.is_set() or not self._lead():
                return
            if row.stream in quarantined:
                continue
            failure = self._publish([row])
            if failure is None:
                continue
            if not isinstance(failure, REFUSALS):
                self._wait_after(failure)
                return
            quarantined.add(row.stream)
            self._write(partial(self._outbox.quarantine, row=row, reason=type(failure).__name__))
            if self._log_limit.allow("quarantined"):
                _log.error("relay.quarantined", fault=type(failure).__name__, sequence=row.sequence)

    def _lead(self) -> bool:
        now = time.monotonic()
        if now < self._leading_until - (LEASE - RENEW):
            return True
        was = self._leading_until > now
        if self._write(self._lease.take):
            self._leading_until = now + LEASE
            if not was:
                _log.info("relay.leading")
            return True
        self._leading_until = 0.0
        return False

    def _write(self, work: Callable[[UnitOfWork], T]) -> T:
        return self._writer.submit(work).result()

    def _wait_after(self, error: Exception) -> None:
        self._failures += 1
        if self._log_limit.allow("waiting"):
            away = isinstance(error, Unavailable | Conflict)
            name = getattr(error, "code", "") or "database"
            fields = {"fault": name.lower()} if away else fault(error)
            _log.warning("relay.waiting", tries=self._failures, **fields)
        self._stopping.wait(self._backoff.next_delay())

    def _end(self) -> None:
        try:
            self._iterate()  # what the consumer wrote as it ended
        except Exception as error:
            self._wait_after(error)
        self._sender.close()
        try:
            self._write(self._lease.release)
        except Exception:
            pass
