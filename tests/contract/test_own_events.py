"""A database is thrown away only when the log has all that it holds."""

from __future__ import annotations

import pytest

from kernel.consumer.reading.log_comparison import LogDiffers
from kernel.rebuild.own_events import require_own_events
from kernel.storage.engines import open_engine
from tests.support.feed import code_of, supplement, wait_until
from tests.support.memory_log import PARTITIONS, MemoryLog, MemoryReader
from tests.support.resumptions import resume
from tests.support.tally import KERNEL, MODEL, Node

CODE = code_of(1)


def written(log: MemoryLog, url: str) -> None:
    """Have the service write three events of one dossier and one of another, and read them."""
    with Node("", "memory", url, log=log) as node:
        wait_until(node.is_ready)
        for number in (1, 1, 2, 1):
            node.writer.submit(resume(number)).result(10)
        wait_until(lambda: node.consumer.status().repeats == 4)
        assert not node.rows(KERNEL.outbox)


def require(log: MemoryLog, url: str) -> None:
    """Compare the service's database with a log."""
    engine = open_engine(url, "tally")
    try:
        require_own_events(engine, MODEL, MemoryReader(log))
    finally:
        engine.dispose()


def copied(log: MemoryLog, *left_out: int) -> MemoryLog:
    """Return a log with other events in the place of some of the first dossier's."""
    copy, number = MemoryLog(), 0
    for partition in range(PARTITIONS):
        for record in log.read(partition, 0, 100):
            value = record.value
            if record.key == CODE.encode():
                number += 1
                if number in left_out:
                    value = supplement(CODE, number).SerializeToString()
            copy.append(record.key, value, record.headers)
    return copy


def test_a_log_that_has_all(database_url: str) -> None:
    """Repeats and events of others do no harm; nor does a database in which nothing is yet."""
    log = MemoryLog()
    require(log, database_url)
    written(log, database_url)
    record = log.read(next(p for p in range(PARTITIONS) if log.end(p)), 0, 1)[0]
    log.append(record.key, record.value)
    other = supplement(code_of(7), 1)
    log.append(other.stream_id.encode(), other.SerializeToString())
    require(log, database_url)


def test_a_log_that_lacks_one(database_url: str) -> None:
    """Though it is as long as before, and has the record that was read last."""
    log = MemoryLog()
    written(log, database_url)
    expected = f"lacks events of routing that only its database has, in 1 stream.*{CODE}$"
    with pytest.raises(LogDiffers, match=expected):
        require(copied(log, 2), database_url)


def test_a_log_that_ends_before(database_url: str) -> None:
    """It says how the log differs."""
    log = MemoryLog()
    written(log, database_url)
    with pytest.raises(LogDiffers, match="ends before the position read"):
        require(MemoryLog(), database_url)
