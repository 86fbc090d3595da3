"""Fault 101: PostgreSQL goes back in time under a running desk.

A replica that lagged behind takes over, or the server is put back from a copy, while the desk's
process goes on running. The database has forgotten dossiers that citizens have codes for; the log
has them.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from infra.local.postgres import PostgresServer, PostgresUnavailable
from kernel.kafka.topics import ensure_topics, events_topic
from kernel.storage.engines import open_engine
from tests.support.feed import wait_until
from tests.support.ledger import Ledger
from tests.support.service import ServiceProcess

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


@pytest.fixture
def server(session_dir: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test's own."""
    made = PostgresServer(session_dir / f"postgres-{uuid.uuid4().hex[:8]}", free_port())
    try:
        made.start()
    except PostgresUnavailable as error:
        pytest.skip(str(error))
    yield made
    made.stop()


def copied(source: Path, target: Path) -> None:
    """Copy a folder with the rights and owners of its files."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def test_fault_101_no_code_is_given_twice(
    server: PostgresServer, kafka: KafkaBroker, topic: str, tmp_path: Path
) -> None:
    """The process notices at its next connection and begins anew: it reads what its database has
    forgotten before it gives out a code.
    """
    ensure_topics(kafka.bootstrap, topics=[events_topic(topic)])
    url = server.create_database("office")
    desk = ServiceProcess("intake", tmp_path / "desk", kafka.bootstrap, topic, url)
    cluster, older = server.data_dir / "cluster", server.data_dir / "older"
    with desk:
        desk.wait_ready()
        with Ledger([desk]) as before:
            before.wait_more(10)
            server.stop()
            copied(cluster, older)
            server.start()
            before.wait_more(20)
            before.stop()
        desk.wait_published()
        server.stop()
        cluster.rename(server.data_dir / "newer")
        older.rename(cluster)
        with Ledger([desk]) as ledger:
            server.start()
            wait_until(lambda: not desk.running, 60, "it has ended")
            desk.start()
            ledger.wait_more(10)
            ledger.stop()
        desk.wait_published()
    ledger.acknowledged += before.acknowledged
    engine = open_engine(url, "intake", read_only=True)
    try:
        ledger.check(engine, kafka.bootstrap, topic)
    finally:
        engine.dispose()
    assert "database.went_back" in (desk.folder / "intake.log").read_text("utf-8")
