"""Databases made again from the log."""

import random
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import Engine, select

from infra.local.kafka import KafkaBroker
from kernel.base.errors import Unavailable
from kernel.consumer.reading.log_comparison import LogDiffers
from kernel.eventsourcing import group_commit
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.identities import OtherIdentity
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rebuild.carry_over import NotOnLog
from kernel.rebuild.check import check
from kernel.rebuild.place import RebuildRunning
from kernel.rebuild.postgresql_place import no_rebuild
from kernel.rebuild.rebuild import CLEARING, EXCHANGING, HOLDING, READING, READING_REST, rebuild
from kernel.storage.engines import open_engine
from kernel.storage.schema_check import schema_differences
from tests.support.databases import NewDatabase
from tests.support.feed import code_of, put, put_raw, supplement, wait_until, workload
from tests.support.resumptions import resume
from tests.support.tally import (
    ANSWERED,
    DISCARD,
    HEARD,
    KERNEL,
    METADATA,
    MODEL,
    POISON,
    SEEN,
    Node,
    rows,
)

PARTITIONS = 6


def make_tables(engine: Engine, _model: Model) -> None:
    METADATA.create_all(engine)


def test_equal_after_random_workload(
    kafka: KafkaBroker, topic: str, new_database: NewDatabase
) -> None:
    """A check beside the running service finds no difference; a rebuilt database holds the same
    rows.
    """
    rng = random.Random(7)
    heights = dict.fromkeys(map(code_of, range(40)), 0)

    def some(number: int) -> None:
        events = []
        for _ in range(number):
            code = rng.choice(list(heights))
            heights[code] += 1
            events.append(supplement(code, heights[code], rng.randrange(1, 9)))
        if rng.random() < 0.5:
            events.append(rng.choice(events))
        put(kafka.bootstrap, topic, events)

    url, seen = new_database(), []
    some(300)
    with Node(kafka.bootstrap, topic, url) as node:
        wait_until(lambda: node.consumer.status().ready)
        some(200)
        put(
            kafka.bootstrap, topic, [supplement(code_of(90), 1), supplement(code_of(90), 2, POISON)]
        )
        put(kafka.bootstrap, topic, [supplement(code_of(90), 3), supplement(code_of(91), 2)])
        put_raw(kafka.bootstrap, topic, [(b"garbage", b"\xff\xff")])
        wait_until(lambda: node.consumer.quarantine.count() == 4, what="quarantined")
        report = check(
            MODEL,
            node.reads,
            kafka.bootstrap,
            topic,
            lambda done, total: seen.append((done, total)),
        )
        assert report.equal, report
        assert set(report.tables) == {"seen", "heard", "answered", "events", "streams"}
        assert report.as_json()["tables"]["heard"]["rows"] == len(node.rows(HEARD))
        assert seen[-1][0] == seen[-1][1] > 0
        node.consumer.quarantine.redrive(code_of(90), discard=DISCARD)
        wait_until(lambda: node.consumer.quarantine.count() == 2, what="discarded")
        wait_until(lambda: not node.rows(KERNEL.pending_reactions), what="reacted")
        assert check(MODEL, node.reads, kafka.bootstrap, topic).equal
        with node.engine.begin() as connection:
            connection.execute(
                SEEN.update().where(SEEN.c.dossier_code == code_of(3)).values(last_round=99)
            )
            connection.execute(HEARD.delete().where(HEARD.c.dossier_code == code_of(4)))
        broken = check(MODEL, node.reads, kafka.bootstrap, topic)
        assert not broken.equal
        (seen_row,) = broken.as_json()["tables"]["seen"]["examples"]
        assert seen_row["key"] == {"dossier_code": code_of(3)}
        (last_round,) = seen_row["columns"]
        assert last_round == {"column": "last_round", "live": 99, "log": last_round["log"]}
        assert 1 <= last_round["log"] < 9
        assert broken.tables["heard"].differences == heights[code_of(4)]
        assert all(row.right and not row.left for row in broken.tables["heard"].examples)
        asked = check(MODEL, node.reads, kafka.bootstrap, topic, examples=1).as_json()["tables"]
        assert asked["heard"]["more"] == heights[code_of(4)] - 1
        answered = node.rows(ANSWERED)
    again = new_database()
    made = rebuild(MODEL, kafka.bootstrap, topic, again, prepare=make_tables)
    assert made.quarantined == 2
    twice = rebuild(MODEL, kafka.bootstrap, topic, again, prepare=make_tables)
    assert (twice.events, twice.quarantined) == (made.events, made.quarantined)
    engine = open_engine(again, "routing", read_only=True)
    assert rows(engine, ANSWERED) == answered
    engine.dispose()


