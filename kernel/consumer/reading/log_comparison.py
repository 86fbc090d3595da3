"""Compares the log with what a service remembers of it, so that no other log is taken for it.

A broker that was put back from a copy, a topic that was made again, or a tail that was lost looks
like the log of before: once it has grown past a stored position, a reader would go on from the old
offset in another log.
"""

from __future__ import annotations

from collections.abc import Mapping

from kernel.consumer.reading.log_reader import LogReader
from kernel.eventsourcing.record import Mark, Record, name_partitions, record_digest
from kernel.ledger.ledger_watch import Heads, LedgerHead
from kernel.ledger.merkle import leaf_hash


class LogDiffers(Exception):
    """The log is not the one that was read so far; the text says how it differs."""


def require_same(
    reader: LogReader,
    positions: Mapping[int, int],
    read: Mapping[int, Mark],
    published: Mapping[int, Mark],
    ledger: Heads | None = None,
    *,
    leaves: bool = True,
) -> dict[int, int]:
    """Return where the partitions end now; raise ``LogDiffers`` when the log has lost its
    beginning, ends before a position, before the last record that the service has published or
    before what the ledger has, has other records than those marked or, if ``leaves`` are to be
    compared, than the ledger's last ones, or other partitions.
    """
    partitions = reader.partitions()
    if gone := positions.keys() - set(partitions):
        raise LogDiffers(f"the topic has no {name_partitions(gone)} any more")
    beginnings, ends = reader.beginnings(partitions), reader.ends(partitions)
    if positions and (further := set(partitions) - positions.keys()):
        raise LogDiffers(
            f"the topic has further {name_partitions(further)}: streams would be split"
        )
    if cut := [p for p in partitions if beginnings[p] > 0]:
        raise LogDiffers(f"the log has lost its beginning in {name_partitions(cut)}")
    if short := [p for p, position in positions.items() if ends[p] < position]:
        raise LogDiffers(f"the log ends before the position read in {name_partitions(short)}")
    ahead = {p: m for p, m in published.items() if m.offset >= positions.get(p, 0)}
    if lost := [p for p, mark in ahead.items() if ends.get(p, 0) <= mark.offset]:
        raise LogDiffers(
            f"the log ends before the last record published in {name_partitions(lost)}"
        )
    heads = {p: head for p, head in (ledger or {}).items() if head.size}
    if lost := [p for p, head in heads.items() if ends.get(p, 0) < head.size]:
        raise LogDiffers(f"the log ends before what the ledger has of {name_partitions(lost)}")
    marks = {**read, **ahead}
    found = reader.records_at({p: mark.offset for p, mark in marks.items()})
    if other := [p for p, mark in marks.items() if not _is(found.get(p), mark)]:
        last = "published" if set(other) <= ahead.keys() else "read"
        raise LogDiffers(
            f"the log has another record than the last one {last} in {name_partitions(other)}"
        )
    if not leaves:
        return ends
    final = reader.records_at({p: head.size - 1 for p, head in heads.items()})
    if forged := [p for p, head in heads.items() if not _is_last(final.get(p), head)]:
        raise LogDiffers(f"the log has another record than the ledger in {name_partitions(forged)}")
    return ends


def _is_last(record: Record | None, head: LedgerHead) -> bool:
    value = None if record is None else record.value
    return leaf_hash(value or b"") == head.last_leaf


def _is(record: Record | None, mark: Mark) -> bool:
    return record is not None and record_digest(record) == mark.digest
