"""Fault 7: two relays of one database are started by mistake."""

import pytest

from infra.local.kafka import KafkaBroker
from tests.support.feed import log_of, put, wait_until, workload
from tests.support.runner import answered, check_once
from tests.support.tally import SOURCE, Node

pytestmark = pytest.mark.faults


def test_fault_07_second_relay_waits(kafka: KafkaBroker, topic: str, database_url: str) -> None:
    """One publishes and the other waits: nothing is sent twice; when the first ends, the second
    goes on.
    """
    sent = workload(dossiers=20, each=5)
    with Node(kafka.bootstrap, topic, database_url, faust=False) as first:
        wait_until(lambda: first.consumer.status().ready)
        second = Node(kafka.bootstrap, topic, database_url, faust=False).start()
        try:
            put(kafka.bootstrap, topic, sent)
            wait_until(lambda: answered(first.reads, 100))
            first.relay.stop()
            more = workload(dossiers=20, each=6)[100:]
            put(kafka.bootstrap, topic, more)
            wait_until(lambda: answered(first.reads, 120))
        finally:
            second.stop()
        check_once(first.reads, sent + more, kafka.bootstrap, topic)
    answers = [e for e in log_of(kafka.bootstrap, topic) if e.source == SOURCE]
    assert len(answers) == 120