@pytest.fixture
def store(database_url: str) -> Iterator[Engine]:
    """A service's database with its tables."""
    engine = open_engine(database_url, MODEL.source)
    make_tables(engine, MODEL)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(store: Engine) -> Iterator[Writer]:
    """The writer of a service that publishes nothing."""
    made = Writer(store, MODEL)
    made.start()
    yield made
    made.stop()


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables."""
    return {table.name: rows(engine, table) for table in METADATA.sorted_tables}


def test_the_tables_of_another_service_are_not_replaced(
    kafka: KafkaBroker, topic: str, database_url: str, store: Engine
) -> None:
    """Its file was put in this one's place, and may be the only copy."""
    with store.begin() as connection:
        connection.execute(KERNEL.identities.insert(), {"name": "service", "value": "postal"})
    before = everything(store)
    put(kafka.bootstrap, topic, [supplement(code_of(1), 1)])
    with pytest.raises(OtherIdentity, match="belongs to service postal"):
        rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)
    assert everything(store) == before


def test_what_is_not_on_the_log_is_carried_over(
    kafka: KafkaBroker, topic: str, database_url: str, store: Engine, writer: Writer
) -> None:
    """Events that wait for publication, answers to requests, leases, and what the database belongs
    to; the process that had the old tables goes on on the new ones.
    """
    replaced: list[bool] = []
    writer.on_replaced(lambda: replaced.append(True))
    put(kafka.bootstrap, topic, [supplement(code_of(1), 1), supplement(code_of(1), 2)])
    for number in (1, 2, 2):
        writer.submit(resume(number)).result(10)
    answer = {"request_id": "r", "digest": b"d", "response": b"a", "created_at": 1}
    with store.begin() as connection:
        connection.execute(KERNEL.outbox.delete().where(KERNEL.outbox.c.id == 1))
        connection.execute(KERNEL.requests.insert(), answer)
        connection.execute(KERNEL.identities.insert(), {"name": "keyring", "value": "k"})
        lease = {"name": "relay", "holder": "me", "expires_at": 1}
        connection.execute(KERNEL.leases.insert(), lease)
    (first,) = (row["body"] for row in rows(store, KERNEL.events) if row["stream_id"] == code_of(1))
    put_raw(kafka.bootstrap, topic, [(code_of(1).encode(), first)])
    before = everything(store)

    made = rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)

    after = everything(store)
    assert (made.events, made.unpublished, made.quarantined) == (3, 2, 0)
    assert [row["id"] for row in after["outbox"]] == [2, 3]
    for name in ("outbox", "requests", "events", "answered"):
        assert after[name] == before[name], name
    own = [row for row in after["streams"] if row["source"] == MODEL.source]
    assert own == before["streams"]
    assert before["leases"][0] in after["leases"]
    assert before["identities"][0] in after["identities"]
    assert [row["last_round"] for row in after["seen"]] == [1]
    writer.submit(resume(2)).result(10)
    assert replaced == [True]
    last = rows(store, KERNEL.outbox)[-1]
    assert (last["id"], last["sequence"]) == (4, 3)
    assert check(MODEL, store, kafka.bootstrap, topic, patience=0.0).tables["events"].rows == 4


def test_what_the_log_lacks_is_not_thrown_away(
    kafka: KafkaBroker, topic: str, database_url: str, store: Engine, writer: Writer
) -> None:
    """An event that was published and is not on the log: nothing is replaced, no row changes."""
    writer.submit(resume(1)).result(10)
    with store.begin() as connection:
        connection.execute(KERNEL.outbox.delete())
    before = everything(store)
    with pytest.raises(NotOnLog, match=code_of(1)):
        rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)
    assert everything(store) == before
    writer.submit(resume(1)).result(10)
    with pytest.raises(NotOnLog, match="event 1 of"):
        rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)


def test_a_log_that_was_shortened_is_not_taken(
    kafka: KafkaBroker, topic: str, database_url: str, store: Engine
) -> None:
    """The tables in use were made from more: they are not replaced by less."""
    put(kafka.bootstrap, topic, [supplement(code_of(1), 1)])
    with store.begin() as connection:
        unread = {"last_offset": None, "last_digest": None}
        places = [{"partition": p, "position": 9, **unread} for p in range(PARTITIONS)]
        connection.execute(KERNEL.positions.insert(), places)
    before = everything(store)
    with pytest.raises(LogDiffers, match="ends before the position"):
        rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)
    assert everything(store) == before


