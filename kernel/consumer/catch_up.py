"""Reads a range of the log and commits it, batch by batch; the fetch of one overlaps the commit of
the one before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.committer import Committer, Stopped
from kernel.consumer.applying.results import Applied
from kernel.consumer.applying.stats import ConsumerStats
from kernel.consumer.reading.log_reader import LogReader, LogUnavailable
from kernel.telemetry import metrics

PATIENCE = 30.0
"""Seconds for which nothing may come although there is something: then the connection is at fault,
not the log.
"""
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
        progressed: Callable[[], None] = lambda: None,
    ) -> None:
        """``progressed`` is called whenever the log has brought something."""
        self._reader = reader
        self._committer = committer
        self._applier = applier
        self._stats = stats
        self._stopping = stopping
        self._progressed = progressed

    def to_the_end(self, positions: Mapping[int, int]) -> dict[int, int]:
        """Read partitions from these positions to where they end now, or somewhat further, and
        return the positions reached.

        The ends are asked for once: while others go on writing, the last end is never met. Raise
        what the reader and the committer raise; what was committed by then stays.
        """
        reached, ends = dict(positions), self._reader.ends(positions)
        behind = {p: position for p, position in reached.items() if position < ends[p]}
        if behind:
            self._reader.seek(behind)
            self._until(reached, {p: ends[p] for p in behind})
            self._reader.pause()
        return reached

    def _until(self, reached: dict[int, int], ends: Mapping[int, int]) -> None:
        under_way: _UnderWay | None = None
        moved_at = time.monotonic()
        try:
            while any(reached[p] < ends[p] for p in ends):
                if self._stopping.is_set():
                    raise Stopped
                records, moved = self._reader.poll({p: reached[p] for p in ends})
                settled, under_way = under_way, None
                self._settle(settled)
                if not moved and time.monotonic() - moved_at > PATIENCE:
                    raise LogUnavailable("nothing comes")
                if moved:
                    self._progressed()
                    moved_at = time.monotonic()
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
