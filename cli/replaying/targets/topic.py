"""Events in another topic: the same key, bytes and CloudEvents headers as in the log."""

from __future__ import annotations

from typing import Any, Final

from kafka.errors import KafkaError
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event

from cli.replaying.targets.target import TargetFailed
from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import headers, stream_of, type_name
from kernel.kafka.clients import make_producer
from kernel.kafka.cluster import Cluster

PLACE: Final = "replayed_from"
"""The header with the event's place in the log, such as 3:120."""
UNDER_WAY: Final = 1_000
"""Records that are sent before the first of them must be acknowledged."""
ACKNOWLEDGED_WITHIN: Final = 30.0


class TopicTarget:
    """Sends records, and knows when the broker has them."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        """Raise ``TargetFailed`` when the cluster does not answer, or has no such topic."""
        self._topic = topic
        self._waiting: list[Any] = []
        self._broken: TargetFailed | None = None
        try:
            self._producer: Any = make_producer(
                cluster,
                acks="all",
                enable_idempotence=True,
                linger_ms=5,
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=5_000,
                max_block_ms=10_000,
                metrics_enabled=False,
            )
        except KafkaError as error:
            raise self._failed(error) from error
        try:
            partitions = self._producer.partitions_for(topic)
        except KafkaError:
            partitions = None
        if not partitions:
            self.close()
            raise TargetFailed(f"there is no topic {topic}: make it first")

    def send(self, item: pb.StreamEventsResponse) -> None:
        """Send an event."""
        event = Event.FromString(item.body)
        pairs = headers(
            event.event_id, type_name(event), event.source, stream_of(event),
            to_us(event.occurred_at), "",
        )  # fmt: skip
        place = (PLACE, f"{item.partition}:{item.offset}".encode())
        try:
            self._waiting.append(
                self._producer.send(
                    self._topic, item.body, key=event.stream_id.encode(), headers=[*pairs, place]
                )
            )
        except (KafkaError, AssertionError, ValueError) as error:
            raise self._failed(error) from error
        if len(self._waiting) >= UNDER_WAY:
            self.flush()

    def flush(self) -> int:
        """Wait until the broker has all."""
        if self._broken is not None:
            raise self._broken
        waiting, self._waiting = self._waiting, []
        try:
            for future in waiting:
                future.get(timeout=ACKNOWLEDGED_WITHIN)
        except KafkaError as error:
            raise self._failed(error) from error
        return 0

    def finish(self) -> None:
        """Do nothing: the records are there."""

    def close(self) -> None:
        """End the producer."""
        self._producer.close(timeout=1)

    def _failed(self, error: Exception) -> TargetFailed:
        self._broken = TargetFailed(f"topic {self._topic}: {type(error).__name__}")
        return self._broken
