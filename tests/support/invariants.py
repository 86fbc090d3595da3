"""The invariants that hold after every fault, checked on the stores, the log and the mail sink.

Each function fails with what it found; it reads tables and topic itself, not through the services.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Engine, text

from cli.stack.plan import SERVICES
from infra.local.smtp import RECIPIENT_HEADER
from kernel.eventsourcing.envelope import payload_of, short_name
from kernel.rebuild.check import check
from tests.support.feed import wait_until
from tests.support.models import MODELS
from tests.support.stack import Stack

Stream = tuple[str, str]
"""Dossier and source."""


@dataclass(frozen=True)
class ConfirmedCommand:
    """A command that a client was told is done."""

    service: str
    method: str
    request_id: str
    dossier_code: str


class Stored(NamedTuple):
    """One event as a service's store has it."""

    stream_id: str
    sequence: int
    event_id: str
    type: str
    causation_id: str
    body: bytes


def stored(engine: Engine, source: str) -> list[Stored]:
    """Read a service's own events, each dossier's in order."""
    chosen = f"SELECT {', '.join(Stored._fields)} FROM events WHERE source = :source"
    question = f"{chosen} ORDER BY stream_id, sequence"
    with engine.connect() as connection:
        return [
            Stored(row[0], row[1], row[2], short_name(row[3]), row[4], bytes(row[5]))
            for row in connection.execute(text(question), {"source": source})
        ]


def all_stored(stack: Stack) -> dict[str, list[Stored]]:
    """Read every service's own events."""
    found: dict[str, list[Stored]] = {}
    for name in SERVICES:
        with stack.store(name) as engine:
            found[name] = stored(engine, name)
    return found


def records(bootstrap: str, topic: str) -> list[Any]:
    """Read the whole topic as kafka-python's records; partitions one after the other."""
    reader = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    found: list[Any] = []
    try:
        for number in sorted(reader.partitions_for_topic(topic) or ()):
            partition = TopicPartition(topic, number)
            end = reader.end_offsets([partition])[partition]
            reader.assign([partition])
            reader.seek(partition, 0)
            while reader.position(partition) < end:
                for run in reader.poll(500).values():
                    found += run
    finally:
        reader.close()
    return found


BESIDE = {"ChildEnded", "ChildReopened", "CaseWithdrawn", "DeadlineMissed"}
"""What a command on one dossier writes of its parent and its children."""

SEVERAL = {"ChildEnded", "DeadlineMissed"}
"""What it may write more than once of its own dossier."""


def check_confirmed(
    confirmed: Iterable[ConfirmedCommand], events: Mapping[str, Sequence[Stored]]
) -> None:
    """I1: what a client was told is done is in the store, once, for the dossier it was told."""
    by_cause: dict[tuple[str, str], list[Stored]] = defaultdict(list)
    for service, rows in events.items():
        for row in rows:
            by_cause[service, row.causation_id].append(row)
    for one in confirmed:
        rows = by_cause[one.service, one.request_id]
        assert rows, f"told and not in the store: {one}"
        own = [row for row in rows if row.stream_id == one.dossier_code]
        assert own, one
        # A parent hears how its child ended; children end with a parent that has no result.
        assert {row.type for row in rows if row not in own} <= BESIDE, one
        # What had passed unsaid before is said with it: of the step, of the dossier.
        types = Counter(row.type for row in own if row.type not in SEVERAL)
        assert max(types.values(), default=0) == 1, f"twice in the store: {one} {types}"


def check_sequences(events: Mapping[str, Sequence[Stored]]) -> None:
    """I2: the sequence of each dossier and source is 1, 2, 3 … without a gap."""
    for service, rows in events.items():
        by_dossier: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            by_dossier[row.stream_id].append(row.sequence)
        for code, numbers in by_dossier.items():
            assert numbers == list(range(1, len(numbers) + 1)), f"{service} {code}: {numbers}"


@dataclass(frozen=True)
class Log:
    """What the topic holds."""

    records: list[Any]
    streams: dict[Stream, list[bytes]]
    """The bodies of each stream, without repeats, as a reader meets them."""
    repeats: int


