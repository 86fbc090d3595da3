import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted, ResultReturned
from motcua.operations.v1.service_events_pb2 import RecordDiscarded

from kernel.base.instants import to_us
from kernel.consumer.decisions.service_stream import events_of, write_call
from kernel.eventsourcing.envelope import short_name
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.audit.definition import make_model
from services.audit.tables import CHAINS, DOSSIERS, KERNEL, LOG
from tests.support.audit_histories import CODE, Numbering, happened
from tests.support.audit_store import MONDAY, Log, Store, stored_rows, week
from tests.support.databases import NewDatabase
from tests.support.tally import DISCARD


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made = Store(database_url)
    yield made
    made.close()


@pytest.fixture
def another(new_database: NewDatabase) -> Iterator[Callable[..., Any]]:
    stores = []

    def make() -> Store:
        stores.append(Store(new_database("again")))
        return stores[-1]

    yield make
    for made in stores:
        made.close()


@pytest.fixture
def events() -> list[Event]:
    return week(random.Random(7), 60)


def _chained(records: list[Record]) -> Iterator[bytes]:
    link = bytes(32)
    for record in records:
        link = hashlib.sha256(link + (record.value or b"")).digest()
        yield link


def test_every_event_is_kept_where_it_stands_and_chained(store: Store, events: list[Event]) -> None:
    """Each record is a row with its bytes; each partition's links follow from the bytes alone."""
    log = Log(events)
    store.take_all(log.shuffled(random.Random(1)), 17)

    rows = store.rows(LOG)
    assert [(r["partition"], r["offset"], r["body"]) for r in rows] == [
        (r.partition, r.offset, r.value) for r in log.records()
    ]
    expected = [link for partition in log.partitions for link in _chained(partition)]
    assert [r["hash"] for r in rows] == expected
    assert [(h["partition"], h["events"], h["hash"]) for h in store.rows(CHAINS)] == [
        (n, len(partition), list(_chained(partition))[-1])
        for n, partition in enumerate(log.partitions)
    ]
    first = events[0]
    row = next(r for r in rows if r["event_id"] == first.event_id)
    assert (short_name(row["type"]), row["source"], row["sequence"]) == (
        "DossierSubmitted",
        "intake",
        1,
    )
    assert (row["occurred_at"], row["trace"]) == (to_us(first.occurred_at), "00-1-2-01")
    assert row["recorded_at"] == to_us(first.recorded_at)


def test_the_facts_are_the_fold_of_the_events(store: Store, events: list[Event]) -> None:
    """Each dossier's row is what the lifecycle makes of its events."""
    store.take_all(Log(events).shuffled(random.Random(2)), 23)

    rows = {row["dossier_code"]: row for row in store.rows(DOSSIERS)}
    assert rows == stored_rows(events)
    assert len(Counter(row["state"] for row in rows.values())) >= 5


def test_reading_the_log_again_gives_the_same_rows(
    store: Store, another: Callable[..., Any], events: list[Event]
) -> None:
    """In small batches, in one, or with the partitions in another order: every row is equal."""
    log = Log(events)
    store.take_all(log.shuffled(random.Random(3)), 5)
    again = another()
    again.take_all(log.records())

    assert again.views() == store.views()


def test_repeats_are_kept_once(
    store: Store, another: Callable[..., Any], events: list[Event]
) -> None:
    """A relay that sends twice leaves no second row, and the chain does not know of it."""
    pick, log = random.Random(4), Log()
    for event in events:
        record = log.send(event)
        if pick.random() < 0.1:
            log.put(record.partition, record.key or b"", record.value or b"", record.headers)
    store.take_all(log.records(), 50)
    again = another()
    again.take_all(log.shuffled(pick), 7)

    assert len(store.rows(LOG)) == len(events)
    assert again.views() == store.views()
    assert {row["dossier_code"]: row for row in store.rows(DOSSIERS)} == stored_rows(events)


def _newer(sequence: int, *, must_understand: bool = False) -> Event:
    event = happened(DossierSubmitted(), MONDAY, sequence=sequence)
    event.payload.type_url = "type.googleapis.com/motcua.intake.v1.FeePaid"  # known to nobody yet
    event.payload.value = b"\x08\x01"
    event.must_understand = must_understand
    return event


@pytest.mark.parametrize("must_understand", [False, True])
def test_events_of_unknown_type_are_kept_with_their_name(
    store: Store, must_understand: bool
) -> None:
    """A type newer than this build is stored byte for byte, whatever it asks of its readers."""
    log = Log()
    record = log.send(_newer(1, must_understand=must_understand))
    log.send(happened(DossierSubmitted(unit="U"), MONDAY + 1, sequence=2))
    store.take(log.records())

    unknown, known = store.rows(LOG)
    assert (unknown["type"], unknown["body"]) == ("motcua.intake.v1.FeePaid", record.value)
    assert short_name(known["type"]) == "DossierSubmitted"
    assert store.rows(DOSSIERS)[0]["unit"] == "U"


def test_a_dossier_known_only_by_unknown_events_has_a_state(store: Store) -> None:
    """The state of a dossier of which nothing is understood is 1."""
    log = Log()
    log.send(_newer(1))
    store.take(log.records())

    assert [(r["dossier_code"], r["state"]) for r in store.rows(DOSSIERS)] == [(CODE, 1)]


def test_records_accepted_late_stand_where_the_log_has_them(
    store: Store, another: Callable[..., Any]
) -> None:
    """A record that waited in the quarantine gives the same chain and row as another reading."""
    numbering = Numbering()
    first, second, third = (
        numbering.event(payload, MONDAY + n, "H22.12.03-210809-9999")
        for n, payload in enumerate(
            [DossierSubmitted(unit="U"), DossierAccepted(), ResultReturned()]
        )
    )
    log = Log(week(random.Random(5), 12))
    for event in (second, third, first):
        log.send(event)
        for other in week(random.Random(6), 3):
            other.stream_id += f"-{event.event_id}"
            log.send(other)
    for record in log.records():
        store.take([record])
    again = another()
    again.take_all(log.records(), 9)

    assert store.rows(KERNEL.quarantine) == []
    assert len(store.rows(LOG)) == len(log.records())
    assert again.views() == store.views()
    rows = store.rows(LOG)
    links = [link for partition in log.partitions for link in _chained(partition)]
    assert [row["hash"] for row in rows] == links
    expected = stored_rows(Event.FromString(r["body"]) for r in rows)
    assert {row["dossier_code"]: row for row in store.rows(DOSSIERS)} == expected


def test_an_own_event_is_kept_once(
    store: Store, another: Callable[..., Any], events: list[Event]
) -> None:
    """Audit has written it before it reads it, or reads it first in a rebuild; it comes twice."""
    discarded = RecordDiscarded(stream_id=CODE, reason="gap")
    log = Log(events)
    with store.engine.begin() as connection:
        uow = UnitOfWork(connection, make_model(), None, MONDAY)
        write_call(uow, discarded, DISCARD)
        uow.flush()
        (own,) = events_of(connection, make_model(), RecordDiscarded)
    log.send(own)
    log.send(own)
    again = another()
    for made in (store, again):
        made.take_all(log.records(), 50)
        assert [r["event_id"] for r in made.rows(LOG)].count(own.event_id) == 1
        assert made.verify(log).ok
    assert again.views() == store.views()
