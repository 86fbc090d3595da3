"""Adds to an archive what the log has got since, and fills an empty topic from one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Final

from kernel.archive.archive import Archive
from kernel.archive.segment import ArchiveError
from kernel.base.clock import Clock
from kernel.consumer.reading.log_reader import LogReader
from kernel.consumer.reading.partition_reading import read_partition
from kernel.eventsourcing.record import Record, name_partitions, record_digest

SEGMENT_RECORDS: Final = 100_000
"""Records of a segment at most: some tens of megabytes, so that a copy can be resumed."""
Report = Callable[[int, int], None]
"""Is called with how many records are done, and of how many."""


def extend(
    archive: Archive, reader: LogReader, topic: str, clock: Clock, report: Report,
    segment_records: int = SEGMENT_RECORDS,
) -> int:  # fmt: skip
    """Archive what the log has beyond the archive, up to where it ends now.

    Return how many records were added. Raise ``ArchiveError``, and add nothing, when the log is
    another one than the archived one, or has lost records.
    """
    partitions = reader.partitions()
    ends = reader.ends(partitions)
    firsts = _continued(archive, reader, partitions, ends)
    total, done = sum(ends[p] - firsts[p] for p in partitions), 0
    for partition in partitions:
        records = read_partition(reader, partition, ends[partition], firsts[partition])
        first: Record | None
        while (first := next(records, None)) is not None:
            run = _Counted(chain([first], islice(records, segment_records - 1)))
            archive.add(topic, len(partitions), partition, run, first.offset, clock.now())
            done += run.count
            report(done, total)
    return done


def _continued(
    archive: Archive, reader: LogReader, partitions: list[int], ends: dict[int, int]
) -> dict[int, int]:
    """Return the offset at which the archive of each partition goes on."""
    if cut := [p for p, begin in reader.beginnings(partitions).items() if begin > 0]:
        raise ArchiveError(f"the log has lost its beginning in {name_partitions(cut)}")
    if archive.partitions not in (0, len(partitions)):
        raise ArchiveError(
            f"the archived topic has {archive.partitions} partitions, this one {len(partitions)}"
        )
    last = {p: record for p in partitions if (record := archive.last(p)) is not None}
    if short := [p for p, record in last.items() if ends[p] <= record.offset]:
        raise ArchiveError(f"the log ends before what is archived in {name_partitions(short)}")
    found = reader.records_at({p: record.offset for p, record in last.items()})
    if other := [p for p, record in last.items() if not _same(found.get(p), record)]:
        raise ArchiveError(
            f"the log has another record than the archive in {name_partitions(other)}"
        )
    return {p: last[p].offset + 1 if p in last else 0 for p in partitions}


def lacking(archive: Archive, reader: LogReader, report: Report) -> dict[int, int]:
    """Read the whole archive, and return by partition how many records a topic has of it already.

    Raise ``ArchiveError`` when the archive is damaged, or the topic has any other record.
    """
    partitions = reader.partitions()
    if archive.partitions != len(partitions):
        raise ArchiveError(
            f"the archived topic has {archive.partitions} partitions, this one {len(partitions)}"
        )
    begins, ends = reader.beginnings(partitions), reader.ends(partitions)
    read = 0
    for partition in partitions:
        there = read_partition(reader, partition, ends[partition], begins[partition])
        for record in filled(archive.records(partition)):
            read += 1
            report(read, 0)
            if record.offset < ends[partition] and not _same(next(there, None), record):
                raise ArchiveError(_others(partition, record.offset))
        if (further := next(there, None)) is not None:
            raise ArchiveError(_others(partition, further.offset))
    return ends


def remaining(archive: Archive, ends: dict[int, int]) -> Iterator[Record]:
    """Yield what a topic lacks, each record with the offset that it must get."""
    for partition, end in ends.items():
        for record in filled(archive.records(partition)):
            if record.offset >= end:
                yield record


def filled(records: Iterable[Record]) -> Iterator[Record]:
    """Yield records without a gap in their offsets.

    An offset held no record when a transaction of the broker ended there. The record before it
    keeps the place: to every reader a repeat, which has no effect.
    """
    last: Record | None = None
    for record in records:
        while last is not None and last.offset + 1 < record.offset:
            last = last._replace(offset=last.offset + 1)
            yield last
        yield record
        last = record


def _others(partition: int, offset: int) -> str:
    return (
        f"the topic has other records than the archive in partition {partition}, from offset "
        f"{offset} on; only an empty topic is filled, or one that a restore has begun to fill"
    )


def _same(found: Record | None, record: Record) -> bool:
    return (
        found is not None
        and found.offset == record.offset
        and record_digest(found) == record_digest(record)
    )


class _Counted:
    """Counts what is taken from it."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = records
        self.count = 0

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            self.count += 1
            yield record
