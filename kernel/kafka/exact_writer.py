"""Writes records to a topic, each at the offset that it must have."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from kernel.eventsourcing.record import Record
from kernel.kafka.clients import make_producer
from kernel.kafka.cluster import Bootstrap

UNDER_WAY: Final = 1_000
"""Records that are sent before the first of them must be acknowledged."""
ACKNOWLEDGED_WITHIN: Final = 30.0


class OffsetTaken(Exception):
    """Somebody else writes to the topic; the text says where."""


def write_exactly(
    bootstrap: Bootstrap, topic: str, records: Iterable[Record], wrote: Callable[[int], None]
) -> int:
    """Write records, those of a partition in their order, after what the topic has; call ``wrote``
    with how many the broker has by then, and return how many in the end.

    Raise ``OffsetTaken`` when a record got another offset than its own, and kafka-python's errors.
    """
    producer = make_producer(
        bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        allow_auto_create_topics=False,
        bootstrap_timeout_ms=5_000,
        metrics_enabled=False,
    )
    waiting: deque[tuple[Record, Any]] = deque()
    written = 0
    try:
        for record in records:
            waiting.append((record, _send(producer, topic, record)))
            if len(waiting) >= UNDER_WAY:
                written += _settle(waiting, UNDER_WAY // 2)
                wrote(written)
        written += _settle(waiting, 0)
        wrote(written)
        return written
    finally:
        producer.close(timeout=1)


def _send(producer: Any, topic: str, record: Record) -> Any:
    return producer.send(
        topic,
        record.value,
        key=record.key,
        headers=list(record.headers),
        partition=record.partition,
        timestamp_ms=record.timestamp_ms if record.timestamp_ms >= 0 else None,
    )


def _settle(waiting: deque[tuple[Record, Any]], left: int) -> int:
    """Wait until so many are left to be acknowledged, and return how many were."""
    settled = len(waiting) - left
    while len(waiting) > left:
        record, future = waiting.popleft()
        place = future.get(timeout=ACKNOWLEDGED_WITHIN)
        if place.offset not in (record.offset, -1):
            raise OffsetTaken(
                f"partition {place.partition} got a record at {record.offset} from somebody else: "
                "find out who writes to the topic and stop that, then begin again"
            )
    return settled
