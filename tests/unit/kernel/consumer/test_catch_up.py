"""What a bulk read reads, and where it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, cast

import pytest

from kernel.consumer import catch_up as catch_up_module
from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.committer import Committer, Stopped
from kernel.consumer.applying.results import Applied
from kernel.consumer.applying.stats import ConsumerStats
from kernel.consumer.catch_up import CatchUp
from kernel.consumer.reading.log_reader import LogUnavailable
from tests.support.memory_log import MemoryLog, MemoryReader

KEY = b"a"
PARTITION = 4
"""Where the key's records are."""


class BusyLog(MemoryLog):
    """A log on which others write whenever a batch is committed."""

    def __init__(self, records: int) -> None:
        super().__init__()
        self.batches: list[Batch] = []
        for _ in range(records):
            self.append(KEY, b"")

    def begin(self, batch: Batch, _applier: Applier) -> Future[Applied]:
        """Commit at once."""
        self.batches.append(batch)
        self.append(KEY, b"")
        return Future()

    def commit(self, _batch: Batch, _applier: Applier, _begun: Future[Applied]) -> int:
        """Do nothing: it is committed."""
        return 0


class CountingReader(MemoryReader):
    """Notes what is asked of it."""

    sought: dict[int, int]
    asked = 0

    def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return the ends, and count the question."""
        self.asked += 1
        return super().ends(partitions)

    def seek(self, positions: Any) -> None:
        """Note what is read."""
        self.sought = dict(positions)
        super().seek(positions)


def catch_up(
    log: BusyLog, stopping: threading.Event | None = None
) -> tuple[CountingReader, CatchUp]:
    """Return a bulk read of a log, and its reader."""
    reader = CountingReader(log)
    applier = cast(Applier, None)
    committer = cast(Committer, log)
    stopping = stopping or threading.Event()
    return reader, CatchUp(reader, committer, applier, ConsumerStats(), stopping)


def test_a_bulk_read_ends_while_others_go_on_writing() -> None:
    """It ends where the log ended when it began, or behind that; what comes later is another's."""
    log = BusyLog(5)
    reader, bulk = catch_up(log)
    reached = bulk.to_the_end({PARTITION: 2})
    assert reader.asked == 1
    assert 5 <= reached[PARTITION] < log.end(PARTITION)
    assert [record.offset for batch in log.batches for record in batch.records] == [2, 3, 4]
    assert reader.poll(reached) == ([], {})


def test_only_what_is_behind_is_read() -> None:
    """A partition at its end or beyond is not: it would be read from its beginning."""
    reader, bulk = catch_up(BusyLog(5))
    reached = bulk.to_the_end({PARTITION: 0, 2: 0, 3: 1_000})
    assert reader.sought == {PARTITION: 0}
    assert reached == {PARTITION: 5, 2: 0, 3: 1_000}


def test_nothing_is_read_where_nothing_is_behind() -> None:
    """The reader is not even moved."""
    reader, bulk = catch_up(BusyLog(5))
    assert bulk.to_the_end({PARTITION: 5, 0: 0}) == {PARTITION: 5, 0: 0}
    assert not hasattr(reader, "sought")


def test_a_connection_that_brings_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log ends further on, so something has to come."""
    monkeypatch.setattr(catch_up_module, "PATIENCE", 0.0)
    reader, bulk = catch_up(BusyLog(5))
    monkeypatch.setattr(reader, "poll", lambda _reached: ([], {}))
    with pytest.raises(LogUnavailable):
        bulk.to_the_end({PARTITION: 0})


def test_a_stop_ends_a_bulk_read() -> None:
    """Before the next batch."""
    stopping = threading.Event()
    stopping.set()
    _, bulk = catch_up(BusyLog(5), stopping)
    with pytest.raises(Stopped):
        bulk.to_the_end({PARTITION: 0})
