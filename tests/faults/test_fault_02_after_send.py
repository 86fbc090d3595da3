"""Fault 2: a service is killed between the sending of an event and the note that it was sent."""

from pathlib import Path

import pytest
from motcua.routing.v1.case_events_pb2 import CaseResumed

from infra.local.kafka import KafkaBroker
from kernel.eventsourcing.service_model import Model
from tests.support.databases import NewDatabase
from tests.support.feed import code_of, log_of, put, supplement, wait_until
from tests.support.runner import TallyProcess, answered, check_once, introduced, reader
from tests.support.tally import HEARD, KERNEL, Node, keep

pytestmark = pytest.mark.faults
LISTENER = Model(
    source="notify", stream_kind="dossier", tables=KERNEL, projections={CaseResumed: keep}
)


def test_fault_02_killed_between_send_and_mark(
    kafka: KafkaBroker, topic: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    """It is sent twice, and a reader handles it once."""
    url = new_database()
    sent = [supplement(code_of(1), 1)]
    with TallyProcess(kafka.bootstrap, topic, url, tmp_path / "marks") as tally:
        tally.start()
        engine = reader(url)
        wait_until(lambda: introduced(engine))
        tally.hold("forget")
        put(kafka.bootstrap, topic, sent)
        wait_until(lambda: tally.is_held("forget"))
        tally.kill()
        tally.release("forget")
        tally.start()
        wait_until(lambda: answered(engine, 1))
    check_once(engine, sent, kafka.bootstrap, topic)
    engine.dispose()
    answers = [e.event_id for e in log_of(kafka.bootstrap, topic) if e.source == "routing"]
    assert len(answers) == 2
    assert len(set(answers)) == 1
    with Node(kafka.bootstrap, topic, new_database(), model=LISTENER, faust=False) as listener:
        wait_until(lambda: listener.consumer.status().ready)
        assert listener.consumer.status().repeats == 1
        assert [row["event_id"] for row in listener.rows(HEARD)] == answers[:1]
        assert not listener.rows(KERNEL.quarantine)
