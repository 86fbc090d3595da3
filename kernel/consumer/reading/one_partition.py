"""Reads one partition ahead of the others."""

from __future__ import annotations

import time
from collections.abc import Iterator

from kernel.consumer.reading.log_reader import LogReader, LogUnavailable
from kernel.eventsourcing.record import Record

PATIENCE = 30.0
"""Seconds for which nothing may come although there is something."""


def read_to_the_end(reader: LogReader, partition: int, position: int) -> Iterator[Record]:
    """Return the records of a partition from a position to where it ends now; raise
    ``LogUnavailable`` when the log does not answer.
    """
    end = reader.ends([partition])[partition]
    if position >= end:
        return
    reader.seek({partition: position})
    moved_at = time.monotonic()
    while position < end:
        records, moved = reader.poll({partition: position})
        yield from records
        if moved:
            position, moved_at = moved[partition], time.monotonic()
        elif time.monotonic() - moved_at > PATIENCE:
            raise LogUnavailable("nothing comes")
    reader.pause()
