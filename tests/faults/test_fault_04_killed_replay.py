"""Fault 4: a service is killed in the middle of reading the log from its beginning."""

from pathlib import Path

import pytest

from infra.local.kafka import KafkaBroker
from tests.support.feed import put, wait_until, workload
from tests.support.runner import TallyProcess, answered, check_once, reader
from tests.support.tally import HEARD, rows

pytestmark = pytest.mark.faults


def test_fault_04_killed_replay_goes_on_where_it_was(
    kafka: KafkaBroker, topic: str, database_url: str, tmp_path: Path
) -> None:
    """It goes on from its position and ends with the same rows."""
    sent = workload(dossiers=60, each=100)
    put(kafka.bootstrap, topic, sent)
    with TallyProcess(kafka.bootstrap, topic, database_url, tmp_path / "marks") as tally:
        tally.start(ready=False)
        wait_until(lambda: tally.status() != {})
        engine = reader(database_url)
        wait_until(lambda: len(rows(engine, HEARD)) > 0)
        tally.kill()
        first = len(rows(engine, HEARD))
        tally.start(ready=False)
        wait_until(lambda: answered(engine, len(sent)), seconds=60)
        assert first + tally.status()["bulk"] >= len(sent)
        check_once(engine, sent, kafka.bootstrap, topic)
        engine.dispose()
