"""Databases made again from the log."""

import random

import pytest
from sqlalchemy import Engine

from infra.local.kafka import KafkaBroker
from kernel.eventsourcing.service_model import Model
from kernel.rebuild.rebuild import NotEmpty, check, rebuild
from kernel.storage.engines import open_engine
from tests.support.databases import NewDatabase
from tests.support.feed import code_of, put, put_raw, supplement, wait_until
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
    with pytest.raises(NotEmpty):
        rebuild(MODEL, kafka.bootstrap, topic, again, prepare=make_tables)
    engine = open_engine(again, "routing", read_only=True)
    assert rows(engine, ANSWERED) == answered
    engine.dispose()


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
