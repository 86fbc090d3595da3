"""Fault 35: an outbox row with a low id is committed after rows with higher ids."""

import pytest

from infra.local.kafka import KafkaBroker
from tests.support.feed import code_of, log_of, supplement, wait_until
from tests.support.tally import KERNEL, Node

pytestmark = pytest.mark.faults


def row(identity: int, number: int, sequence: int = 1) -> dict[str, object]:
    """Return an outbox row as a transaction leaves it."""
    event = supplement(code_of(number), sequence, source="routing")
    return {
        "id": identity,
        "stream_id": event.stream_id,
        "stream_kind": event.stream_kind,
        "sequence": event.sequence,
        "event_id": event.event_id,
        "type": "motcua.intake.v1.SupplementSubmitted",
        "occurred_at": 0,
        "trace": "",
        "body": event.SerializeToString(),
        "batch": b"",
        "enqueued_at": 0,
    }


def test_fault_35_late_low_id_is_published(
    kafka: KafkaBroker, topic: str, database_url: str
) -> None:
    """The relay asks for what is unsent, so a low id that appears late is published; order is by
    sequence.
    """
    with Node(kafka.bootstrap, topic, database_url, faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        outbox = KERNEL.outbox.insert()
        node.writer.exclusive(lambda uow: uow.connection.execute(outbox, [row(50, 1)])).result(5)
        wait_until(lambda: not node.rows(KERNEL.outbox))
        late = [row(10, 2), row(12, 3, sequence=2), row(13, 3, sequence=1)]
        node.writer.exclusive(lambda uow: uow.connection.execute(outbox, late)).result(5)
        wait_until(lambda: not node.rows(KERNEL.outbox))
    log = log_of(kafka.bootstrap, topic)
    assert sorted((e.stream_id, e.sequence) for e in log) == [
        (code_of(1), 1),
        (code_of(2), 1),
        (code_of(3), 1),
        (code_of(3), 2),
    ]
    assert [e.sequence for e in log if e.stream_id == code_of(3)] == [1, 2]
