"""The plan of a repair: what the log must hold, how it differs, and what nobody can decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain, zip_longest
from typing import Final

from cli.log_repair.content import (
    Compared,
    Heights,
    Identity,
    Loose,
    Name,
    Origin,
    Planned,
    compare,
    content,
    identity_of,
    in_order,
)
from cli.log_repair.held import AUDIT, Database, height, partition_of
from cli.printer import counted
from cli.stack.plan import SERVICES
from kernel.consumer.reading.log_reader import LogDamaged, LogReader
from kernel.consumer.reading.partition_reading import read_partition
from kernel.eventsourcing.envelope import DIGEST_SIZE, digest_of
from kernel.eventsourcing.record import Mark, Record, record_digest

EXAMPLES: Final = 5
"""Streams that a finding names; all are counted."""
LooseRecords = Mapping[int, list[tuple[Loose, Origin]]]


@dataclass
class Plan:
    """What a topic has to hold in the end."""

    topic: str
    target: str
    """The topic that will hold it: the same one, where it only lacks records at its end."""
    partitions: int
    differs: list[str]
    """How the topic differs from the log that was read; empty when at most its end is missing."""
    exact: dict[int, int] = field(default_factory=dict)
    """Up to which offset each partition is as it was: positions beyond have to go back."""
    marks: dict[int, dict[int, Mark]] = field(default_factory=dict)
    """By partition and offset: the records at which positions stand or will stand."""
    last: dict[int, Mark] = field(default_factory=dict)
    """The last record of each partition that has one."""
    repeats: set[tuple[int, int]] = field(default_factory=set)
    """The places of repeats."""
    records: dict[tuple[Origin, str], int] = field(default_factory=dict)
    """How many records come from where, by origin and source."""
    streams: dict[tuple[Origin, str], set[str]] = field(default_factory=dict)
    """Of which streams, without what is on the log."""
    to_write: int = 0
    """Records that the target lacks."""
    plan_id: str = ""
    """Names the target and all that it will hold: the same before, during and after the repair."""
    findings: list[str] = field(default_factory=list)
    """What nobody can decide but people."""
    waiting: dict[str, int] = field(default_factory=dict)
    """By service the last row of its outbox that the plan knows."""
    missing: list[str] = field(default_factory=list)
    """Services without a database."""

    @property
    def in_place(self) -> bool:
        """Whether the topic itself is refilled."""
        return self.topic == self.target

    @property
    def refusals(self) -> list[str]:
        """Return why nothing may be written; empty when it may."""
        lines = list(self.findings)
        if self.differs and self.in_place:
            lines.append(
                "records can't be put before or between those of a topic, and none is taken away: "
                "give a new topic with --to NAME, and start the services with MOTCUA_TOPIC=NAME "
                "afterwards"
            )
        return lines


class Planner:
    """Plans from open databases and open logs; each pass reads both again."""

    def __init__(
        self, databases: Mapping[str, Database], log: LogReader, topic: str, target: str
    ) -> None:
        self.databases = databases
        self._audit = databases.get(AUDIT)
        self._log = log
        there = log.partitions()
        self._positions = {} if self._audit is None else self._audit.positions()
        self._count = len(self._positions) or len(there)
        self.plan = Plan(topic, target, self._count, [])
        self._there = there
        self._logged: dict[int, Compared] = {}
        self._damaged: dict[int, LogDamaged] = {}
        self._loose: LooseRecords = {}

    def make(self, written: LogReader | None) -> Plan:
        """Return the plan; ``written`` reads the target where that is another topic than the log's
        and exists.
        """
        plan = self.plan
        plan.missing = [name for name in SERVICES if name not in self.databases]
        known = {} if self._audit is None else self._audit.digests()
        plan.waiting = {name: each.last_waiting() for name, each in self.databases.items()}
        self._compare(self._heights(known))
        self._collect(known)
        self._scan(written)
        return plan

    def records(self, partition: int) -> Iterator[Planned]:
        """Yield what a partition has to hold, once the plan is made."""
        found = self._logged.get(partition)
        same = found is not None and found.differs_at is None
        return content(
            partition,
            self._placed(partition),
            self._read(partition) if same else (),
            self._positions.get(partition, 0),
            self._loose.get(partition, ()),
            (lambda _offset: b"") if self._audit is None else self._audit.leaves(partition),
        )

    def _placed(self, partition: int) -> Generator[Record]:
        if self._audit is not None:
            yield from self._audit.placed(partition)

    def _read(self, partition: int) -> Generator[Record]:
        """Yield the records of a partition, as far as they can be read."""
        found = self._logged[partition]
        try:
            yield from read_partition(self._log, partition, found.end, found.begin)
        except LogDamaged as damaged:
            self._damaged[partition] = damaged

    def _heights(self, known: Mapping[Name, bytes]) -> Heights:
        """Return how far audit has read each stream, and what is in its quarantine."""
        heights = {name: height(digests) for name, digests in known.items()}
        for name, sequence, _ in self._quarantined():
            heights[name] = max(sequence, heights.get(name, 0))
        return heights

    def _quarantined(self) -> set[Identity]:
        records = () if self._audit is None else self._audit.quarantined()
        return {event for record in records if (event := identity_of(record)) is not None}

    def _compare(self, heights: Heights) -> None:
        plan = self.plan
        begins, ends = self._log.beginnings(self._there), self._log.ends(self._there)
        for partition in self._there:
            found = Compared(begins[partition], ends[partition])
            self._logged[partition] = found
            if partition >= self._count:
                found.differs_at = 0
                plan.differs.append(f"partition {partition} was added")
                continue
            position = self._positions.get(partition, 0)
            with closing(self._placed(partition)) as placed, closing(self._read(partition)) as read:
                compare(placed, read, found, position, heights)
            if found.begin:
                plan.differs.append(f"partition {partition} begins at {found.begin}")
            if (damaged := self._damaged.get(partition)) is not None:
                found.differs_at = damaged.offset
                plan.differs.append(str(damaged))
            elif found.differs_at is not None:
                text = f"partition {partition} has another record at {found.differs_at}"
                plan.differs.append(text)
        if gone := sorted(set(range(self._count)) - set(self._there)):
            plan.differs.append(f"partitions {gone} are missing")
        for partition in range(self._count):
            logged = self._logged.get(partition)
            end = logged.end if logged is not None and logged.differs_at is None else 0
            plan.exact[partition] = max(self._positions.get(partition, 0), end)

    def _collect(self, known: Mapping[Name, bytes]) -> None:
        """Find all records that have no place yet."""
        on_log = self._quarantined()
        strange: set[bytes] = set()
        for found in self._logged.values():
            if found.differs_at is None:
                on_log |= found.later
                strange |= found.strange
        events: list[Loose] = []
        held = dict(known)
        conflicting: set[Name] = set()
        for database in self.databases.values():
            for event in database.own_events(self._count):
                identity = _identity(event)
                there = _at(known.get(event.name, b""), event.sequence)
                if any(there) and there != identity[2]:
                    conflicting.add(event.name)
                elif there != identity[2] and identity not in on_log:
                    events.append(event)
            own = {n: d for n, d in database.digests().items() if n[2] == database.service}
            held |= {n: d for n, d in own.items() if len(d) > len(held.get(n, b""))}
        loose: dict[int, list[tuple[Loose, Origin]]] = defaultdict(list)
        for event in in_order(events):
            loose[event.partition].append((event, Origin.EVENTS))
        for other in self._others(held, on_log | {_identity(e) for e in events}, strange):
            loose[other.partition].append((other, Origin.OTHER))
        self._loose = loose
        self.plan.findings += [
            *_finding(
                conflicting,
                "the database of the service has other events than audit's record: it was put back "
                "from an older copy and has gone on; put a later copy back, or move it away and "
                "let the service make it again from the log",
            ),
            *_finding(
                self._lost(held, on_log),
                "a service has read events that nobody holds any more: put a later copy of the "
                "database of the service that wrote them back",
            ),
        ]

    def _others(
        self, held: Mapping[Name, bytes], on_log: set[Identity], strange: set[bytes]
    ) -> Iterator[Loose]:
        """Yield records that no service holds as its own: of a topic that is another log, and those
        in quarantine that were read after what audit has read.
        """
        foreign = [
            self._read(partition)
            for partition, found in self._logged.items()
            if found.differs_at is not None
        ]
        late = [
            (r for r in database.quarantined() if r.offset >= self.plan.exact.get(r.partition, 0))
            for database in self.databases.values()
        ]
        seen = set(strange)
        for record in chain.from_iterable([*foreign, *late]):
            digest, event = record_digest(record), identity_of(record)
            if digest in seen:
                continue
            if event is not None and (
                event in on_log or _at(held.get(event[0], b""), event[1]) == event[2]
            ):
                continue
            seen.add(digest)
            name, sequence = (event[0], event[1]) if event is not None else (("", "", ""), 0)
            if event is not None:
                partition = partition_of(name[1], self._count)
            else:
                partition = record.partition if record.partition < self._count else 0
            yield Loose(
                partition, record.key, record.value, list(record.headers), name, sequence, ""
            )

    def _lost(self, held: Mapping[Name, bytes], on_log: set[Identity]) -> set[Name]:
        """Find streams of which a service has read more than anybody holds."""
        heights: Heights = {name: height(digests) for name, digests in held.items()}
        for name, sequence, _ in on_log:
            heights[name] = max(sequence, heights.get(name, 0))
        for records in self._loose.values():
            for event, _ in records:
                heights[event.name] = max(event.sequence, heights.get(event.name, 0))
        names: set[Name] = set()
        for database in self.databases.values():
            for name, digests in database.digests().items():
                if height(digests) > heights.get(name, 0):
                    names.add(name)
        return names

    def _scan(self, written: LogReader | None) -> None:
        """Go through all that the target has to hold, and what it has already."""
        plan = self.plan
        whole = sha256(plan.target.encode())
        wanted = self._wanted()
        for partition in range(self._count):
            there = [] if written is None else _all_of(written, partition)
            run, count = sha256(), 0
            marks = plan.marks.setdefault(partition, {})
            for planned, found in zip_longest(self.records(partition), there):
                if planned is None or (
                    found is not None and record_digest(found) != record_digest(planned.record)
                ):
                    plan.findings.append(
                        f"partition {partition} of {plan.target} has other records than it should: "
                        "name a new topic"
                    )
                    break
                record, origin = planned
                digest = record_digest(record)
                run.update(digest)
                count += 1
                if record.offset in wanted[partition]:
                    marks[record.offset] = Mark(record.offset, digest)
                plan.last[partition] = Mark(record.offset, digest)
                if origin is Origin.REPEAT:
                    plan.repeats.add((partition, record.offset))
                self._count_record(planned)
                lacking = origin is not Origin.LOG if plan.in_place else found is None
                plan.to_write += lacking
            whole.update(b"%d:%d:" % (partition, count) + run.digest())
        plan.plan_id = whole.hexdigest()[:12]

    def _wanted(self) -> dict[int, set[int]]:
        wanted: dict[int, set[int]] = {p: {self.plan.exact[p] - 1} for p in range(self._count)}
        for database in self.databases.values():
            for partition, mark in database.marks().items():
                wanted.setdefault(partition, set()).add(mark.offset)
        return wanted

    def _count_record(self, planned: Planned) -> None:
        record, origin = planned
        event = identity_of(record)
        source = "" if event is None else event[0][2]
        key = origin, source
        self.plan.records[key] = self.plan.records.get(key, 0) + 1
        if origin is not Origin.LOG and event is not None:
            self.plan.streams.setdefault(key, set()).add(event[0][1])


def _all_of(reader: LogReader, partition: int) -> Iterator[Record]:
    begin = reader.beginnings([partition])[partition]
    return read_partition(reader, partition, reader.ends([partition])[partition], begin)


def _finding(names: set[Name], text: str) -> list[str]:
    if not names:
        return []
    examples = ", ".join(f"{stream} of {source}" for _, stream, source in sorted(names)[:EXAMPLES])
    return [f"{counted(len(names), 'stream')}, such as {examples}: {text}"]


def _at(digests: bytes, sequence: int) -> bytes:
    return digests[(sequence - 1) * DIGEST_SIZE : sequence * DIGEST_SIZE]


def _identity(event: Loose) -> Identity:
    return event.name, event.sequence, digest_of(event.value or b"")
