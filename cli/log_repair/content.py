"""What the log must hold, from what is left of it and what the services hold. Pure.

Audit has every record of the log that it has read, with its place. So up to where audit has read,
each record keeps the offset that it had, and with it every position, chain and note of a place
stays true. What audit had not read yet follows: the services' own events, in the order in which
they were written.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from kernel.consumer.applying.decode import key_fits, read
from kernel.eventsourcing.envelope import digest_of
from kernel.eventsourcing.record import Record, record_digest
from kernel.ledger.merkle import leaf_hash

REPEATABLE: Final = 10_000
"""Records among which the one that stands a second time is looked for."""
Name = tuple[str, str, str]
"""What tells a service's events of one stream from others: kind and id of the stream, source."""
Identity = tuple[Name, int, bytes]
"""One event: whose, its sequence, and the digest of its bytes, which tells it from a forged one."""
Heights = dict[Name, int]
"""The last sequence of each."""


class Origin(StrEnum):
    """Where a record comes from."""

    LOG = "the log"
    RECORD = "audit's record"
    REPEAT = "repeat of a record before"
    EVENTS = "own database"
    OTHER = "elsewhere"


class Planned(NamedTuple):
    """A record as the log must hold it."""

    record: Record
    origin: Origin


class Loose(NamedTuple):
    """A record without a place: an event with its name and id, or bytes that are none."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    name: Name
    sequence: int
    event_id: str


class NothingHeld(Exception):
    """Nobody holds a record that the log must have; the text names its place."""


@dataclass
class Compared:
    """One partition of a log beside what audit has of it."""

    begin: int
    end: int
    differs_at: int | None = None
    """The first offset at which it can't be the log that audit has read; None if it is that log, or
    the beginning or the rest of it.
    """
    later: set[Identity] = field(default_factory=set)
    """Its events that audit has not read."""
    strange: set[bytes] = field(default_factory=set)
    """Digests of its records that are no events, and that audit has not read."""


def identity_of(record: Record) -> Identity | None:
    """Return which event is in a record; None when there is none, or of another stream than its
    key says.
    """
    event = read(record)
    if event is None or not key_fits(record, event):
        return None
    name = event.stream_kind, event.stream_id, event.source
    return name, event.sequence, digest_of(record.value or b"")


def compare(
    placed: Iterable[Record],
    logged: Iterable[Record],
    found: Compared,
    position: int,
    heights: Heights,
) -> Compared:
    """Compare what audit has of a partition up to its position with what a log has; ``heights``
    are those of what audit has.

    A log in which an event of a stream comes before the one before it is another log, too: there
    what lies between was lost.
    """
    copies = iter(placed)
    copy = next(copies, None)
    for record in logged:
        while copy is not None and copy.offset < record.offset:
            if copy.offset >= found.begin:
                found.differs_at = copy.offset
                return found
            copy = next(copies, None)
        if record.offset < position:
            if copy is not None and copy.offset == record.offset:
                if _other(copy, record):
                    found.differs_at = record.offset
                    return found
                copy = next(copies, None)
            continue
        event = identity_of(record)
        if event is None:
            found.strange.add(record_digest(record))
            continue
        name, sequence, _ = event
        if sequence > heights.get(name, 0) + 1:
            found.differs_at = record.offset
            return found
        heights[name] = max(sequence, heights.get(name, 0))
        found.later.add(event)
    return found


def _other(one: Record, two: Record) -> bool:
    return (one.key, one.value) != (two.key, two.value)


def content(
    partition: int,
    placed: Iterable[Record],
    logged: Iterable[Record],
    position: int,
    loose: Iterable[tuple[Loose, Origin]],
    leaf_at: Callable[[int], bytes] = lambda _offset: b"",
) -> Iterator[Planned]:
    """Yield what a partition must hold, from offset 0 without a gap.

    ``placed`` is what audit has of it, ``logged`` what there is of the same log. Where audit has
    nothing, a record was read that had been read before: a repeat, which has no effect, keeps its
    place, the one whose leaf (``leaf_at``) audit's tree has there if it is among the last ones.
    Raise ``NothingHeld`` when there is nothing to repeat.
    """
    offset, repeats = 0, _Repeats(partition, leaf_at)
    for record, origin in _merged(placed, logged):
        for gap in range(offset, record.offset):
            yield repeats.at(gap)
        yield Planned(record, origin)
        offset = record.offset + 1
        repeats.add(record)
    for gap in range(offset, position):
        yield repeats.at(gap)
    offset = max(offset, position)
    for each, origin in loose:
        record = Record(partition, offset, each.key, each.value, each.headers)
        yield Planned(record, origin)
        offset += 1


class _Repeats:
    """The last records of a partition, of which one may stand a second time."""

    def __init__(self, partition: int, leaf_at: Callable[[int], bytes]) -> None:
        self._partition = partition
        self._leaf_at = leaf_at
        self._by_leaf: OrderedDict[bytes, Record] = OrderedDict()

    def add(self, record: Record) -> None:
        """Remember a record, and forget the oldest one of too many."""
        leaf = leaf_hash(record.value or b"")
        self._by_leaf[leaf] = record
        self._by_leaf.move_to_end(leaf)
        if len(self._by_leaf) > REPEATABLE:
            self._by_leaf.popitem(last=False)

    def at(self, offset: int) -> Planned:
        """Return the repeat that stands at an offset, or the last record where that is unknown."""
        if not self._by_leaf:
            raise NothingHeld(f"nobody holds the first records of partition {self._partition}")
        last = self._by_leaf[next(reversed(self._by_leaf))]
        found = self._by_leaf.get(self._leaf_at(offset), last)
        return Planned(found._replace(offset=offset), Origin.REPEAT)


def _merged(placed: Iterable[Record], logged: Iterable[Record]) -> Iterator[tuple[Record, Origin]]:
    """Merge by offset; where both have a record, the log's is taken, with all its headers."""
    copies = iter(placed)
    copy = next(copies, None)
    for record in logged:
        while copy is not None and copy.offset < record.offset:
            yield copy, Origin.RECORD
            copy = next(copies, None)
        if copy is not None and copy.offset == record.offset:
            copy = next(copies, None)
        yield record, Origin.LOG
    while copy is not None:
        yield copy, Origin.RECORD
        copy = next(copies, None)


def in_order(events: Iterable[Loose]) -> list[Loose]:
    """Sort events by when they were written, as their ids tell it, each stream's by sequence."""
    written: dict[Name, str] = {}
    keyed = []
    for event in sorted(events, key=lambda event: (event.name, event.sequence)):
        latest = max(event.event_id, written.get(event.name, ""))
        written[event.name] = latest
        keyed.append(((latest, event.name, event.sequence), event))
    return [event for _, event in sorted(keyed, key=lambda pair: pair[0])]
