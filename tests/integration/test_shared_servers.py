"""The servers that the tests of a session share."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from infra.local.kafka import KafkaBroker
from infra.local.postgres import PostgresServer
from tests.support.databases import DatabasePool
from tests.support.servers import ask_at, broker_at, postgres_at


def test_a_database_that_was_given_back_is_empty(databases: DatabasePool) -> None:
    """Whatever a test leaves in it, tables, schemas and open transactions, is gone."""
    url = databases.take()
    assert databases.take() != url
    left = create_engine(url)
    with left.connect() as connection:
        connection.execute(text("create table one (id int)"))
        connection.execute(text("create schema audit"))
        connection.execute(text("create table audit.two (id int primary key)"))
        connection.commit()
        connection.execute(text("insert into one values (1)"))
        databases.give_back(url)
        with pytest.raises(OperationalError):
            connection.execute(text("select 1"))
    left.dispose()

    assert databases.take() == url
    engine = create_engine(url)
    found = inspect(engine)
    assert set(found.get_schema_names()) == {"public", "information_schema"}
    assert found.get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("create table one (id int)"))
    engine.dispose()
    databases.give_back(url)


def test_another_process_finds_the_same_servers(
    kafka: KafkaBroker, postgres: PostgresServer
) -> None:
    """By the address in its environment; what it does with them, it does to these."""
    address = os.environ["MOTCUA_TEST_SERVERS"]
    broker, database = (
        broker_at(ask_at(address, "kafka")),
        postgres_at(ask_at(address, "postgres")),
    )
    assert (broker.bootstrap, broker.pid) == (kafka.bootstrap, kafka.pid)
    assert database.url == postgres.url


def test_a_server_that_can_not_start_is_told_to_who_asks() -> None:
    """Instead of a wait without end."""
    with pytest.raises(RuntimeError, match="BrokerError: no memory"):
        broker_at({"problem": "BrokerError: no memory"})
