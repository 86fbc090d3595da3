"""Compares the log with what a service remembers of it, so that no other log is taken for it.

A broker that was put back from a copy, a topic that was made again, or a tail that was lost looks
like the log of before: once it has grown past a stored position, a reader would go on from the old
offset in another log.
"""

from __future__ import annotations

from collections.abc import Mapping

from kernel.consumer.reading.log_reader import LogReader
from kernel.eventsourcing.record import Mark, Record, record_digest


class LogDiffers(Exception):
    """The log is not the one that was read so far; the text says how it differs."""


def require_same(
    reader: LogReader,
    positions: Mapping[int, int],
    read: Mapping[int, Mark],
    published: Mapping[int, Mark],
) -> dict[int, int]:
    """Return where the partitions end now; raise ``LogDiffers`` when the log has lost its
    beginning, ends before a position or before the last record that the service has published, has
    other records than those marked, or other partitions.
    """
    partitions = reader.partitions()
    if gone := sorted(positions.keys() - set(partitions)):
        raise LogDiffers(f"the topic has no partitions {gone} any more")
    beginnings, ends = reader.beginnings(partitions), reader.ends(partitions)
    if positions and (further := sorted(set(partitions) - positions.keys())):
        raise LogDiffers(f"the topic has further partitions {further}: streams would be split")
    if cut := [p for p in partitions if beginnings[p] > 0]:
        raise LogDiffers(f"the log has lost its beginning in partitions {cut}")
    if short := [p for p, position in positions.items() if ends[p] < position]:
        raise LogDiffers(f"the log ends before the position read in partitions {short}")
    ahead = {p: m for p, m in published.items() if m.offset >= positions.get(p, 0)}
    if lost := [p for p, mark in ahead.items() if ends.get(p, 0) <= mark.offset]:
        raise LogDiffers(f"the log ends before the last record published in partitions {lost}")
    marks = {**read, **ahead}
    found = reader.records_at({p: mark.offset for p, mark in marks.items()})
    if other := [p for p, mark in marks.items() if not _is(found.get(p), mark)]:
        last = "published" if set(other) <= ahead.keys() else "read"
        raise LogDiffers(
            f"the log has another record than the last one {last} in partitions {other}"
        )
    return ends


def _is(record: Record | None, mark: Mark) -> bool:
    return record is not None and record_digest(record) == mark.digest
