"""Fixtures that folders share; their conftest files name those that they use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.kafka import KafkaBroker
from tests.support import notify_process
from tests.support.databases import DatabasePool, NewDatabase
from tests.support.desk import Desk, open_desk
from tests.support.logs_of_both_kinds import AnyLog, KafkaLog, LogInMemory, TallyOn
from tests.support.postal_office import PostalOffice
from tests.support.postal_service import Serve, Serving


@pytest.fixture(params=["memory", "kafka"])
def any_log(request: pytest.FixtureRequest) -> AnyLog:
    """An empty log; the test runs on the one in memory and on Kafka's, which do the same."""
    if request.param == "memory":
        return LogInMemory()
    kafka: KafkaBroker = request.getfixturevalue("kafka")
    return KafkaLog(kafka.bootstrap, request.getfixturevalue("topic"))


@pytest.fixture(params=["memory-sqlite", "memory-postgresql", "kafka-sqlite"])
def tally_on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TallyOn]:
    """An empty log and an empty database: the log in memory with each database, and Kafka's with
    one, since neither knows of the other.
    """
    kind, _, database = request.param.partition("-")
    log: AnyLog = LogInMemory()
    if kind == "kafka":
        kafka: KafkaBroker = request.getfixturevalue("kafka")
        log = KafkaLog(kafka.bootstrap, request.getfixturevalue("topic"))
    if database == "sqlite":
        yield TallyOn(log, f"sqlite:///{tmp_path / 'tally.sqlite'}")
        return
    pool: DatabasePool = request.getfixturevalue("databases")
    url = pool.take()
    yield TallyOn(log, url)
    pool.give_back(url)


@pytest.fixture
def any_desk(new_database: NewDatabase) -> Iterator[Desk]:
    """A fresh desk; the test runs on SQLite and on PostgreSQL."""
    with open_desk(new_database("intake"), new_database("keys")) as found:
        yield found


@pytest.fixture
def notify_desk(kafka: KafkaBroker, topic: str, tmp_path: Path) -> Iterator[notify_process.Desk]:
    """The rest of the office, on a topic and with a keyring of this test's own."""
    keyring = f"sqlite:///{tmp_path / 'keyring.sqlite3'}"
    desk = notify_process.Desk(kafka.bootstrap, topic, keyring)
    yield desk
    desk.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(**settings)`: one more server, all on the same postal office on SQLite; what differs
    between databases is in the contract tests.
    """
    office = PostalOffice(
        f"sqlite:///{tmp_path / 'postal.sqlite3'}", f"sqlite:///{tmp_path / 'keys.sqlite3'}"
    )
    made: list[Serving] = []

    def make(**settings: Any) -> Serving:
        made.append(Serving(office, **settings))
        return made[-1]

    yield make
    for serving in made:
        serving.stop()
    office.close()


@pytest.fixture
def serving(serve: Serve) -> Serving:
    """One served postal office."""
    return serve()
