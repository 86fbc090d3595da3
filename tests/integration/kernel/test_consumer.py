"""The consumer, the relay and Faust together on a real broker, on SQLite and on PostgreSQL."""

from infra.local.kafka import KafkaBroker
from tests.support.feed import code_of, log_of, put, supplement, wait_until, workload
from tests.support.tally import ANSWERED, HEARD, KERNEL, SEEN, Node


def test_history_then_live(kafka: KafkaBroker, topic: str, database_url: str) -> None:
    """What lay in the log before the start and what comes after is counted once and answered
    once.
    """
    put(kafka.bootstrap, topic, workload(20, 3))
    with Node(kafka.bootstrap, topic, database_url) as node:
        wait_until(lambda: node.consumer.status().ready, what="ready")
        wait_until(lambda: len(node.consumer.buffer.assigned) == 6, what="assigned")
        wait_until(lambda: not node.consumer.buffer.behind())
        for sequence in (4, 5, 6):
            put(kafka.bootstrap, topic, [supplement(code_of(d), sequence) for d in range(20)])
        wait_until(lambda: len(node.rows(HEARD)) == 120, what="heard")
        wait_until(lambda: not node.rows(KERNEL.outbox), what="published")
        assert [r["supplements"] for r in node.rows(SEEN)] == [6] * 20
        assert [r["answers"] for r in node.rows(ANSWERED)] == [6] * 20
        assert not node.rows(KERNEL.pending_reactions)
        status = node.consumer.status()
        print(status)
        assert status.live > 0
        published = [e for e in log_of(kafka.bootstrap, topic) if e.source == "routing"]
    assert len({e.event_id for e in published}) == len(published) == 120
