"""Judges the numbers of streams: each source's go from 1 to the highest, once each. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from motcua.audit.v1 import types_pb2 as types

from kernel.eventsourcing.envelope import Stream
from services.audit.record.findings import Findings, Subject

STEP: Final = 500


class NumberedEvent(NamedTuple):
    """An event's number in its stream, and where it stands in the log."""

    stream_id: str
    stream_kind: str
    source: str
    sequence: int
    partition: int
    offset: int
    event_id: str
    occurred_at: int
    stored: bool = True
    """False: the event is quarantined."""

    @property
    def stream(self) -> Stream:
        """Return the stream."""
        return self.stream_kind, self.stream_id

    @property
    def place(self) -> tuple[int, int]:
        """Return the place in the log."""
        return self.partition, self.offset


class SequenceVerification:
    """Finds gaps, repeats and late events in the streams of a log."""

    def __init__(self, findings: Findings) -> None:
        self.duplicates = 0
        self._findings = findings

    def run(
        self,
        stored: Iterable[NumberedEvent],
        quarantined: Mapping[Stream, Collection[NumberedEvent]],
    ) -> Iterator[int]:
        """Judge all streams; ``stored`` comes by stream, ``quarantined`` are events that wait or
        were given up: they are there, and what is missing before them is missing.

        Yield the progress in rows.
        """
        done, rest = 0, dict(quarantined)
        for stream, group in groupby(stored, key=lambda row: row.stream):
            rows = list(group)
            self._judge(sorted([*rows, *rest.pop(stream, ())], key=lambda row: row.place))
            done += len(rows)
            if done >= STEP:
                yield done
                done = 0
        for waiting in rest.values():
            self._judge(sorted(waiting, key=lambda row: row.place))
        yield done

    def _judge(self, rows: Iterable[NumberedEvent]) -> None:
        """Judge one stream, whose events come in the order of the log."""
        by_source: dict[str, list[NumberedEvent]] = {}
        for row in rows:
            by_source.setdefault(row.source, []).append(row)
        for events in by_source.values():
            self._judge_source(events)

    def _judge_source(self, events: Iterable[NumberedEvent]) -> None:
        known: dict[int, NumberedEvent] = {}
        highest: NumberedEvent | None = None
        for row in events:
            before = known.setdefault(row.sequence, row)
            if before is not row:
                if before.stored and row.stored:
                    self.duplicates += 1
                    self._find(types.FINDING_KIND_DUPLICATE, row, row.sequence)
                continue
            if highest is None or row.sequence > highest.sequence:
                highest = row
            elif row.stored and row.partition == highest.partition:
                self._find(types.FINDING_KIND_LATE, row, row.sequence, highest.sequence)
        self._find_gaps(known)

    def _find_gaps(self, known: Mapping[int, NumberedEvent]) -> None:
        last = 0
        for number in sorted(known):
            row = known[number]
            if number > last + 1:
                self._find(types.FINDING_KIND_GAP, row, last + 1, number - 1)
                self._findings.miss_all(row.stream, row.source, last + 1, number - 1)
            last = number

    def _find(
        self, kind: types.FindingKind, row: NumberedEvent, sequence: int, last_sequence: int = 0
    ) -> None:
        event_id = "" if kind == types.FINDING_KIND_GAP else row.event_id
        subject = Subject(
            row.stream, event_id, row.source, sequence, last_sequence, row.occurred_at
        )
        self._findings.add(kind, row.place, subject)
