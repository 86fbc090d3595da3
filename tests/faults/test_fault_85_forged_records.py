"""Fault 85: an ordinary client of the log writes events as if a service had. Fault 100: the key by
which the records were proven is not among those that a rebuild is given.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Engine
from structlog.testing import capture_logs

from infra.local.kafka import KafkaBroker
from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.envelope import type_name
from kernel.eventsourcing.service_model import Model
from kernel.outbox.outbox import Waiting
from kernel.outbox.producer import EventProducer
from kernel.rebuild.carry_over import NotProven
from kernel.rebuild.rebuild import Rebuilt, rebuild
from tests.support.feed import code_of, put, supplement, wait_until
from tests.support.tally import HEARD, KERNEL, METADATA, MODEL, SEEN, SILENT, Node

pytestmark = pytest.mark.faults
KEYS = Authenticator([b"k" * 32])


def publish(kafka: KafkaBroker, topic: str, event: Event, keys: Authenticator | None) -> None:
    """Publish an event as its source's relay does, by these keys."""
    row = Waiting(
        1,
        event.stream_id,
        event.stream_kind,
        event.sequence,
        event.event_id,
        type_name(event),
        1,
        "",
        event.SerializeToString(),
    )
    producer = EventProducer(kafka.bootstrap, topic, event.source, authenticator=keys)
    try:
        acknowledged, fault = producer.send([row])
        assert (len(acknowledged), fault) == (1, None)
    finally:
        producer.close()


def test_fault_85_forged_records(kafka: KafkaBroker, topic: str, tmp_path: Path) -> None:
    """They are quarantined with a reason of their own and an alarm, hold nothing back, and the
    service's own records are proven in turn.
    """
    honest = supplement(code_of(850), 1)
    forged = supplement(code_of(850), 1)
    stranger = supplement(code_of(851), 1, source="somebody")
    model = replace(MODEL, authenticator=KEYS)
    with (
        capture_logs() as lines,
        Node(kafka.bootstrap, topic, f"sqlite:///{tmp_path}/db", model=model) as node,
    ):
        put(kafka.bootstrap, topic, [forged, stranger])  # without any code
        publish(kafka, topic, forged, Authenticator([b"other" * 6 + b"ss"]))
        wait_until(lambda: len(node.rows(KERNEL.quarantine)) == 3)
        publish(kafka, topic, honest, KEYS)
        wait_until(lambda: bool(node.events()) and not node.rows(KERNEL.outbox))
        assert [row["event_id"] for row in node.rows(HEARD)] == [honest.event_id]
        assert [row["dossier_code"] for row in node.rows(SEEN)] == [code_of(850)]
        assert {row["reason"] for row in node.rows(KERNEL.quarantine)} == {"unauthenticated"}
        node.consumer.quarantine.redrive(code_of(850))
        assert len(node.rows(KERNEL.quarantine)) == 3, "nobody has proven them since"
    assert sum(e["records"] for e in lines if e["event"] == "consumer.unauthenticated") == 3
    # A new process with the same keys believes what the service itself has published.
    with Node(kafka.bootstrap, topic, f"sqlite:///{tmp_path}/again", model=model) as again:
        wait_until(lambda: again.is_ready())
        assert len(again.events()) == 1
        assert len(again.rows(KERNEL.quarantine)) == 3


def make_again(kafka: KafkaBroker, topic: str, url: str, model: Model) -> Rebuilt:
    """Rebuild the tables of a node."""

    def make_tables(engine: Engine, _model: Model) -> None:
        METADATA.create_all(engine)

    return rebuild(model, kafka.bootstrap, topic, url, schema="tally", prepare=make_tables)


@pytest.mark.parametrize("kind", [MODEL, SILENT], ids=["writes", "writes_nothing"])
def test_fault_100_lost_key_of_records(
    kafka: KafkaBroker, topic: str, database_url: str, kind: Model
) -> None:
    """A rebuild refuses to replace what was read by what no key proves, also where the service has
    no events of its own; forged records that are in quarantine do not stand in its way.
    """
    model = replace(kind, authenticator=KEYS)
    event = supplement(code_of(1000), 1)
    put(kafka.bootstrap, topic, [supplement(code_of(1001), 1)])  # without any code
    publish(kafka, topic, event, KEYS)
    with Node(kafka.bootstrap, topic, database_url, model=model) as node:
        wait_until(lambda: bool(node.rows(HEARD)) and len(node.rows(KERNEL.quarantine)) == 1)
        wait_until(lambda: not node.rows(KERNEL.outbox))

        other = replace(model, authenticator=Authenticator([b"n" * 32]))
        with pytest.raises(NotProven, match="MOTCUA_RECORD_KEYS: no key proves"):
            make_again(kafka, topic, database_url, other)
        assert [row["event_id"] for row in node.rows(HEARD)] == [event.event_id]

    assert make_again(kafka, topic, database_url, model).quarantined == 1
