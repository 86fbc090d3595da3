"""Fault 14: the broker refuses one record."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1.case_events_pb2 import CaseResumed

from infra.local.kafka import KafkaBroker
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.feed import START, code_of, log_of, wait_until
from tests.support.tally import KERNEL, SOURCE, Node

pytestmark = pytest.mark.faults


def resume(number: int, version: str) -> Callable[[UnitOfWork], object]:
    """Append an event of the size of ``version``."""
    return lambda uow: uow.append(
        code_of(number),
        [CaseResumed(calendar_version=version)],
        actor=Actor(kind=ActorKind.ACTOR_KIND_OFFICER),
        occurred_at=START,
        recorded_at=START,
        causation_id="",
        correlation_id="",
    )


@pytest.mark.parametrize("size", [20_000, 2_000_000], ids=["by the broker", "by the client"])
def test_fault_14_refused_record_stops_its_dossier_only(
    kafka: KafkaBroker, topic: str, database_url: str, size: int
) -> None:
    """A record too large is quarantined with the reason; its dossier waits, the others flow."""
    name = f"{topic}.small"
    small = events_topic(name)
    limits = {**small.made_with, "max.message.bytes": "10000"}
    ensure_topics(kafka.bootstrap, topics=[replace(small, made_with=limits)])
    with Node(kafka.bootstrap, name, database_url, faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        for number in range(6):
            node.writer.submit(resume(number, "x" * (size if number == 3 else 10))).result(5)
        node.writer.submit(resume(3, "y")).result(5)
        node.writer.submit(resume(4, "z")).result(5)
        wait_until(lambda: node.relay.status().quarantined == 1)
        wait_until(lambda: len(node.rows(KERNEL.outbox)) == 2, what="the others are published")
        refused, behind = node.rows(KERNEL.outbox)
        assert refused["quarantine_reason"] in (
            "MessageSizeTooLargeError",
            "RecordListTooLargeError",
        )
        assert behind["quarantine_reason"] is None
        assert refused["stream_id"] == behind["stream_id"] == code_of(3)
        node.writer.submit(resume(5, "later")).result(5)
        wait_until(lambda: len(node.rows(KERNEL.outbox)) == 2)
        own = [e for e in log_of(kafka.bootstrap, name) if e.source == SOURCE]
        published = {(e.stream_id, e.sequence) for e in own}
        assert published == {(code_of(n), 1) for n in (0, 1, 2, 4, 5)} | {
            (code_of(4), 2),
            (code_of(5), 2),
        }
