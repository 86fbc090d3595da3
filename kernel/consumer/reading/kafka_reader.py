"""Reads the log in bulk with kafka-python: partitions assigned by hand, no group, nothing
committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from kernel.eventsourcing.record import Record
from kernel.kafka.clients import make_consumer

BATCH = 2_000
"""Records of one batch: more bring no speed, fewer cost commits."""
REQUEST_MS = 5_000
CONNECT_MS = 2_500
"""A stop waits for this at most, or for a request under way."""


class KafkaReader:
    """A connection to the log. Not thread-safe; after any error it has to be closed."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._consumer = make_consumer(
            bootstrap_servers=bootstrap.split(","),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=CONNECT_MS,
            request_timeout_ms=REQUEST_MS,
            reconnect_backoff_max_ms=1_000,
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            metrics_enabled=False,
        )

    def partitions(self) -> list[int]:
        """Return the topic's partitions in order; raise ``KafkaTimeoutError`` when the topic does
        not exist yet.
        """
        found = self._consumer.partitions_for_topic(self._topic)
        if not found:
            raise KafkaTimeoutError(f"the topic {self._topic} does not exist")
        return sorted(found)

    def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return for each partition the offset that its next record will get."""
        wanted = [TopicPartition(self._topic, p) for p in partitions]
        found = self._consumer.end_offsets(wanted, timeout_ms=REQUEST_MS)
        return {tp.partition: offset for tp, offset in found.items()}

    def seek(self, positions: Mapping[int, int]) -> None:
        """Assign these partitions, and no others, from these offsets on."""
        self._consumer.assign([TopicPartition(self._topic, p) for p in positions])
        for partition, position in positions.items():
            self._consumer.seek(TopicPartition(self._topic, partition), position)

    def pause(self) -> None:
        """Fetch nothing until the next ``seek``."""
        self._consumer.assign([])

    def poll(self, reached: Mapping[int, int]) -> tuple[list[Record], dict[int, int]]:
        """Return some records, and the position after them of each partition that has moved;
        ``reached`` holds the positions before. Blocks for half a second at most.

        A position is the reader's, not one after the last record: some offsets hold no record.
        """
        found = self._consumer.poll(timeout_ms=500, max_records=BATCH)
        records = [
            Record(r.partition, r.offset, r.key, r.value, r.headers)
            for run in found.values()
            for r in run
        ]
        if found:
            return records, {tp.partition: run[-1].offset + 1 for tp, run in found.items()}
        moved = {}
        for partition, before in reached.items():
            now = self._consumer.position(TopicPartition(self._topic, partition), timeout_ms=1_000)
            if now is not None and now != before:
                moved[partition] = int(now)
        return [], moved

    def close(self) -> None:
        """Close the connection; never raises."""
        try:
            self._consumer.close(autocommit=False, timeout_ms=1_000)
        except Exception:
            pass
