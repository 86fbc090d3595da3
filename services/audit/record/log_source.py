"""Reads the log for a verification: each partition from its beginning, beside the consumer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kernel.base.errors import Unavailable
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.consumer.reading.log_reader import LogDamaged, LogUnavailable
from kernel.consumer.reading.partition_reading import read_partition
from kernel.eventsourcing.record import Record
from kernel.kafka.cluster import Bootstrap
from services.audit.record.verifier import LogReading, OpenLog
from services.audit.wording.texts import TEXTS


def log_of(bootstrap: Bootstrap, topic: str) -> OpenLog:
    """Return the function that opens the log of a topic.

    Reading raises ``Unavailable`` when the broker does not answer, or gives other bytes than it
    took.
    """

    @contextmanager
    def open_log() -> Iterator[LogReading]:
        try:
            reader = KafkaReader(bootstrap, topic)
        except LogUnavailable as error:
            raise _unavailable() from error
        try:
            yield _Log(reader)
        except LogDamaged as damaged:
            place = {"partition": damaged.partition, "offset": damaged.offset or 0}
            raise Unavailable(*TEXTS.both("log.damaged", **place)) from damaged
        except LogUnavailable as error:
            raise _unavailable() from error
        finally:
            reader.close()

    return open_log


class _Log:
    """A log that is read partition by partition."""

    def __init__(self, reader: KafkaReader) -> None:
        self._reader = reader

    def read(self, partition: int, end: int) -> Iterator[Record]:
        """Yield the records of a partition before an offset, or all if the log ends before it."""
        if partition not in self._reader.partitions():
            return
        end = min(end, self._reader.ends([partition])[partition])
        yield from read_partition(self._reader, partition, end)

    def ends(self) -> dict[int, int]:
        """Return for each partition the offset that its next record will get."""
        return self._reader.ends(self._reader.partitions())


def _unavailable() -> Unavailable:
    return Unavailable(*TEXTS.both("log.away"))
