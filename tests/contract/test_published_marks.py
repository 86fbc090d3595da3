"""A service knows by the records that the broker has acknowledged when its log has lost some."""

from __future__ import annotations

import pytest

from kernel.eventsourcing.record import Mark, record_digest
from kernel.outbox.published import load
from tests.support.feed import code_of, wait_until
from tests.support.memory_log import PARTITIONS, MemoryLog
from tests.support.resumptions import resume
from tests.support.tally import KERNEL, MODEL, Node, relay_alone


@pytest.fixture
def log() -> MemoryLog:
    """An empty log."""
    return MemoryLog()


def publish(node: Node, *numbers: int) -> None:
    """Write an event for each of these dossiers and wait until the log has them."""
    for number in numbers:
        node.writer.submit(resume(number)).result(10)
    wait_until(lambda: not node.rows(KERNEL.outbox), what="all are published")


def marks(node: Node) -> dict[int, Mark]:
    """Return what the service knows to be on the log."""
    with node.reads.connect() as connection:
        return load(connection, MODEL.tables)


def last_records(log: MemoryLog) -> dict[int, Mark]:
    """Return the last record of each partition that has one."""
    last = {p: log.read(p, log.end(p) - 1, 1)[0] for p in range(PARTITIONS) if log.end(p)}
    return {p: Mark(record.offset, record_digest(record)) for p, record in last.items()}


def test_the_last_acknowledged_record_of_each_partition_is_noted(
    log: MemoryLog, database_url: str
) -> None:
    """In one transaction with what the outbox forgets; also over a restart."""
    with relay_alone("", "memory", database_url, log) as node:
        assert marks(node) == {}
        publish(node, *range(8))
        assert marks(node) == last_records(log)
    with relay_alone("", "memory", database_url, log) as node:
        publish(node, 8, 9)
        assert marks(node) == last_records(log)


@pytest.mark.parametrize("lost", ["the last record", "all"])
def test_a_tail_that_its_own_service_has_not_read(
    log: MemoryLog, database_url: str, lost: str
) -> None:
    """Nothing is taken from what is left."""
    with relay_alone("", "memory", database_url, log) as node:
        publish(node, 1, 2, 3, 1, 2, 3)
    partition = next(p for p in range(PARTITIONS) if log.end(p))
    log.lose(partition, log.end(partition) - 1 if lost == "the last record" else 0)
    with Node("", "memory", database_url, log=log) as node:
        wait_until(lambda: bool(node.consumer.status().halted))
        expected = f"the log ends before the last record published in partition {partition}"
        assert node.consumer.status().halted == expected
        assert not node.consumer.readiness.may_publish()


def test_another_record_at_the_place_of_one_that_was_published(
    log: MemoryLog, database_url: str
) -> None:
    """Though the log is as long as before."""
    with relay_alone("", "memory", database_url, log) as node:
        publish(node, 1)
    partition = next(p for p in range(PARTITIONS) if log.end(p))
    log.lose(partition)
    log.append(code_of(1).encode(), b"another one")
    with Node("", "memory", database_url, log=log) as node:
        wait_until(lambda: bool(node.consumer.status().halted))
        assert node.consumer.status().halted == (
            f"the log has another record than the last one published in partition {partition}"
        )


def test_what_a_log_that_went_back_has_taken_waits_on(log: MemoryLog, database_url: str) -> None:
    """A topic that was made again since the last comparison acknowledges what it is sent: that is
    not on the log of before, so the outbox keeps it, and the right log has it in the end.
    """
    with relay_alone("", "memory", database_url, log) as node:
        publish(node, 1, 1, 1)
        known = marks(node)
        partition = next(iter(known))
        kept = log.read(partition, 0, 3)
        log.lose(partition)
        node.writer.submit(resume(1)).result(10)
        wait_until(lambda: log.end(partition) > 0)
        wait_until(lambda: node.relay.status().size == 1)
        assert marks(node) == known
        with log.grown:  # the relay goes on trying
            log.lose(partition)
            for record in kept:
                log.append(record.key, record.value, record.headers)
        wait_until(lambda: not node.rows(KERNEL.outbox), what="the right log has it")
        assert marks(node) == last_records(log)
        assert log.end(partition) == 4
