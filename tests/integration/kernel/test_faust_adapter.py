"""Faust only notifies: what it drops, delays or does not deliver is read all the same."""

import random
from collections.abc import Iterable
from itertools import count

import pytest

from infra.local.kafka import KafkaBroker
from kernel.consumer.reading.buffer import Buffer
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.eventsourcing.record import Record
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.feed import code_of, put, supplement, wait_until, workload
from tests.support.runner import answered, check_once
from tests.support.tally import HEARD, KERNEL, SILENT, Node


def listening(node: Node) -> bool:
    """Return whether Faust has all partitions and nothing is left to be read in bulk."""
    return len(node.consumer.buffer.assigned) == 6 and not node.consumer.buffer.behind()


def test_far_behind_is_read_in_bulk(kafka: KafkaBroker, topic: str, database_url: str) -> None:
    """A burst is read in bulk while Faust is moved forward; the next record comes live again."""
    sent = workload(dossiers=50, each=200)
    with Node(kafka.bootstrap, topic, database_url, model=SILENT) as node:
        wait_until(lambda: node.consumer.status().ready and listening(node))
        put(kafka.bootstrap, topic, sent)
        wait_until(lambda: len(node.rows(HEARD)) == len(sent), seconds=60)
        assert node.consumer.status().bulk > 0
        wait_until(lambda: listening(node))
        live = node.consumer.status().live
        numbers = count(1)
        wait_until(lambda: _rings(kafka, topic, node, live, next(numbers)), what="live again")
        assert not node.rows(KERNEL.quarantine)


def _rings(kafka: KafkaBroker, topic: str, node: Node, live: int, number: int) -> bool:
    put(kafka.bootstrap, topic, [supplement(code_of(70), number)])
    wait_until(lambda: node.consumer.status().lag == 0)
    return node.consumer.status().live > live


def test_record_losing_faust_loses_nothing(
    kafka: KafkaBroker, topic: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that raises, drops records and brings some twice changes nothing."""
    rng = random.Random(1)
    offer = Buffer.offer

    def unreliable(buffer: Buffer, record: Record) -> None:
        luck = rng.random()
        if luck < 0.02:
            raise RuntimeError("an agent's fault")
        if luck < 0.1:
            return
        offer(buffer, record)
        if luck < 0.2:
            offer(buffer, record)

    monkeypatch.setattr(Buffer, "offer", unreliable)
    sent = workload(dossiers=20, each=10)
    with Node(kafka.bootstrap, topic, database_url) as node:
        wait_until(lambda: node.consumer.status().ready and listening(node))
        for start in range(0, len(sent), 10):
            put(kafka.bootstrap, topic, sent[start : start + 10])
        wait_until(lambda: answered(node.reads, len(sent)), seconds=60)
        check_once(node.reads, sent, kafka.bootstrap, topic)


def test_service_starts_without_a_broker(own_kafka: KafkaBroker, database_url: str) -> None:
    """It waits for the broker, and for the topic, and goes on by itself; until then its own past is
    not known."""
    own_kafka.kill()
    sent = workload(dossiers=5, each=2)
    with Node(own_kafka.bootstrap, "late.topic", database_url) as node:
        wait_until(lambda: node.consumer.stats.lag == {} and not node.consumer.status().ready)
        assert node.consumer.status().lag == -1
        assert not node.consumer.readiness.is_whole(), "commands must wait"
        own_kafka.start()
        ensure_topics(own_kafka.bootstrap, topics=[events_topic("late.topic")])
        put(own_kafka.bootstrap, "late.topic", sent)
        wait_until(lambda: answered(node.reads, len(sent)), seconds=40)
        wait_until(lambda: listening(node), seconds=40)
        assert node.consumer.readiness.is_whole()
        check_once(node.reads, sent)


def test_shorter_log_stops_the_consumer(kafka: KafkaBroker, topic: str, database_url: str) -> None:
    """A log that ends before the position read is another log: the consumer says so and stops."""
    with Node(kafka.bootstrap, topic, database_url, faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        moved = KERNEL.positions.update().values(position=1000)
        node.writer.exclusive(lambda uow: uow.connection.execute(moved)).result(5)
        wait_until(lambda: "ends before" in node.consumer.status().halted)


def test_a_twin_that_reads_on_halts_nobody(
    kafka: KafkaBroker, topic: str, database_url: str
) -> None:
    """While one process asks where the log ends, the other handles what has come since."""
    sent = [supplement(code_of(1), sequence) for sequence in range(1, 6)]
    put(kafka.bootstrap, topic, sent[:1])
    with Node(kafka.bootstrap, topic, database_url, model=SILENT, faust=False) as twin:
        wait_until(lambda: len(twin.rows(HEARD)) == 1)
        coming = sent[1:]

        class Overtaken(KafkaReader):
            def ends(self, partitions: Iterable[int]) -> dict[int, int]:
                found = super().ends(partitions)
                if coming:
                    put(kafka.bootstrap, topic, [coming[0]])
                    wait_until(lambda: len(twin.rows(HEARD)) == coming[0].sequence)
                    del coming[0]
                return found

        node = Node(kafka.bootstrap, topic, database_url, model=SILENT, faust=False)
        node.consumer._worker._connect = lambda: Overtaken(kafka.bootstrap, topic)
        with node:
            wait_until(lambda: not coming or bool(node.consumer.status().halted))
            wait_until(lambda: not any(node.consumer.stats.lag.values()))
            assert node.consumer.status().halted == ""
