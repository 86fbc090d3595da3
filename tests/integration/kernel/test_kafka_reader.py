"""What only Kafka's log has: offsets without a record, large records, a beginning that was cut."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.consumer.reading.log_reader import LogUnavailable
from kernel.eventsourcing.record import Record
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.feed import put_raw

KEY = b"a"
PARTITION = 4


@pytest.fixture
def reader(kafka: KafkaBroker, topic: str) -> Iterator[KafkaReader]:
    """A reader of an empty topic."""
    with closing(KafkaReader(kafka.bootstrap, topic)) as reader:
        yield reader


def read(reader: KafkaReader, position: int = 0) -> tuple[list[Record], int]:
    """Read the partition to its end; return the records and the position reached."""
    end, found = reader.ends([PARTITION])[PARTITION], []
    reader.seek({PARTITION: position})
    deadline = time.monotonic() + 60
    while position < end:
        assert time.monotonic() < deadline, f"{position} of {end}"
        records, moved = reader.poll({PARTITION: position})
        found += records
        position = moved.get(PARTITION, position)
    return found, position


def transaction(bootstrap: str, topic: str, values: list[bytes], *, commit: bool) -> None:
    """Put records on the log in one transaction."""
    name = f"{topic}-{commit}"
    with closing(KafkaProducer(bootstrap_servers=bootstrap, transactional_id=name)) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        for value in values:
            producer.send(topic, value, key=KEY)
        producer.flush()
        if commit:
            producer.commit_transaction()
        else:
            producer.abort_transaction()


def test_a_marker_at_the_end_is_read_over(
    kafka: KafkaBroker, topic: str, reader: KafkaReader
) -> None:
    """The position is behind it, though no record is there; also where nothing but it is left."""
    transaction(kafka.bootstrap, topic, [b"1", b"2"], commit=True)
    records, position = read(reader)
    assert ([r.offset for r in records], position) == ([0, 1], 3)
    assert read(reader, 2) == ([], 3)


def test_what_was_aborted_takes_offsets_too(
    kafka: KafkaBroker, topic: str, reader: KafkaReader
) -> None:
    """The log is read as it lies there: its writers use no transactions."""
    transaction(kafka.bootstrap, topic, [b"1"], commit=False)
    put_raw(kafka.bootstrap, topic, [(KEY, b"2")])
    records, position = read(reader)
    assert ([(r.offset, r.value) for r in records], position) == ([(0, b"1"), (2, b"2")], 3)


def test_records_larger_than_a_fetch_are_read(
    kafka: KafkaBroker, topic: str, reader: KafkaReader
) -> None:
    """Each, and what stands around them, in every partition."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    with closing(admin):
        large = events_topic(f"{topic}.large")
        ensure_topics(kafka.bootstrap, topics=[large])
        _set_largest(admin, large.name, 8_000_000)
    values = [b"1", b"x" * 5_000_000, b"2", b"y" * 5_000_000, b"3"]
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=8_000_000)
    with closing(producer):
        for value in values:
            for partition in range(6):
                producer.send(large.name, value, partition=partition)
        producer.flush()
    with closing(KafkaReader(kafka.bootstrap, large.name)) as reader:
        reached = dict.fromkeys(range(6), 0)
        found: dict[int, list[Any]] = {p: [] for p in range(6)}
        reader.seek(reached)
        deadline = time.monotonic() + 60
        while any(position < len(values) for position in reached.values()):
            assert time.monotonic() < deadline, reached
            records, moved = reader.poll(reached)
            reached |= moved
            for record in records:
                found[record.partition].append(record.value)
    assert found == dict.fromkeys(range(6), values)


def _set_largest(admin: KafkaAdminClient, topic: str, size: int) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    changed = {"max.message.bytes": str(size)}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, changed)])


def test_a_beginning_that_was_cut_is_passed_over(
    kafka: KafkaBroker, topic: str, reader: KafkaReader
) -> None:
    """What is left is read; the sequences of streams tell what is missing."""
    put_raw(kafka.bootstrap, topic, [(KEY, b"%d" % n) for n in range(10)])
    with closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as admin:
        admin.delete_records({TopicPartition(topic, PARTITION): 6})
    records, position = read(reader)
    assert ([r.offset for r in records], position) == ([6, 7, 8, 9], 10)


def test_a_topic_that_comes_later_is_found(kafka: KafkaBroker, topic: str) -> None:
    """Until then the log is unavailable."""
    later = f"{topic}.later"
    with closing(KafkaReader(kafka.bootstrap, later)) as reader:
        with pytest.raises(LogUnavailable):
            reader.partitions()
        ensure_topics(kafka.bootstrap, topics=[events_topic(later)])
        assert reader.partitions() == list(range(6))


def test_a_broker_that_is_away_costs_no_files() -> None:
    """Whoever tries for hours may not use them up."""
    bootstrap = f"127.0.0.1:{free_port()}"
    with pytest.raises(LogUnavailable):
        KafkaReader(bootstrap, "any")
    before = len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(LogUnavailable):
            KafkaReader(bootstrap, "any")
    assert len(list(Path(f"/proc/{os.getpid()}/fd").iterdir())) <= before


def test_a_reader_ends_while_its_broker_is_away(own_kafka: KafkaBroker) -> None:
    """Closing it raises nothing, whatever it was waiting for."""
    ensure_topics(own_kafka.bootstrap, topics=[events_topic("gone")])
    reader = KafkaReader(own_kafka.bootstrap, "gone")
    reader.seek(dict.fromkeys(reader.partitions(), 0))
    assert reader.poll(dict.fromkeys(range(6), 0)) == ([], {})
    own_kafka.kill()
    assert reader.poll(dict.fromkeys(range(6), 0)) == ([], {})
    reader.close()
