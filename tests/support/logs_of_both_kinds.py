"""The log of a test: Kafka's, or the one in memory, by the same methods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from motcua.events.v1.event_pb2 import Event

from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.consumer.reading.log_reader import LogReader
from kernel.eventsourcing.envelope import Headers
from kernel.outbox.producer import EventProducer, Producer
from tests.support import feed
from tests.support.memory_log import PARTITIONS, MemoryLog, MemoryProducer, MemoryReader
from tests.support.tally import Node

RawRecords = Sequence[tuple[bytes | None, bytes | None]]


class AnyLog(Protocol):
    """A fresh, empty log."""

    topic: str

    def put_raw(self, records: RawRecords) -> list[tuple[int, int]]:
        """Publish keys and values; return each record's partition and offset."""
        ...

    def put(self, events: Iterable[Event]) -> None:
        """Publish events of other services."""
        ...

    def read(self) -> list[Event]:
        """Return all events; partitions one after the other."""
        ...

    def connect(self) -> LogReader:
        """Return a reader, to be closed."""
        ...

    def producer(self, source: str) -> Producer:
        """Return what puts a service's events on the log, to be closed."""
        ...

    def node(self, url: str, **options: Any) -> Node:
        """Return the small service of the tests on this log."""
        ...


class KafkaLog:
    """A topic of a real broker."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.topic = topic
        self._bootstrap = bootstrap
        self.put_raw = partial(feed.put_raw, bootstrap, topic)
        self.put = partial(feed.put, bootstrap, topic)
        self.read = partial(feed.log_of, bootstrap, topic)
        self.connect = partial(KafkaReader, bootstrap, topic)

    def producer(self, source: str) -> Producer:
        """Return the relay's producer."""
        return EventProducer(self._bootstrap, self.topic, source)

    def node(self, url: str, **options: Any) -> Node:
        """Return the small service of the tests on this topic."""
        return Node(self._bootstrap, self.topic, url, **options)


class LogInMemory:
    """A log that is gone with the test."""

    topic = "memory"

    def __init__(self) -> None:
        self._log = MemoryLog()

    def put_raw(self, records: RawRecords) -> list[tuple[int, int]]:
        """Publish keys and values; return each record's partition and offset."""
        return [self._log.append(key, value)[:2] for key, value in records]

    def put(self, events: Iterable[Event]) -> None:
        """Publish events of other services."""
        self.put_raw([(event.stream_id.encode(), event.SerializeToString()) for event in events])

    def put_with(self, event: Event, pairs: Headers) -> None:
        """Publish an event with these headers."""
        self._log.append(event.stream_id.encode(), event.SerializeToString(), pairs)

    def read(self) -> list[Event]:
        """Return all events; partitions one after the other."""
        log = self._log
        found = [r for p in range(PARTITIONS) for r in log.read(p, 0, log.end(p))]
        return [Event.FromString(record.value or b"") for record in found]

    def connect(self) -> LogReader:
        """Return a reader."""
        return MemoryReader(self._log)

    def producer(self, source: str) -> Producer:
        """Return what puts a service's events on this log."""
        return MemoryProducer(self._log, source)

    def node(self, url: str, **options: Any) -> Node:
        """Return the small service of the tests on this log."""
        return Node("", self.topic, url, log=self._log, **options)


@dataclass(frozen=True)
class TallyOn:
    """Where the small service of the tests runs."""

    log: AnyLog
    url: str

    def __call__(self, **options: Any) -> Node:
        """Return the service, as a context manager."""
        return self.log.node(self.url, **options)
