"""Tables in the making: filled from the log by the code of the running service.

Reactions are only written down as pending: the service itself finds which of them still want their
outcome.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection, Engine, func, select

from kernel.base.clock import FixedClock
from kernel.config.process_tuning import fewer_collections
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import Place
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.committer import Committer
from kernel.consumer.applying.results import Past
from kernel.consumer.applying.stats import ConsumerStats
from kernel.consumer.catch_up import CatchUp
from kernel.consumer.decisions.discards import find_discards
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.consumer.reading.log_comparison import require_same
from kernel.eventsourcing.envelope import Stream
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.cluster import Bootstrap
from kernel.outbox import published

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called now and then with the records read so far and the records to be read."""


class Shadow:
    """A service's tables beside those in use; a context manager, within which it can read."""

    def __init__(
        self,
        engine: Engine,
        model: Model,
        bootstrap: Bootstrap,
        topic: str,
        past: Past | None = None,
        refused: Mapping[Place, str] | None = None,
    ) -> None:
        """``past`` and ``refused`` are what was decided beside the log."""
        self.tally = ConsumerStats()
        self._engine = engine
        self._model = model
        self._bootstrap = bootstrap
        self._topic = topic
        self._stopping = threading.Event()
        self._applier = Applier(topic, FixedClock(0), reacting=False, past=past)
        self._writer = Writer(engine, model)
        self._committer = Committer(self._writer, None, self._stopping, self.tally, refused)

    def __enter__(self) -> Shadow:
        self._reader = KafkaReader(self._bootstrap, self._topic)
        self._writer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._reader.close()
        self._writer.stop()
        self._engine.dispose()

    def read(self, progress: Progress | None = None) -> int:
        """Read on to the present end of the log, and return how many records that were."""
        before = self.tally.bulk
        partitions = list(require_same(self._reader, {}, {}, {}))
        begin = self.run(partial(positions.begin, partitions=partitions))
        with self._engine.connect() as connection:
            discards = find_discards(connection, self._model, self._reader, begin)
        applier = replace(self._applier, discards=discards)
        bulk = CatchUp(self._reader, self._committer, applier, self.tally, self._stopping)
        total = sum(self._reader.ends(partitions).values())
        with fewer_collections(), _telling(progress, self.tally, total):
            bulk.to_the_end(begin)
        return self.tally.bulk - before

    def require_log_of(self, live: Connection) -> None:
        """Raise ``LogDiffers`` unless the log is the one that the tables in use were made from."""
        tables = self._model.tables
        read, written = positions.load_marks(live, tables), published.load(live, tables)
        require_same(self._reader, positions.load(live, tables), read, written)

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run a transaction on the tables and return its result."""
        return self._committer.run(work)

    def has(self, own: Mapping[Stream, int]) -> bool:
        """Return whether all own events up to these sequences have been met."""
        table = self._model.tables.streams
        chosen = select(func.count(), func.sum(table.c.sequence))
        with self._engine.connect() as connection:
            mine = connection.execute(chosen.where(table.c.source == self._model.source)).one()
        return (mine[0], mine[1] or 0) == (len(own), sum(own.values()))


@contextmanager
def _telling(progress: Progress | None, tally: ConsumerStats, total: int) -> Iterator[None]:
    """Call ``progress`` from a thread of its own four times a second, and once at the end."""
    if progress is None:
        yield
        return
    done = threading.Event()

    def tell() -> None:
        while not done.wait(0.25):
            progress(min(tally.bulk, total), total)

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        progress(min(tally.bulk, total), total)
