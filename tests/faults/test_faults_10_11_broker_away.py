"""Faults 10 and 11: the broker is killed, or stops answering, and comes back."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pytest
import structlog
from motcua.events.v1.event_pb2 import Event

from infra.local.kafka import KafkaBroker
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.feed import code_of, log_of, put, supplement, wait_until
from tests.support.resumptions import resume
from tests.support.tally import HEARD, KERNEL, SOURCE, Node

pytestmark = pytest.mark.faults
TOPIC = "dossier.events"


def drained(node: Node, events: int) -> bool:
    """Return whether the service has this many events of its own, all published."""
    return len(node.events()) == events and not node.rows(KERNEL.outbox)


def check(node: Node, broker: KafkaBroker, sent: Sequence[Event]) -> None:
    """Check that each record had its effect once, and that the log has each own event."""
    assert not node.rows(KERNEL.quarantine)
    assert sorted(r["event_id"] for r in node.rows(HEARD)) == sorted(e.event_id for e in sent)
    own = {e.event_id for e in log_of(broker.bootstrap, TOPIC) if e.source == SOURCE}
    assert own == {row["event_id"] for row in node.events()}


def few(lines: Sequence[Mapping[str, object]]) -> bool:
    """Return whether no fault of ours was logged more than ten times."""
    warned = Counter(
        line["event"]
        for line in lines
        if line["log_level"] != "info" and line["event"] != "library"
    )
    return all(number <= 10 for number in warned.values())


def slowest_command(node: Node, numbers: Iterable[int]) -> float:
    """Return commands; tells the seconds of the slowest."""
    slowest = 0.0
    for number in numbers:
        asked = time.monotonic()
        node.writer.submit(resume(number)).result(5)
        slowest = max(slowest, time.monotonic() - asked)
    return slowest


def test_fault_10_broker_killed(own_kafka: KafkaBroker, database_url: str) -> None:
    """Commands go on while the broker is down; what they left is published after; few lines are
    logged.
    """
    ensure_topics(own_kafka.bootstrap, topics=[events_topic(TOPIC)])
    sent = [supplement(code_of(d), s) for s in (1, 2) for d in range(10)]
    with (
        structlog.testing.capture_logs() as lines,
        Node(own_kafka.bootstrap, TOPIC, database_url) as node,
    ):
        put(own_kafka.bootstrap, TOPIC, sent[:10])
        wait_until(lambda: drained(node, 10))
        own_kafka.kill()
        assert slowest_command(node, range(100, 160)) < 2
        wait_until(lambda: node.relay.status().age_seconds > 8)
        assert node.relay.status().size == 60
        own_kafka.start()
        wait_until(lambda: drained(node, 70), what="published after the outage")
        put(own_kafka.bootstrap, TOPIC, sent[10:])
        wait_until(lambda: drained(node, 80), what="new records are read")
        check(node, own_kafka, sent)
    assert few(lines)


def test_fault_11_broker_paused(own_kafka: KafkaBroker, database_url: str) -> None:
    """A broker that keeps connections open and answers nothing is waited for in the same way."""
    ensure_topics(own_kafka.bootstrap, topics=[events_topic(TOPIC)])
    sent = [supplement(code_of(d), s) for s in (1, 2) for d in range(10)]
    with (
        structlog.testing.capture_logs() as lines,
        Node(own_kafka.bootstrap, TOPIC, database_url) as node,
    ):
        put(own_kafka.bootstrap, TOPIC, sent[:10])
        wait_until(lambda: drained(node, 10))
        own_kafka.pause()
        try:
            assert slowest_command(node, range(100, 160)) < 2
            wait_until(lambda: node.relay.status().age_seconds > 13)
            assert node.relay.status().size == 60
        finally:
            own_kafka.resume()
        wait_until(lambda: drained(node, 70), what="published after the pause")
        put(own_kafka.bootstrap, TOPIC, sent[10:])
        wait_until(lambda: drained(node, 80), what="new records are read")
        check(node, own_kafka, sent)
    assert few(lines)
