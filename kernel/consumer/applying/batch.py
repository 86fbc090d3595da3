"""A run of records that become effects in one transaction, and where it must find and leave each
partition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kernel.eventsourcing.record import Record

Place = tuple[int, int]
"""A partition and an offset: the name of a record."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in the order of the log, each partition's without a hole.

    ``expected`` holds for each partition the position that was true when its first record was
    accepted; ``target`` the position after the batch. Nobody may refresh ``expected``: a worker
    that slept must lose the comparison.
    """

    records: Sequence[Record]
    expected: Mapping[int, int]
    target: Mapping[int, int]

    def split(self, count: int) -> tuple[Batch, Batch]:
        """Return the first ``count`` records and the rest, to be committed one after the other."""
        first, rest = self.records[:count], self.records[count:]
        reached = {r.partition: r.offset + 1 for r in first}
        head = Batch(first, {p: self.expected[p] for p in reached}, reached)
        return head, Batch(rest, {**self.expected, **reached}, self.target)

    def find(self, place: Place) -> int:
        """Return the index of a record; raise ``ValueError`` when it is not in the batch."""
        for index, record in enumerate(self.records):
            if (record.partition, record.offset) == place:
                return index
        raise ValueError(f"no record {place} in this batch")


def accepted(entries: Iterable[tuple[Record, int]]) -> Batch:
    """Make a batch of records with the position that was true when each was accepted."""
    records: list[Record] = []
    expected: dict[int, int] = {}
    target: dict[int, int] = {}
    for record, before in entries:
        records.append(record)
        expected.setdefault(record.partition, before)
        target[record.partition] = record.offset + 1
    return Batch(records, expected, target)