def read_log(bootstrap: str, topic: str) -> Log:
    """Read the topic as a consumer must, repeats skipped.

    Fails on a gap, disorder, a changed repeat or a key of another dossier.
    """
    found = records(bootstrap, topic)
    streams: dict[Stream, list[bytes]] = defaultdict(list)
    homes: dict[str, int] = {}
    repeats = 0
    for record in found:
        event = Event.FromString(record.value)
        assert record.key == event.stream_id.encode(), f"key {record.key!r} of {event.event_id}"
        assert homes.setdefault(event.stream_id, record.partition) == record.partition
        bodies = streams[event.stream_id, event.source]
        if event.sequence <= len(bodies):
            assert bodies[event.sequence - 1] == record.value, f"a changed repeat: {event.event_id}"
            repeats += 1
            continue
        where = f"partition {record.partition}, offset {record.offset}"
        assert event.sequence == len(bodies) + 1, f"a gap at {where}: {event.sequence}"
        bodies.append(record.value)
    return Log(found, dict(streams), repeats)


def check_published(stack: Stack, events: Mapping[str, Sequence[Stored]]) -> Log:
    """I3: every stored event is in Kafka at least once, byte for byte, and deduped in order."""
    streams: dict[Stream, list[bytes]] = defaultdict(list)
    for service, rows in events.items():
        for row in rows:
            streams[row.stream_id, service].append(row.body)
    log = read_log(stack.bootstrap, stack.topic)

    def whole() -> bool:
        nonlocal log
        if not all(len(log.streams.get(s, ())) >= len(bodies) for s, bodies in streams.items()):
            log = read_log(stack.bootstrap, stack.topic)
            return False
        return True

    wait_until(whole, 60, "every stored event is in Kafka")
    for stream, bodies in streams.items():
        assert log.streams[stream][: len(bodies)] == bodies, f"other bytes in Kafka: {stream}"
    return log


def check_mails(stack: Stack) -> dict[str, int]:
    """I5 of mails: one Message-ID for each effect, a second copy only of what was "maybe sent".

    The sink is read between two looks at the store, because time goes on and lateness is told.
    """
    with stack.store("notify") as engine:
        before = stored(engine, "notify")
        mails = stack.mails()
        rows = stored(engine, "notify")
    check_once({"notify": rows}, "MessageQueued")
    queued = {message.message_id for message in _payloads(rows, "MessageQueued")}
    results = _payloads(rows, "MessageSent")
    sent = {message.message_id: message.maybe_sent for message in results}
    assert len(results) == len(sent), "a message was settled twice"
    copies: Counter[str] = Counter()
    readers: dict[str, set[str]] = defaultdict(set)
    for mail in mails:
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        copies[name] += 1
        readers[name].update(mail.get_all(RECIPIENT_HEADER) or ())
    lost = {message.message_id for message in _payloads(before, "MessageSent")} - copies.keys()
    assert not lost, f"sent and not in the sink: {lost}"
    assert copies.keys() <= queued, "a mail that nobody planned"
    for name, number in copies.items():
        assert len(readers[name]) == 1, f"mail {name} went to {readers[name]}"
        assert number <= 1 + sent.get(name, 0), f"mail {name}: {number} copies"
    return {"mails": copies.total(), "effects": len(copies), "maybe_sent": sum(sent.values())}


def check_parcels(events: Mapping[str, Sequence[Stored]]) -> int:
    """I5 of parcels: one job at most for each resolved case and dossier; gives their number."""
    check_once(events, "PostalJobCreated")
    made = [row.stream_id for row in events["postal"] if row.type == "PostalJobCreated"]
    assert len(made) == len(set(made)), "two parcels for one dossier"
    return len(made)


def check_once(events: Mapping[str, Sequence[Stored]], *types: str) -> None:
    """A cause has its outcome once: no two events of one of these types name the same cause."""
    for kind in types:
        causes = Counter(r.causation_id for rows in events.values() for r in rows if r.type == kind)
        twice = {cause: number for cause, number in causes.items() if number > 1}
        assert not twice, f"{kind}: more than once for one cause: {twice}"


def check_rebuilds(stack: Stack) -> None:
    """I4: every service's views are equal, row for row, to those made anew from the log."""
    for name in SERVICES:
        model = MODELS[name]
        with stack.store(name) as engine:
            found = check(model, engine, stack.bootstrap, stack.topic)
        assert found.equal, found


def _payloads(rows: Sequence[Stored], kind: str) -> list[Any]:
    return [payload_of(Event.FromString(row.body)) for row in rows if row.type == kind]
