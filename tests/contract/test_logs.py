"""The log in memory does what Kafka's does, as far as a consumer and a relay can tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from kernel.consumer.reading.log_reader import LogReader
from kernel.eventsourcing.record import Record
from kernel.outbox.outbox import Waiting
from tests.support.feed import code_of, supplement, wait_until, workload
from tests.support.logs_of_both_kinds import AnyLog
from tests.support.memory_log import PARTITIONS
from tests.support.runner import answered, check_once

PLACES = {b"a": 4, b"b": 2, b"c": 4, code_of(1).encode(): 3, code_of(2).encode(): 2}
"""Keys and the partition of each by Kafka's rule, murmur2, of six."""


@pytest.fixture
def reader(any_log: AnyLog) -> Iterator[LogReader]:
    """A reader of the empty log."""
    with closing(any_log.connect()) as reader:
        yield reader


def read(reader: LogReader, positions: dict[int, int]) -> list[Record]:
    """Read partitions from some positions to their ends, as the consumer does."""
    found: list[Record] = []
    reached, ends = dict(positions), reader.ends(positions)
    reader.seek(positions)
    for _ in range(200):
        if all(reached[p] >= ends[p] for p in ends):
            break
        records, moved = reader.poll(reached)
        assert all(moved[p] > reached[p] for p in moved)
        assert {r.partition for r in records} <= moved.keys()
        reached |= moved
        found += records
    assert reached == ends
    return found


def test_an_empty_log_has_all_partitions_and_their_ends(reader: LogReader) -> None:
    """Six partitions, each ending where its first record will be; none comes."""
    assert reader.partitions() == list(range(PARTITIONS))
    assert reader.ends(range(PARTITIONS)) == dict.fromkeys(range(PARTITIONS), 0)
    reader.seek({0: 0, 3: 0})
    assert reader.poll({0: 0, 3: 0}) == ([], {})


def test_a_key_has_its_partition(any_log: AnyLog) -> None:
    """The same one on both logs, and offsets without a hole."""
    found = any_log.put_raw([(key, b"1") for key in PLACES])
    assert [place for place, _ in found] == list(PLACES.values())
    again = any_log.put_raw([(key, b"2") for key in PLACES])
    assert {key: offset for key, (_, offset) in zip(PLACES, again, strict=True)} == {
        b"a": 2,
        b"b": 2,
        b"c": 3,
        code_of(1).encode(): 1,
        code_of(2).encode(): 3,
    }


def test_records_come_back_as_they_were(any_log: AnyLog, reader: LogReader) -> None:
    """Key and value byte for byte: what is no event, what is empty, and what is not there."""
    values = [b"\xff\x00", b"", None, b"{}"]
    any_log.put_raw([(b"a", value) for value in values])
    found = read(reader, {4: 0})
    assert [(r.partition, r.offset, r.key, r.value) for r in found] == [
        (4, offset, b"a", value) for offset, value in enumerate(values)
    ]
    assert not any(r.headers for r in found)


def test_reading_begins_where_it_is_told(any_log: AnyLog, reader: LogReader) -> None:
    """In the middle of one partition, and at no other."""
    any_log.put_raw([(key, b"%d" % number) for number in range(5) for key in (b"a", b"b")])
    assert [(r.key, r.value) for r in read(reader, {4: 3})] == [(b"a", b"3"), (b"a", b"4")]
    assert [r.offset for r in read(reader, {4: 3, 2: 4}) if r.partition == 2] == [4]


def test_what_comes_later_is_read_too(any_log: AnyLog, reader: LogReader) -> None:
    """By the same reader, from where it was; none while it pauses."""
    any_log.put_raw([(b"a", b"1")])
    assert [r.value for r in read(reader, {4: 0})] == [b"1"]
    reader.pause()
    any_log.put_raw([(b"a", b"2")])
    assert reader.poll({}) == ([], {})
    assert [r.value for r in read(reader, {4: 1})] == [b"2"]


def test_a_long_log_comes_in_parts(any_log: AnyLog, reader: LogReader) -> None:
    """All of it, each dossier's records in order."""
    sent = workload(dossiers=30, each=200)
    any_log.put(sent)
    found = read(reader, dict.fromkeys(range(PARTITIONS), 0))
    assert len(found) == len(sent)
    for number in range(30):
        key = code_of(number).encode()
        assert [r.value for r in found if r.key == key] == [
            event.SerializeToString() for event in sent if event.stream_id == code_of(number)
        ]


def test_a_relay_s_rows_are_on_the_log_in_order(any_log: AnyLog, reader: LogReader) -> None:
    """All are acknowledged; each record has the row's bytes, its stream's key and its headers."""
    events = [supplement(code_of(1), sequence, source="routing") for sequence in (1, 2, 3)]
    rows = [
        Waiting(
            id=event.sequence,
            stream_id=event.stream_id,
            stream_kind=event.stream_kind,
            sequence=event.sequence,
            event_id=event.event_id,
            type="motcua.intake.v1.SupplementSubmitted",
            occurred_at=event.sequence,
            trace="",
            body=event.SerializeToString(),
        )
        for event in events
    ]
    with closing(any_log.producer("routing")) as producer:
        sent, fault = producer.send(rows)
        assert ([each.row for each in sent], fault) == (rows, None)
    found = read(reader, {3: 0})
    assert [each[1:] for each in sent] == [(r.partition, r.offset) for r in found]
    assert [(r.key, r.value) for r in found] == [(code_of(1).encode(), r.body) for r in rows]
    assert [r.header("ce_id") for r in found] == [event.event_id for event in events]
    assert {r.header("ce_source") for r in found} == {"routing"}
    assert any_log.read() == events


def test_a_service_does_the_same_on_both(any_log: AnyLog, tmp_path: Path) -> None:
    """History and what comes live have the same effects, and the same answers are published."""
    any_log.put(workload(dossiers=4, each=2))
    with any_log.node(f"sqlite:///{tmp_path}/tally.sqlite3") as node:
        wait_until(lambda: answered(node.reads, 8))
        wait_until(lambda: len(node.consumer.buffer.assigned) == PARTITIONS)
        wait_until(lambda: not node.consumer.buffer.behind())
        later = [supplement(code_of(number), 3) for number in range(4)]
        any_log.put(later)
        wait_until(lambda: answered(node.reads, 12))
        log = any_log.read()
        check_once(node.reads, [e for e in log if e.source == "intake"], log=log)
        status = asdict(node.consumer.status())
    assert (status["ready"], status["halted"]) == (True, "")
    assert (status["handled"], status["reactions"]) == (12, 12)
    assert status["live"] >= 1
