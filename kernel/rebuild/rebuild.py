"""Rebuilds a service's read models from the log, or compares a rebuild with those in use.

The same code applies the events as in the running service. Reactions are only written down as
pending: the service itself finds at its next start which of them still want their outcome.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.schema import DropSchema

from kernel.base.clock import FixedClock
from kernel.config.process_tuning import fewer_collections
from kernel.consumer.applying import positions
from kernel.consumer.applying import quarantine_rows as quarantined
from kernel.consumer.applying.batch import Place
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.committer import Committer
from kernel.consumer.applying.results import Past
from kernel.consumer.applying.stats import ConsumerStats
from kernel.consumer.catch_up import CatchUp
from kernel.consumer.decisions.discards import find_discards
from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.consumer.reading.log_comparison import require_same
from kernel.eventsourcing.envelope import Stream, new_id, stream_of
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.migrate import migrate
from kernel.eventsourcing.readiness import note_whole
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rebuild.table_compare import EXAMPLES, Difference, RowDifference, compare
from kernel.storage.engines import open_engine

Progress = Callable[[int, int], None]
"""Called now and then with the records read so far and the records to be read."""
PATIENCE = 30.0
"""Seconds for which a check waits for own events to reach the log."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    service: str
    events: int
    seconds: float
    quarantined: int
    """Records that were quarantined, without the discarded ones."""
    pending: int
    """Reactions that the service will look at when it starts."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a comparison found."""

    service: str
    events: int
    seconds: float
    tables: Mapping[str, Difference] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether no row differs."""
        return all(not found.differences for found in self.tables.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report in the form that scripts read."""
        return {
            "service": self.service,
            "events": self.events,
            "seconds": round(self.seconds, 3),
            "tables": {
                name: {
                    "rows": found.rows,
                    "differences": found.differences,
                    "examples": [_row_as_json(row) for row in found.examples],
                    "more": found.differences - len(found.examples),
                }
                for name, found in self.tables.items()
            },
            "equal": self.equal,
        }


def _row_as_json(row: RowDifference) -> dict[str, Any]:
    columns: list[dict[str, Any]] = []
    for name, values in row.columns.items():
        shown = {} if values is None else {"live": values[0], "log": values[1]}
        columns.append({"column": name, **shown})
    return {"key": dict(row.key), "live": row.left, "log": row.right, "columns": columns}


class NotEmpty(Exception):
    """The database to be rebuilt has content; throw it away first."""


def rebuild(
    model: Model,
    bootstrap: str,
    topic: str,
    url: str,
    *,
    progress: Progress | None = None,
    prepare: Callable[[Engine, Model], object] = migrate,
) -> Rebuilt:
    """Fill an empty database from the log, from its first record to its present end.

    ``prepare`` makes the tables that are missing. Raise ``NotEmpty``, and ``LogUnavailable``
    when the log does not answer. No service may run on the database meanwhile.
    """
    engine = open_engine(url, model.source)
    try:
        prepare(engine, model)
        with engine.connect() as connection:
            if connection.execute(select(model.tables.positions.c.position).limit(1)).first():
                raise NotEmpty(f"the database of {model.source} is not empty")
        shadow = _Shadow(
            engine, model, bootstrap, topic, Applier(topic, FixedClock(0), reacting=False)
        )
        begun = time.monotonic()
        shadow.read(progress)
        with engine.begin() as connection:
            uow = UnitOfWork(connection, model, None, 0)
            note_whole(uow)
            uow.flush()
        with engine.connect() as connection:
            aside = model.tables.quarantine
            left = _count(connection, aside, aside.c.reason != quarantined.DISCARDED)
            pending = _count(connection, model.tables.pending_reactions)
        seconds = time.monotonic() - begun
        return Rebuilt(model.source, shadow.tally.handled, seconds, left, pending)
    finally:
        engine.dispose()


def check(
    model: Model,
    live: Engine,
    bootstrap: str,
    topic: str,
    progress: Progress | None = None,
    *,
    patience: float = PATIENCE,
    examples: int = EXAMPLES,
) -> Checked:
    """Build beside the live database and compare every view row for row; the service may be
    running.

    ``live`` is a read-only engine. What is compared is the live database as of one moment: others'
    events up to its positions, own events up to its sequences, for which it waits ``patience``
    seconds at most until the log has them. Up to ``examples`` rows that differ are described for
    each table.
    """
    begun = time.monotonic()
    with _moment(live) as connection, _beside(live, model) as engine:
        past, refused, own = _decisions(connection, model)
        applier = Applier(topic, FixedClock(0), reacting=False, past=past)
        shadow = _Shadow(engine, model, bootstrap, topic, applier, refused)
        shadow.read(progress)
        while not shadow.has(own) and time.monotonic() - begun < patience:
            time.sleep(0.2)
            shadow.read(None)
        with engine.connect() as made:
            tables = {t.name: compare(connection, made, t, examples) for t in model.view_tables()}
    seconds = time.monotonic() - begun
    return Checked(model.source, shadow.tally.handled, seconds, tables)


