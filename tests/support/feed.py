"""Other services' events, put on the log by tests, and waiting for what comes of them."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted

from kernel.consumer.decisions.service_stream import SERVICE
from tests.support.events import make_event

START = 1_628_474_400_000_000


def supplement(code: str, sequence: int, round_: int = 1, source: str = "intake") -> Event:
    """Return the event that says that a supplement was handed in."""
    return make_event(
        code,
        source,
        sequence,
        SupplementSubmitted(round=round_),
        actor=Actor(kind=ActorKind.ACTOR_KIND_CITIZEN),
        occurred_at=START + sequence,
        recorded_at=time.time_ns() // 1000,
        causation_id="",
        correlation_id=code,
    )


def code_of(number: int) -> str:
    """Return a dossier's code."""
    return f"H22.12.03-210809-{number:04d}"


def workload(dossiers: int, each: int) -> list[Event]:
    """Return events of many dossiers, interleaved, each dossier's in order."""
    return [supplement(code_of(d), s + 1) for s in range(each) for d in range(dossiers)]


def producer(bootstrap: str) -> KafkaProducer:
    """Return a producer as another service's relay has it."""
    return KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        linger_ms=5,
        batch_size=262_144,
        request_timeout_ms=5000,
    )


def put(bootstrap: str, topic: str, events: Iterable[Event]) -> None:
    """Publish events and wait until the broker has them."""
    put_raw(bootstrap, topic, [(e.stream_id.encode(), e.SerializeToString()) for e in events])


def put_raw(
    bootstrap: str, topic: str, records: Sequence[tuple[bytes | None, bytes | None]]
) -> list[tuple[int, int]]:
    """Publish any bytes; gives each record's partition and offset."""
    out = producer(bootstrap)
    try:
        futures = [out.send(topic, value, key=key) for key, value in records]
        out.flush(60)
        done = [future.get(30) for future in futures]
        return [(m.partition, m.offset) for m in done]
    finally:
        out.close()


def log_of(bootstrap: str, topic: str) -> list[Event]:
    """Read the whole topic; partitions one after the other, without what services say of
    themselves.
    """
    reader = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    try:
        events: list[Event] = []
        for number in sorted(reader.partitions_for_topic(topic) or ()):
            partition = TopicPartition(topic, number)
            end = reader.end_offsets([partition])[partition]
            reader.assign([partition])
            reader.seek(partition, 0)
            while reader.position(partition) < end:
                for run in reader.poll(1000).values():
                    events += [Event.FromString(r.value) for r in run]
        return [event for event in events if event.stream_kind != SERVICE]
    finally:
        reader.close()


def wait_until(condition: Callable[[], bool], seconds: float = 60.0, what: str = "") -> None:
    """Wait for a condition; fails with its name when the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached within {seconds} s: {what or condition}")
        time.sleep(0.02)


class Feed:
    """A steady flow of supplements from a thread of its own, and the list of what was sent."""

    def __init__(self, bootstrap: str, topic: str, *, rate: float, dossiers: int) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._rate = rate
        self._dossiers = dossiers
        self._sent: list[Event] = []
        self._acknowledged: list[Any] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def __enter__(self) -> "Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> list[Event]:
        """End the flow; gives all events, in order. Raises when the broker has refused one."""
        self._ended.set()
        self._thread.join()
        for future in self._acknowledged:
            future.get(0)
        return self._sent

    def _run(self) -> None:
        out = producer(self._bootstrap)
        heights = [0] * self._dossiers
        begun, number = time.monotonic(), 0
        while not self._ended.is_set():
            dossier = number * 7919 % self._dossiers
            heights[dossier] += 1
            event = supplement(code_of(dossier), heights[dossier])
            key = event.stream_id.encode()
            self._acknowledged.append(out.send(self._topic, event.SerializeToString(), key=key))
            self._sent.append(event)
            number += 1
            self._ended.wait(max(0.0, begun + number / self._rate - time.monotonic()))
        out.flush(60)
        out.close()
