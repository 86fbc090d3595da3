"""Fault 75: a service's tables are rebuilt while two of its processes take commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from infra.local.kafka import KafkaBroker
from kernel.rebuild.check import check
from kernel.storage.engines import open_engine
from tests.support.databases import NewDatabase
from tests.support.ledger import Ledger
from tests.support.models import INTAKE
from tests.support.service import ServiceProcess

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
def desks(
    kafka: KafkaBroker, topic: str, new_database: NewDatabase, tmp_path: Path
) -> Iterator[tuple[ServiceProcess, ServiceProcess]]:
    """Two desks on one database and one keyring, as on two machines."""
    url, keys = new_database("intake"), new_database("keys")

    def desk(name: str) -> ServiceProcess:
        return ServiceProcess(
            "intake", tmp_path / name, kafka.bootstrap, topic, url, KEYRING_DATABASE_URL=keys
        )

    with desk("left") as left, desk("right") as right:
        left.wait_ready()
        right.wait_ready()
        yield left, right


@contextmanager
def reading(url: str) -> Iterator[Engine]:
    """Open a desk's database for reading."""
    engine = open_engine(url, "intake", read_only=True)
    try:
        yield engine
    finally:
        engine.dispose()


def test_no_command_is_lost_or_doubled(
    kafka: KafkaBroker, topic: str, desks: tuple[ServiceProcess, ServiceProcess]
) -> None:
    """Whatever was acknowledged before, during and after is there once, with its own code; nobody
    is refused for longer than the exchange takes, and what was rebuilt is what the log says.
    """
    left, right = desks
    with Ledger(desks) as ledger:
        ledger.wait_more(100)
        for _ in range(3):
            before = len(ledger.acknowledged)
            done = left.motcua("rebuild", "intake", "--json")
            assert done.returncode == 0, done.stderr
            report = json.loads(done.stdout)
            assert report["events"] > 0
            assert report["quarantined"] == 0
            print(report, len(ledger.acknowledged) - before, "acknowledged meanwhile", end="; ")
            print(f"refused {dict(ledger.refused)}, slowest {ledger.longest:.2f} s")
            ledger.wait_more(50)
        ledger.stop()
    left.wait_published()
    right.wait_published()
    with reading(left.url) as engine:
        ledger.check(engine, kafka.bootstrap, topic)
        assert check(INTAKE, engine, kafka.bootstrap, topic).equal
