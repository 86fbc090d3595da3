"""What the consumer needs of the log: read by partition and offset, from wherever it asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from kernel.eventsourcing.record import Record


class LogUnavailable(Exception):
    """The log does not answer, or not with what was asked for; the text names the fault."""


class LogDamaged(LogUnavailable):
    """The broker gives bytes that are not those that it took, as their check sum tells."""

    def __init__(self, partition: int, offset: int | None = None) -> None:
        """``offset`` is from where on the partition can't be read, if that is known."""
        beyond = "" if offset is None else f": it can't be read from offset {offset} on"
        super().__init__(f"partition {partition} of the log is damaged{beyond}")
        self.partition = partition
        self.offset = offset


class LogReader(Protocol):
    """A connection to the log. Not thread-safe.

    Making one and each method but ``close`` may raise ``LogUnavailable``; the connection has to be
    closed then.
    """

    def partitions(self) -> list[int]:
        """Return the topic's partitions in order."""
        ...

    def beginnings(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return for each partition the offset of its first record: 0 when none was removed."""
        ...

    def records_at(self, offsets: Mapping[int, int]) -> dict[int, Record]:
        """Return the record at an offset of each partition, as far as there is one at just that
        offset. Other partitions are not read, also afterwards, until the next ``seek``.
        """
        ...

    def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return for each partition the offset that its next record will get."""
        ...

    def seek(self, positions: Mapping[int, int]) -> None:
        """Read these partitions, and no others, from these offsets on."""
        ...

    def pause(self) -> None:
        """Read nothing until the next ``seek``."""
        ...

    def poll(self, reached: Mapping[int, int]) -> tuple[list[Record], dict[int, int]]:
        """Return some records, and the position after them of each partition that has moved;
        ``reached`` holds the positions before. May block for about a second.
        """
        ...

    def close(self) -> None:
        """Close the connection; never raises."""
        ...
