"""Reads the log in bulk with aiokafka, whose record parser is compiled: partitions assigned by
hand, no group, nothing committed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaConnectionError, KafkaError

from kernel.consumer.reading.log_reader import LogDamaged, LogUnavailable
from kernel.eventsourcing.record import Record
from kernel.kafka.aio_clients import aio_options, never_create_topics, refusal
from kernel.kafka.cluster import Bootstrap

T = TypeVar("T")
BATCH = 2_000
"""Records of one batch: more bring no speed, fewer cost commits."""
POLL_MS = 500
REQUEST_MS = 5_000
CONNECT_SECONDS = 2.5
METADATA_MS = 10_000
"""After this partitions that were added are noticed."""
CLOSE_SECONDS = 1.0
"""A stop waits for this at most, or for a request under way."""
_PARTITION = re.compile(r"partition=(\d+)")


class KafkaReader:
    """A connection to the log. Not thread-safe; after any error it has to be closed.

    Its event loop runs only while one of its methods does; what the broker sends meanwhile waits in
    the socket.
    """

    def __init__(self, bootstrap: Bootstrap, topic: str) -> None:
        never_create_topics()
        self._topic = topic
        self._runner = asyncio.Runner()
        self._consumer: Any = None
        try:
            self._run(self._connect(bootstrap), CONNECT_SECONDS)
        except BaseException as error:
            self.close()
            if isinstance(error.__cause__, KafkaConnectionError):
                self._name_refusal(bootstrap)
            raise

    def partitions(self) -> list[int]:
        """Return the topic's partitions in order; raise ``LogUnavailable`` when the topic does not
        exist yet.
        """
        self.ends([0])  # has the consumer learn of the topic
        return sorted(self._consumer.partitions_for_topic(self._topic))

    def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return for each partition the offset that its next record will get."""
        wanted = [TopicPartition(self._topic, p) for p in partitions]
        found = self._run(self._consumer.end_offsets(wanted))
        return {tp.partition: offset for tp, offset in found.items()}

    def beginnings(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return for each partition the offset of its first record."""
        wanted = [TopicPartition(self._topic, p) for p in partitions]
        found = self._run(self._consumer.beginning_offsets(wanted))
        return {tp.partition: offset for tp, offset in found.items()}

    def records_at(self, offsets: Mapping[int, int]) -> dict[int, Record]:
        """Return the record at an offset of each partition, as far as there is one at just that
        offset.
        """
        return self._run(self._records_at(offsets)) if offsets else {}

    def seek(self, positions: Mapping[int, int]) -> None:
        """Assign these partitions, and no others, from these offsets on."""
        self._run(self._seek({TopicPartition(self._topic, p): at for p, at in positions.items()}))

    def pause(self) -> None:
        """Fetch nothing until the next ``seek``."""
        self._run(self._pause())

    def poll(self, reached: Mapping[int, int]) -> tuple[list[Record], dict[int, int]]:
        """Return some records, and the position after them of each partition that has moved;
        ``reached`` holds the positions before. Blocks for half a second at most.

        A position is the reader's, not one after the last record: some offsets hold no record.
        """
        return self._run(self._poll(reached))

    def close(self) -> None:
        """Close the connection; never raises."""
        with suppress(Exception), self._runner:
            if self._consumer is not None:
                self._run(self._consumer.stop(), CLOSE_SECONDS)

    @staticmethod
    def _name_refusal(bootstrap: Bootstrap) -> None:
        """Raise ``LogUnavailable`` with the setting, when a broker is there and refuses us."""
        if reason := asyncio.run(refusal(bootstrap)):
            raise LogUnavailable(reason)

    def _run(self, work: Coroutine[Any, Any, T], seconds: float = REQUEST_MS / 1_000 + 1) -> T:
        try:
            return self._runner.run(asyncio.wait_for(work, seconds))
        except CorruptRecordException as error:
            # It names the partition in its text alone.
            named = _PARTITION.search(str(error))
            if named is None:
                raise LogUnavailable(str(error)) from error
            raise LogDamaged(int(named[1])) from error
        except (KafkaError, OSError, TimeoutError, asyncio.CancelledError) as error:
            # aiokafka cancels a fetch that is about to be repeated, and then waits for it.
            raise LogUnavailable(type(error).__qualname__) from error

    async def _connect(self, bootstrap: Bootstrap) -> None:
        self._consumer = AIOKafkaConsumer(
            **aio_options(bootstrap),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=REQUEST_MS,
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            metadata_max_age_ms=METADATA_MS,
        )
        await self._consumer.start()

    async def _seek(self, positions: Mapping[TopicPartition, int]) -> None:
        self._consumer.assign(list(positions))
        for tp, position in positions.items():
            self._consumer.seek(tp, position)

    async def _records_at(self, offsets: Mapping[int, int]) -> dict[int, Record]:
        waiting = {TopicPartition(self._topic, p): offset for p, offset in offsets.items()}
        await self._seek(waiting)
        found: dict[int, Record] = {}
        while waiting:
            runs = await self._consumer.getmany(*waiting, timeout_ms=POLL_MS, max_records=1)
            for tp, (first, *_rest) in runs.items():
                if first.offset == waiting.pop(tp):
                    found[tp.partition] = _record(first)
        return found

    async def _pause(self) -> None:
        self._consumer.pause(*self._consumer.assignment())

    async def _poll(self, reached: Mapping[int, int]) -> tuple[list[Record], dict[int, int]]:
        found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
        records = [_record(each) for run in found.values() for each in run]
        moved = {}
        for tp in found or [TopicPartition(self._topic, p) for p in reached]:
            now = await self._consumer.position(tp)
            if now != reached[tp.partition]:
                moved[tp.partition] = now
        return records, moved


def _record(found: Any) -> Record:
    return Record(
        found.partition, found.offset, found.key, found.value, found.headers, found.timestamp
    )
