"""Fault 3: a consumer is killed anywhere, also right after its commit."""

import random
import time
from pathlib import Path

import pytest

from infra.local.kafka import KafkaBroker
from tests.support.feed import Feed, wait_until
from tests.support.runner import TallyProcess, answered, check_once, reader

pytestmark = pytest.mark.faults


def test_fault_03_killed_consumer_loses_and_doubles_nothing(
    kafka: KafkaBroker, topic: str, database_url: str, tmp_path: Path
) -> None:
    """Killed four times under a steady flow, it handles each record once."""
    rng = random.Random(3)
    with (
        TallyProcess(kafka.bootstrap, topic, database_url, tmp_path / "marks") as tally,
        Feed(kafka.bootstrap, topic, rate=200, dossiers=50) as feed,
    ):
        for _ in range(4):
            tally.start(ready=rng.random() < 0.5)
            time.sleep(rng.uniform(0.3, 1.2))  # the moment of the kill is the point
            tally.kill()
        tally.start()
        sent = feed.stop()
        engine = reader(database_url)
        wait_until(lambda: answered(engine, len(sent)), seconds=120)
        check_once(engine, sent, kafka.bootstrap, topic)
        engine.dispose()
