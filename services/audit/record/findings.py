"""Collects what a verification finds, and tells what two persons have acknowledged. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types
from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import to_timestamp, to_us
from kernel.eventsourcing.envelope import Stream

Identity = tuple[str, str, str, int]
"""The kind and the id of a stream, a source and a sequence number: the name of an event."""
Acknowledged = Mapping[str, Sequence[pb.Acknowledgement]]
"""Who answers for a finding, by the finding's id."""
PERSONS: Final = 2
"""Different persons who have to answer for a finding."""
LISTED: Final = 20
"""Open findings that are listed of each partition, and late events; all are counted."""
NAMED: Final = 100_000
"""Missing events kept by name, so that none is counted twice; beyond, they are only counted."""
NO_STREAM: Final[Stream] = "", ""
"""The stream of bytes that are no event."""
_ID_LENGTH: Final = 16


class Subject(NamedTuple):
    """The event that a finding is about, as far as it is known."""

    stream: Stream = NO_STREAM
    event_id: str = ""
    source: str = ""
    sequence: int = 0
    last_sequence: int = 0
    """Of a gap the last number that is missing, of a late event the highest before it."""
    since: int | None = None
    end_offset: int = 0
    """Of a checkpoint that differs its size: the place lies before."""


UNKNOWN: Final = Subject()


class Findings:
    """The findings of one verification, and the events that are missing somewhere."""

    def __init__(self, acknowledged: Acknowledged) -> None:
        self.open = 0
        self.acknowledged = 0
        self.late = 0
        self._acknowledged = acknowledged
        self._listed: list[pb.Finding] = []
        self._counts: dict[tuple[int, bool], int] = {}
        self._missing: set[Identity] = set()
        self._unnamed = 0

    @property
    def missing(self) -> int:
        """Count the events that are missing somewhere."""
        return len(self._missing) + self._unnamed

    def listed(self) -> list[pb.Finding]:
        """Return the findings that are listed, by place."""
        return sorted(self._listed, key=lambda f: (f.partition, f.offset, f.kind))

    def miss(self, name: Identity | None) -> None:
        """Count a missing event, once if its name is known."""
        if name is not None and len(self._missing) < NAMED:
            self._missing.add(name)
        elif name not in self._missing:
            self._unnamed += 1

    def miss_all(self, stream: Stream, source: str, first: int, last: int) -> None:
        """Count the missing events from a number to another one; a forged number may be huge."""
        named = min(last, first + max(NAMED - len(self._missing), 0))
        for number in range(first, named + 1):
            self.miss((*stream, source, number))
        self._unnamed += last - named

    def add(
        self,
        kind: types.FindingKind,
        place: tuple[int, int],
        subject: Subject = UNKNOWN,
        content: bytes = b"",
    ) -> None:
        """Add a finding; ``content`` is what makes it another one when it changes at its place."""
        found = pb.Finding(
            kind=kind,
            partition=place[0],
            offset=place[1],
            stream_kind=subject.stream[0],
            stream_id=subject.stream[1],
            event_id=subject.event_id,
            source=subject.source,
            sequence=subject.sequence,
            last_sequence=subject.last_sequence,
            end_offset=subject.end_offset,
            since=None if subject.since is None else to_timestamp(subject.since),
        )
        found.finding_id = _id_of(found, content)
        found.acknowledgements.extend(self._acknowledged.get(found.finding_id, ()))
        late = kind == types.FINDING_KIND_LATE
        found.open = not (late or closed(found.acknowledgements))
        self.late += late
        self.open += found.open
        self.acknowledged += not (late or found.open)
        if late or found.open:
            number = self._counts[place[0], late] = self._counts.get((place[0], late), 0) + 1
            if number > LISTED:
                return
        self._listed.append(found)


def closed(acknowledgements: Sequence[pb.Acknowledgement]) -> bool:
    """Return whether as many different persons answer for a finding as have to."""
    return len({each.actor.id for each in acknowledgements}) >= PERSONS


def subject_of(event: Event | None) -> Subject:
    """Return what is known of an event; of bytes that are none, nothing."""
    if event is None:
        return UNKNOWN
    return Subject(
        (event.stream_kind, event.stream_id),
        event.event_id,
        event.source,
        event.sequence,
        since=to_us(event.occurred_at),
    )


def _id_of(found: pb.Finding, content: bytes) -> str:
    """Return the id of a finding. A gap is the same wherever the event behind it stands."""
    gap = found.kind == types.FINDING_KIND_GAP
    place = () if gap else (found.partition, found.offset)
    numbers = found.sequence, found.last_sequence
    parts = (found.kind, *place, found.stream_kind, found.stream_id, found.source, *numbers)
    text = "\n".join(map(repr, parts)).encode()
    return sha256(text + sha256(content).digest()).hexdigest()[:_ID_LENGTH]
