"""Reads one partition of the log, record by record."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from kernel.consumer.reading.log_reader import LogDamaged, LogReader, LogUnavailable
from kernel.eventsourcing.record import Record

PATIENCE_SECONDS: Final = 30.0
"""How long a read may make no progress."""


def read_partition(reader: LogReader, partition: int, end: int, begin: int = 0) -> Iterator[Record]:
    """Return the records of a partition from an offset on to before another one.

    Both must lie within the partition. The reader is used for nothing else meanwhile, and paused
    in the end. Raise ``LogUnavailable`` when the log does not answer, and ``LogDamaged`` with the
    offset from where on it can't be read: what lies before has been returned.
    """
    reader.seek({partition: begin})
    reached, moved_at = begin, time.monotonic()
    while reached < end:
        try:
            records, moved = reader.poll({partition: reached})
        except LogDamaged as damaged:
            raise LogDamaged(partition, reached) from damaged
        if moved:
            reached, moved_at = moved[partition], time.monotonic()
        elif time.monotonic() - moved_at > PATIENCE_SECONDS:
            raise LogUnavailable("nothing comes")
        for record in records:
            if record.offset < end:
                yield record
    reader.pause()