class _Shadow:
    """A database in the making."""

    def __init__(
        self,
        engine: Engine,
        model: Model,
        bootstrap: str,
        topic: str,
        applier: Applier,
        refused: Mapping[Place, str] | None = None,
    ) -> None:
        self.tally = ConsumerStats()
        self._engine = engine
        self._model = model
        self._connect = partial(KafkaReader, bootstrap, topic)
        self._applier = applier
        self._refused = refused

    def read(self, progress: Progress | None) -> None:
        """Read on to the present end of the log."""
        stopping = threading.Event()
        writer = Writer(self._engine, self._model)
        writer.start()
        reader = self._connect()
        try:
            committer = Committer(writer, None, stopping, self.tally, self._refused)
            partitions = list(require_same(reader, {}, {}))
            begin = committer.run(partial(positions.begin, partitions=partitions))
            with self._engine.connect() as connection:
                discards = find_discards(connection, self._model, reader, begin)
            applier = replace(self._applier, discards=discards)
            bulk = CatchUp(reader, committer, applier, self.tally, stopping)
            total = sum(reader.ends(partitions).values())
            with fewer_collections(), _telling(progress, self.tally, total):
                bulk.to_the_end(begin)
        finally:
            reader.close()
            writer.stop()

    def has(self, own: Mapping[Stream, int]) -> bool:
        """Return whether all own events up to these sequences have been met."""
        table = self._model.tables.streams
        chosen = select(func.count(), func.sum(table.c.sequence))
        with self._engine.connect() as connection:
            mine = connection.execute(chosen.where(table.c.source == self._model.source)).one()
        return (mine[0], mine[1] or 0) == (len(own), sum(own.values()))


def _decisions(
    connection: Connection, model: Model
) -> tuple[Past, dict[Place, str], dict[Stream, int]]:
    """Read from the live database what it had taken, and what was decided about single records."""
    reached = positions.load(connection, model.tables)
    table = model.tables.streams
    mine = select(table.c.stream_kind, table.c.stream_id, table.c.sequence).where(
        table.c.source == model.source
    )
    own = {(kind, name): int(sequence) for kind, name, sequence in connection.execute(mine)}

    def admit(record: Record, event: Event) -> bool:
        if event.source == model.source:
            return bool(event.sequence <= own.get(stream_of(event), 0))
        return record.offset < reached.get(record.partition, 0)

    failed = quarantined.places(connection, model.tables, quarantined.HANDLER_ERROR)
    stuck = {place for place, error in failed.items() if error.startswith(quarantined.REACTION)}
    refused = {place: error for place, error in failed.items() if place not in stuck}
    # A discard of this moment may not be on the log yet.
    given_up = quarantined.places(connection, model.tables, quarantined.DISCARDED)
    # Where only a reaction was given up, the record itself has taken effect.
    discarded = {p for p, error in given_up.items() if not error.startswith(quarantined.REACTION)}
    return Past(admit, discarded, stuck), refused, own


@contextmanager
def _moment(live: Engine) -> Iterator[Connection]:
    """Open a transaction that sees the live database as it is now, however long it lasts."""
    with live.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        connection.exec_driver_sql("select count(*) from positions")
        yield connection
        connection.rollback()


@contextmanager
def _beside(live: Engine, model: Model) -> Iterator[Engine]:
    """Make an empty database of the same kind at the same place, and remove it at the end."""
    if live.dialect.name == "postgresql":
        name = f"{model.source}_check_{new_id()[-12:]}"
        engine = open_engine(live.url.render_as_string(hide_password=False), name)
        try:
            model.tables.metadata.create_all(engine)
            yield engine
            with engine.begin() as connection:
                connection.execute(DropSchema(name, cascade=True))
        finally:
            engine.dispose()
        return
    folder = tempfile.mkdtemp(prefix="check-", dir=Path(live.url.database or ".").parent)
    engine = open_engine(f"sqlite:///{folder}/{model.source}.sqlite3", model.source)
    event.listen(engine, "connect", _careless)
    try:
        model.tables.metadata.create_all(engine)
        yield engine
    finally:
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def _careless(connection: Any, _record: Any) -> None:
    """It is thrown away in any case, so it need not survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


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


def _count(connection: Connection, table: Any, *conditions: Any) -> int:
    chosen = select(func.count()).select_from(table).where(*conditions)
    return int(connection.execute(chosen).scalar_one())
