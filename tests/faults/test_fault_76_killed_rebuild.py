"""Fault 76: a rebuild is killed at any moment while people work."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect

from infra.local.kafka import KafkaBroker
from kernel.rebuild.check import check
from kernel.rebuild.rebuild import CLEARING, EXCHANGING, HOLDING, READING, READING_REST
from kernel.storage.engines import open_engine
from tests.support.databases import NewDatabase
from tests.support.killed_rebuild import READ
from tests.support.ledger import Ledger
from tests.support.models import INTAKE
from tests.support.service import ServiceProcess

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
STEPS = (READING, READ, HOLDING, READING_REST, EXCHANGING)
BETWEEN_TABLES = {
    "postgresql": ("alter table intake.requests", "alter schema intake_rebuild"),
    "sqlite": ('drop table main."streams"', 'insert into main."streams"'),
}
"""How statements begin in the middle of an exchange."""


def test_a_killed_rebuild_is_as_if_it_never_was(
    kafka: KafkaBroker, topic: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    """The tables in use stay whole, commands go on, and the next rebuild clears up. Killed after
    the exchange, the new tables are there.
    """
    url, keys = new_database("intake"), new_database("keys")
    desk = ServiceProcess(
        "intake", tmp_path / "desk", kafka.bootstrap, topic, url, KEYRING_DATABASE_URL=keys
    )
    kind = url.partition("+")[0].partition(":")[0]
    with desk:
        desk.wait_ready()
        with Ledger([desk], threads=2) as ledger:
            ledger.wait_more(20)
            for moment in (*STEPS, *BETWEEN_TABLES[kind], CLEARING):
                command = (sys.executable, "-m", "tests.support.killed_rebuild")
                killed = subprocess.run(
                    [*command, kafka.bootstrap, topic, url, moment], timeout=120, check=False
                )
                assert killed.returncode == -signal.SIGKILL, moment
                ledger.wait_more(10)
            done = desk.motcua("rebuild", "intake")
            assert done.returncode == 0, done.stderr
            ledger.wait_more(10)
            ledger.stop()
        desk.wait_published()
        assert not ledger.refused, ledger.refused
        engine = open_engine(url, "intake", read_only=True)
        try:
            ledger.check(engine, kafka.bootstrap, topic)
            assert check(INTAKE, engine, kafka.bootstrap, topic).equal
            schemas = {name for name in inspect(engine).get_schema_names() if "intake" in name}
            assert schemas <= {"intake"}
        finally:
            engine.dispose()
    assert not list(tmp_path.rglob("*.rebuild"))
