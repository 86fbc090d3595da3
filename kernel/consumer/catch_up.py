"""Reads a range of the log and commits it, batch by batch; the fetch of one overlaps the commit of
the one before.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future

from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.committer import Committer, Stopped
from kernel.consumer.applying.results import Applied
from kernel.consumer.applying.stats import ConsumerStats
from kernel.consumer.reading.log_reader import LogReader
from kernel.telemetry import metrics

_UnderWay = tuple[Batch, Future[Applied]]


class CatchUp:
    """Reads in bulk with one reader; every reaction is left pending."""

    def __init__(
        self,
        reader: LogReader,
        committer: Committer,
        applier: Applier,
        stats: ConsumerStats,
        stopping: threading.Event,
    ) -> None:
        self._reader = reader
        self._committer = committer
        self._applier = applier
        self._stats = stats
        self._stopping = stopping

    def to_the_end(self, positions: Mapping[int, int]) -> dict[int, int]:
        """Read partitions from these positions until none has grown meanwhile, and return their
        ends.

        Raise what the reader and the committer raise; what was committed by then stays.
        """
        reached = dict(positions)
        self._reader.seek(reached)
        while True:
            ends = self._reader.ends(reached)
            if all(reached[p] >= ends[p] for p in reached):
                break
            self._until(reached, ends)
        self._reader.pause()
        return reached

    def _until(self, reached: dict[int, int], ends: Mapping[int, int]) -> None:
        under_way: _UnderWay | None = None
        try:
            while any(reached[p] < ends[p] for p in ends):
                if self._stopping.is_set():
                    raise Stopped
                records, moved = self._reader.poll(reached)
                settled, under_way = under_way, None
                self._settle(settled)
                if moved:
                    batch = Batch(records, {p: reached[p] for p in moved}, moved)
                    under_way = (batch, self._committer.begin(batch, self._applier))
                    reached.update(moved)
                    self._stats.lag.update({p: max(0, ends[p] - reached[p]) for p in moved})
        finally:
            self._settle(under_way)

    def _settle(self, under_way: _UnderWay | None) -> None:
        if under_way is not None:
            batch, begun = under_way
            self._committer.commit(batch, self._applier, begun)
            self._stats.bulk += len(batch.records)
            metrics.BULK_RECORDS.add(len(batch.records))
