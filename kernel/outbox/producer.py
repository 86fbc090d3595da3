"""The producer of the outbox relay: sends events to Kafka and waits for the acknowledgement."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from kafka.errors import (
    InvalidRecordError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.envelope import Stream, headers
from kernel.kafka.clients import make_producer
from kernel.kafka.cluster import Bootstrap
from kernel.outbox.outbox import Waiting
from kernel.outbox.published import Sent

REFUSALS = (
    InvalidRecordError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
"""The broker's or the client's "no" to a record, which no retry will change. A time stamp that
is refused is not among them: it is given at each sending, by a clock that can be set right.
"""
CONNECT_MS = 2_500
REQUEST_MS = 5_000
DELIVERY_MS = 10_000


class Producer(Protocol):
    """Puts rows on the log; for one thread."""

    def send(self, rows: Sequence[Waiting]) -> tuple[list[Sent], Exception | None]:
        """Send rows in order; return those that the log has with their places, and the first
        fault.
        """
        ...

    def close(self) -> None:
        """End it; what it has not sent by now is sent again by the next one."""
        ...


class EventProducer:
    """Holds the producer; use from one thread.

    After one refused record kafka-python's idempotent producer fails every later send, so any
    failure ends the producer, and the next send makes a new one.
    """

    def __init__(
        self,
        bootstrap: Bootstrap,
        topic: str,
        source: str,
        broker_now: Callable[[], int | None] = lambda: None,
        authenticator: Authenticator | None = None,
    ) -> None:
        """``authenticator`` proves the records. ``broker_now`` gives the log's time in
        microseconds, or None when it is not known: by it records are stamped, so that a wrong clock
        here has none of them refused.
        """
        self._bootstrap = bootstrap
        self._topic = topic
        self._source = source
        self._broker_now = broker_now
        self._authenticator = authenticator
        self._producer: Any = None

    def send(self, rows: Sequence[Waiting]) -> tuple[list[Sent], Exception | None]:
        """Send rows in order; gives those that the broker acknowledged, and the first fault.

        Of a stream no row is acknowledged here after one that failed.
        """
        futures: list[Any] = []
        fault: Exception | None = None
        try:
            producer = self._connected()
            for row in rows:
                futures.append(self._send(producer, row))
        except (KafkaError, OSError, AssertionError, ValueError) as error:
            fault = error
        acked, failure = _collect(rows, futures)
        fault = failure or fault
        if fault is not None:
            self.close()
        return acked, fault

    def close(self) -> None:
        """End the producer; what it has not sent by now is sent again by the next one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                producer.close(timeout=1)
            except Exception:
                pass

    def _connected(self) -> Any:
        if self._producer is None:
            self._producer = make_producer(
                self._bootstrap,
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=CONNECT_MS,
                request_timeout_ms=REQUEST_MS,
                delivery_timeout_ms=DELIVERY_MS,
                max_block_ms=REQUEST_MS,
                reconnect_backoff_max_ms=1_000,
                metrics_enabled=False,
            )
        return self._producer

    def _send(self, producer: Any, row: Waiting) -> Any:
        pairs = headers(
            row.event_id, row.type, self._source, row.stream, row.occurred_at, row.trace, row.batch
        )
        if self._authenticator is not None:
            pairs = [*pairs, self._authenticator.header(self._source, row.body, row.batch)]
        now = self._broker_now()
        return producer.send(
            self._topic,
            row.body,
            key=row.stream_id.encode(),
            headers=list(pairs),
            timestamp_ms=None if now is None else now // 1_000,
        )


def _collect(
    rows: Sequence[Waiting], futures: Sequence[Any]
) -> tuple[list[Sent], Exception | None]:
    acked: list[Sent] = []
    failed: set[Stream] = set()
    fault: Exception | None = None
    deadline = time.monotonic() + DELIVERY_MS / 1000 + 2
    for row, future in zip(rows, futures, strict=False):
        try:
            place = future.get(timeout=max(0.0, deadline - time.monotonic()))
        except Exception as error:
            failed.add(row.stream)
            fault = fault or error
        else:
            if row.stream not in failed:
                acked.append(Sent(row, place.partition, place.offset))
    return acked, fault
