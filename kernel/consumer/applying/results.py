"""What may come of applying records, and what a rebuild must know beyond the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from motcua.events.v1.event_pb2 import Event

from kernel.consumer.applying.batch import Place
from kernel.eventsourcing.record import Record


class RecordFailed(Exception):
    """A handler raised; ``place`` names its record, ``kind`` the exception's type."""

    def __init__(self, place: Place, kind: str) -> None:
        super().__init__(f"{kind} at {place}")
        self.place = place
        self.kind = kind


@dataclass(slots=True)
class Applied:
    """What one transaction did; counted once it has committed."""

    outcomes: list[bool] = field(default_factory=list)
    """For each record whether it was quarantined by a fault of its own."""
    handled: int = 0
    repeats: int = 0
    unknown: int = 0
    mismatches: int = 0
    unauthenticated: int = 0
    conflicts: int = 0
    """Records at whose place in their stream another event was taken."""
    reactions: Counter[str] = field(default_factory=Counter)
    """Reactions that appended events, by type of their cause."""
    pended: int = 0
    last: Event | None = None
    """The last event that was handled."""


@dataclass(frozen=True)
class Past:
    """What a rebuild must do as the live database did, though the log alone does not say it."""

    admit: Callable[[Record, Event], bool]
    """Whether the live database had taken the event when it was looked at."""
    reached: Mapping[int, int]
    """The position of each partition in the live database then."""
    discarded: Set[Place]
    """Records that an operator gave up."""
    stuck: Set[Place]
    """Records that were handled, but whose reaction failed and holds back their stream."""

    def read(self, records: Sequence[Record]) -> list[Record]:
        """Return those of some records that the live database had read."""
        return [each for each in records if each.offset < self.reached.get(each.partition, 0)]
