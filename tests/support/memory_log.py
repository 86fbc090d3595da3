"""A log in memory, behind the interfaces of the consumer's reader, of Faust's adapter and of the
relay's producer: for what a consumer does with records, whatever they come from.

Offsets, groups, outages and retention of a real broker are Kafka's own, and tested with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kernel.consumer.reading.buffer import Buffer
from kernel.eventsourcing.envelope import Headers, headers
from kernel.eventsourcing.record import Record
from kernel.kafka.partitions import partition_of
from kernel.outbox.outbox import Waiting
from kernel.outbox.published import Sent

PARTITIONS: Final = 6
_BATCH: Final = 2_000
_POLL_SECONDS: Final = 0.05


class MemoryLog:
    """Records by partition, in order; thread-safe. A key has the partition that Kafka gives it."""

    def __init__(self) -> None:
        self._records: list[list[Record]] = [[] for _ in range(PARTITIONS)]
        self._buffers: list[Buffer] = []
        self.grown = threading.Condition()
        """Notified whenever a record was added."""

    def append(self, key: bytes | None, value: bytes | None, pairs: Headers = ()) -> Record:
        """Add a record, and offer it to whoever follows; return it with its place."""
        number = 0 if key is None else partition_of(key, PARTITIONS)
        with self.grown:
            run = self._records[number]
            run.append(Record(number, len(run), key, value, list(pairs)))
            for buffer in self._buffers:
                buffer.offer(run[-1])
            self.grown.notify_all()
            return run[-1]

    def append_at(self, record: Record) -> Record:
        """Add a record to the partition that it names; return it with its place."""
        run = self._records[record.partition]
        run.append(record._replace(offset=len(run)))
        return run[-1]

    def follow(self, buffer: Buffer) -> None:
        """Offer every later record to a consumer's buffer, as one who has all partitions."""
        with self.grown:
            buffer.assigned = set(range(PARTITIONS))
            buffer.request_bulk_read(buffer.assigned)
            self._buffers.append(buffer)

    def leave(self, buffer: Buffer) -> None:
        """Offer it nothing any longer."""
        with self.grown:
            self._buffers.remove(buffer)
            buffer.assigned = set()

    def lose(self, partition: int, end: int = 0) -> None:
        """Lose the records of a partition from an offset on."""
        with self.grown:
            del self._records[partition][end:]

    def end(self, partition: int) -> int:
        """Return the offset that the next record of a partition will get."""
        return len(self._records[partition])

    def cut(self, ends: Sequence[int]) -> None:
        """Forget what came after these ends of all partitions, which nobody follows any longer."""
        with self.grown:
            for run, end in zip(self._records, ends, strict=True):
                del run[end:]

    def read(self, partition: int, position: int, most: int) -> list[Record]:
        """Return some records of a partition, from a position on."""
        return self._records[partition][position : position + most]


class MemoryReader:
    """Reads such a log as ``LogReader`` demands."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._positions: dict[int, int] = {}

    def partitions(self) -> list[int]:
        """Return all partitions in order."""
        return list(range(PARTITIONS))

    def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return for each partition the offset that its next record will get."""
        return {partition: self._log.end(partition) for partition in partitions}

    def beginnings(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return for each partition the offset of its first record: nothing is ever removed."""
        return dict.fromkeys(partitions, 0)

    def records_at(self, offsets: Mapping[int, int]) -> dict[int, Record]:
        """Return the record at an offset of each partition, as far as there is one."""
        self._positions = {}
        found = (self._log.read(p, offset, 1) for p, offset in offsets.items())
        return {run[0].partition: run[0] for run in found if run}

    def seek(self, positions: Mapping[int, int]) -> None:
        """Read these partitions, and no others, from these offsets on."""
        self._positions = dict(positions)

    def pause(self) -> None:
        """Read nothing until the next ``seek``."""
        self._positions = {}

    def poll(self, reached: Mapping[int, int]) -> tuple[list[Record], dict[int, int]]:
        """Return some records, and the position after them of each partition that has moved."""
        with self._log.grown:
            self._log.grown.wait_for(self._more, _POLL_SECONDS)
            records: list[Record] = []
            for partition, position in self._positions.items():
                records += self._log.read(partition, position, _BATCH - len(records))
        moved = {record.partition: record.offset + 1 for record in records}
        self._positions |= moved
        return records, moved

    def close(self) -> None:
        """Read nothing any longer."""
        self._positions = {}

    def _more(self) -> bool:
        return any(position < self._log.end(p) for p, position in self._positions.items())


class MemoryProducer:
    """Puts a service's events on such a log, as its relay asks for."""

    def __init__(self, log: MemoryLog, source: str) -> None:
        self._log = log
        self._source = source

    def send(self, rows: Sequence[Waiting]) -> tuple[list[Sent], Exception | None]:
        """Put rows on the log, all of them."""
        sent = []
        for row in rows:
            pairs = headers(
                row.event_id,
                row.type,
                self._source,
                row.stream,
                row.occurred_at,
                row.trace,
                row.batch,
            )
            record = self._log.append(row.stream_id.encode(), row.body, pairs)
            sent.append(Sent(row, record.partition, record.offset))
        return sent, None

    def close(self) -> None:
        """Do nothing: what was sent is on the log."""
