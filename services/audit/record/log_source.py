"""Reads the log for a verification: each partition from its beginning, beside the consumer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from kernel.base.errors import Unavailable
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.consumer.reading.log_reader import LogUnavailable
from kernel.eventsourcing.record import Record
from kernel.kafka.cluster import Bootstrap
from services.audit.record.verifier import OpenLog, ReadPartition
from services.audit.wording.texts import TEXTS

PATIENCE_SECONDS: Final = 30.0
"""How long a read may make no progress."""


def log_of(bootstrap: Bootstrap, topic: str) -> OpenLog:
    """Return the function that opens the log of a topic.

    Reading raises ``Unavailable`` when the broker does not answer.
    """

    @contextmanager
    def open_log() -> Iterator[ReadPartition]:
        try:
            reader = KafkaReader(bootstrap, topic)
        except LogUnavailable as error:
            raise _unavailable() from error
        try:
            yield partial(_read, reader)
        except LogUnavailable as error:
            raise _unavailable() from error
        finally:
            reader.close()

    return open_log


def _read(reader: KafkaReader, partition: int, end: int) -> Iterator[Record]:
    """Return the records of a partition before an offset, or all if the log ends before it."""
    if partition not in reader.partitions():
        return
    end = min(end, reader.ends([partition])[partition])
    reader.seek({partition: 0})
    reached, moved_at = 0, time.monotonic()
    while reached < end:
        records, moved = reader.poll({partition: reached})
        if moved:
            reached, moved_at = moved[partition], time.monotonic()
        elif time.monotonic() - moved_at > PATIENCE_SECONDS:
            raise _unavailable()
        for record in records:
            if record.offset < end:
                yield record


def _unavailable() -> Unavailable:
    return Unavailable(*TEXTS.both("log.away"))
