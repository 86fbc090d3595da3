"""Fault 1: a service is killed between the commit and the sending of an event."""

from pathlib import Path

import pytest

from infra.local.kafka import KafkaBroker
from tests.support.feed import code_of, log_of, put, supplement, wait_until
from tests.support.runner import TallyProcess, answered, check_once, progress, reader

pytestmark = pytest.mark.faults


def test_fault_01_killed_between_commit_and_send(
    kafka: KafkaBroker, topic: str, database_url: str, tmp_path: Path
) -> None:
    """What was committed and not sent is sent by the restarted service within 15 s, once."""
    sent = [supplement(code_of(1), 1), supplement(code_of(1), 2)]
    with TallyProcess(kafka.bootstrap, topic, database_url, tmp_path / "marks") as tally:
        tally.hold("send")
        tally.start()
        put(kafka.bootstrap, topic, sent)
        engine = reader(database_url)
        wait_until(lambda: progress(engine)["outbox"] == 2 and tally.is_held("send"))
        tally.kill()
        assert len(log_of(kafka.bootstrap, topic)) == 2
        tally.release("send")
        tally.start()
        wait_until(lambda: answered(engine, 2), seconds=15)
    check_once(engine, sent, kafka.bootstrap, topic)
    assert len(log_of(kafka.bootstrap, topic)) == 4
    engine.dispose()
