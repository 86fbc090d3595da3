"""Fault 66: the log loses its last records before the service that wrote them has read them.

An unclean election does that, or a broker whose disk was put back. The service's positions say
nothing of it, and audit has not read them either: only the service itself holds these events.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from infra.local.kafka import KafkaBroker
from kernel.consumer.reading.log_comparison import LogDiffers
from kernel.eventsourcing.service_model import Model
from kernel.kafka.topics import ensure_topics, events_topic
from kernel.rebuild.rebuild import rebuild
from tests.support.feed import code_of, log_of, wait_until
from tests.support.resumptions import resume
from tests.support.tally import KERNEL, METADATA, MODEL, Node, relay_alone

pytestmark = pytest.mark.faults
TOPIC = "dossier.events"
PATIENCE = 60.0


def _tables(engine: Engine, _model: Model) -> None:
    METADATA.create_all(engine)


def publish(node: Node, *numbers: int) -> None:
    """Write events and wait until the broker has acknowledged them."""
    for number in numbers:
        node.writer.submit(resume(number)).result(10)
    wait_until(lambda: not node.rows(KERNEL.outbox), PATIENCE, "all are published")


def test_fault_66_what_its_own_service_has_not_read_is_missed(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    """Nothing is read or published, and no database is thrown away; the service goes on once its
    log is back.
    """
    ensure_topics(own_kafka.bootstrap, topics=[events_topic(TOPIC)])
    url, data = f"sqlite:///{tmp_path / 'tally.sqlite'}", own_kafka.data_dir / "log"
    with relay_alone(own_kafka.bootstrap, TOPIC, url) as node:
        publish(node, *range(12))
        shutil.copytree(data, tmp_path / "older")
        publish(node, *range(12, 24))
    own_kafka.stop()
    data.rename(tmp_path / "right")
    shutil.copytree(tmp_path / "older", data)
    own_kafka.start()
    with Node(own_kafka.bootstrap, TOPIC, url) as node:
        words = "the log ends before the last record published"
        wait_until(lambda: words in node.consumer.status().halted, PATIENCE, words)
        node.writer.submit(resume(30)).result(10)
        assert not node.consumer.readiness.may_publish()
        with pytest.raises(LogDiffers, match=words):
            rebuild(MODEL, own_kafka.bootstrap, TOPIC, url, prepare=_tables)
        assert len(log_of(own_kafka.bootstrap, TOPIC)) == 12
        own_kafka.stop()
        shutil.rmtree(data)
        (tmp_path / "right").rename(data)
        own_kafka.start()
        wait_until(lambda: not node.rows(KERNEL.outbox), PATIENCE, "what waited is published")
        stored = [event.stream_id for event in log_of(own_kafka.bootstrap, TOPIC)]
        assert sorted(stored) == sorted(code_of(number) for number in (*range(24), 30))
        assert node.consumer.status().halted == ""
