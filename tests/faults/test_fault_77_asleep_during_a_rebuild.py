"""Fault 77: a process is stopped (SIGSTOP) while the tables under it are replaced, and goes on."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from infra.local.kafka import KafkaBroker
from kernel.rebuild.check import check
from kernel.storage.engines import open_engine
from tests.support.databases import DatabasePool
from tests.support.ledger import Ledger
from tests.support.models import INTAKE
from tests.support.service import ServiceProcess

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_a_process_that_slept_through_a_rebuild(
    kafka: KafkaBroker, topic: str, databases: DatabasePool, tmp_path: Path
) -> None:
    """It holds up neither the rebuild nor its twin for long, and what it remembers of the old
    tables is dropped: it gives no code again and begins no stream again.
    """
    url, keys = databases.take(), databases.take()

    def desk(name: str) -> ServiceProcess:
        return ServiceProcess(
            "intake", tmp_path / name, kafka.bootstrap, topic, url, KEYRING_DATABASE_URL=keys
        )

    with desk("left") as left, desk("right") as right:
        left.wait_ready()
        right.wait_ready()
        with Ledger([left]) as awake, Ledger([right]) as asleep:
            awake.wait_more(30)
            asleep.wait_more(30)
            for _ in range(3):
                right.signal(signal.SIGSTOP)
                try:
                    done = left.motcua("rebuild", "intake")
                    awake.wait_more(30)
                finally:
                    right.signal(signal.SIGCONT)
                assert done.returncode == 0, done.stderr
                asleep.wait_more(30)
            awake.stop()
            asleep.stop()
        left.wait_published()
        right.wait_published()
        engine = open_engine(url, "intake", read_only=True)
        try:
            awake.acknowledged += asleep.acknowledged
            awake.check(engine, kafka.bootstrap, topic)
            assert check(INTAKE, engine, kafka.bootstrap, topic).equal
        finally:
            engine.dispose()
    databases.give_back(url)
    databases.give_back(keys)