def test_one_rebuild_at_a_time(
    kafka: KafkaBroker, topic: str, database_url: str, store: Engine
) -> None:
    """The second one, and on PostgreSQL a comparison, is refused and does no harm to the first."""
    put(kafka.bootstrap, topic, [supplement(code_of(1), 1)])
    refused: list[str] = []

    def step(name: str) -> None:
        with pytest.raises(RebuildRunning):
            rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)
        refused.append(name)
        if store.dialect.name == "postgresql":
            with pytest.raises(RebuildRunning):
                check(MODEL, store, kafka.bootstrap, topic)

    made = rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables, step=step)

    assert made.events == 1
    if store.dialect.name == "postgresql":
        with no_rebuild(store), pytest.raises(RebuildRunning):
            rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)
    assert refused == [READING, HOLDING, READING_REST, EXCHANGING, CLEARING]


def test_tables_of_another_version_are_replaced(
    kafka: KafkaBroker, topic: str, database_url: str, store: Engine
) -> None:
    """Such a database is made again, as its error says; but not while its outbox, which can't be
    read, has something.
    """
    put(kafka.bootstrap, topic, [supplement(code_of(1), 1)])
    with store.begin() as connection:
        connection.exec_driver_sql("alter table seen drop column last_round")
        connection.exec_driver_sql("drop table requests")
        connection.exec_driver_sql("alter table outbox add column further text not null default ''")
        connection.execute(KERNEL.leases.insert(), {"name": "x", "holder": "", "expires_at": 1})
        columns = (
            "stream_id, stream_kind, sequence, event_id, type, occurred_at, trace, body, batch"
        )
        row = "'x', 'dossier', 1, 'x', 'x', 1, '', '', ''"
        connection.exec_driver_sql(f"insert into outbox ({columns}, enqueued_at) values ({row}, 1)")
    with pytest.raises(NotOnLog, match="1 event"):
        rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)
    with store.begin() as connection:
        assert connection.exec_driver_sql("select count(*) from outbox").scalar_one() == 1
        connection.exec_driver_sql("delete from outbox")

    rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables)

    with store.connect() as connection:
        assert schema_differences(connection, METADATA) == []
    assert len(rows(store, SEEN)) == 1
    assert "x" in [row["name"] for row in rows(store, KERNEL.leases)]


def test_a_transaction_that_waits_for_the_exchange_sees_all_of_it(
    kafka: KafkaBroker, topic: str, database_url: str, store: Engine, writer: Writer
) -> None:
    """On PostgreSQL its view of the database is older than the exchange, and it must not use it."""
    put(kafka.bootstrap, topic, workload(dossiers=5, each=4))
    writer.submit(resume(1)).result(10)
    waiting: list[Future[list[int]]] = []

    def look(uow: UnitOfWork) -> list[int]:
        return [len(uow.query(select(table)).all()) for table in (SEEN, HEARD, KERNEL.events)]

    def step(name: str) -> None:
        if name in (HOLDING, READING_REST, EXCHANGING):
            waiting.append(writer.exclusive(look))

    made = rebuild(MODEL, kafka.bootstrap, topic, database_url, prepare=make_tables, step=step)

    assert made.events == 20
    before, *after = (future.result(20) for future in waiting)
    assert before in ([0, 0, 1], [5, 20, 1])
    assert after == [[5, 20, 1]] * 2


def test_who_waits_too_long_for_the_exchange_is_told(
    store: Engine, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command is refused with a reason that a program knows; nothing of it is left."""
    if store.dialect.name == "sqlite":
        pytest.skip("there a writer can't tell why the database is busy")
    monkeypatch.setattr(group_commit, "PATIENCE", 0.5)
    writer.submit(resume(1)).result(10)
    with store.begin() as connection:
        connection.exec_driver_sql("lock table identities")
        with pytest.raises(Unavailable) as refused:
            writer.submit(resume(1)).result(20)
    assert refused.value.code == "REBUILDING"
    assert len(rows(store, KERNEL.events)) == 1


def test_rebuilt_service_reacts_once(
    kafka: KafkaBroker, topic: str, new_database: NewDatabase
) -> None:
    """A service on a rebuilt database answers nothing twice, and what had no answer yet."""
    put(kafka.bootstrap, topic, [supplement(code_of(d), s) for s in (1, 2) for d in range(5)])
    with Node(kafka.bootstrap, topic, new_database()) as node:
        wait_until(lambda: len(node.events()) == 10)
        wait_until(node.is_ready)
        wait_until(lambda: not node.rows(KERNEL.outbox))
    put(kafka.bootstrap, topic, [supplement(code_of(7), 1)])
    again = new_database()
    made = rebuild(MODEL, kafka.bootstrap, topic, again, prepare=make_tables)
    assert (made.events, made.pending) == (22, 1)  # also which reactions there are
    with Node(kafka.bootstrap, topic, again) as node:
        wait_until(lambda: node.consumer.status().ready)
        wait_until(lambda: not node.rows(KERNEL.pending_reactions))
        assert sorted(r["answers"] for r in node.rows(ANSWERED)) == [1, 2, 2, 2, 2, 2]
