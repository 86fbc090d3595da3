"""Compares the tables in use with a rebuild, row for row, while the service goes on."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.schema import DropSchema

from kernel.consumer.applying import positions
from kernel.consumer.applying import quarantine_rows as quarantined
from kernel.consumer.applying.batch import Place
from kernel.consumer.applying.results import Past
from kernel.eventsourcing.envelope import Stream, new_id, stream_of
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.service_model import Model
from kernel.kafka.cluster import Bootstrap
from kernel.rebuild.postgresql_place import no_rebuild
from kernel.rebuild.shadow import Progress, Shadow
from kernel.rebuild.sqlite_place import without_sync
from kernel.rebuild.table_compare import EXAMPLES, Difference, RowDifference, compare
from kernel.storage.engines import as_of_one_moment, open_engine

PATIENCE = 30.0
"""Seconds for which a check waits for own events to reach the log."""


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


def check(
    model: Model,
    live: Engine,
    bootstrap: Bootstrap,
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
    each table. Raise ``RebuildRunning``.
    """
    begun = time.monotonic()
    with no_rebuild(live), _moment(live) as connection, _beside(live, model) as engine:
        past, refused, own = _decisions(connection, model)
        with Shadow(engine, model, bootstrap, topic, past, refused) as shadow:
            shadow.read(progress)
            while not shadow.has(own) and time.monotonic() - begun < patience:
                time.sleep(0.2)
                shadow.read()
        with engine.connect() as made:
            tables = {t.name: compare(connection, made, t, examples) for t in model.view_tables()}
    seconds = time.monotonic() - begun
    return Checked(model.source, shadow.tally.handled, seconds, tables)


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
    given_up = quarantined.places(connection, model.tables, quarantined.DISCARDED)
    # Where only a reaction was given up, the record itself has taken effect.
    discarded = {p for p, error in given_up.items() if not error.startswith(quarantined.REACTION)}
    return Past(admit, reached, discarded, stuck), refused, own


@contextmanager
def _moment(live: Engine) -> Iterator[Connection]:
    """Open a transaction that sees the live database as it is now, however long it lasts."""
    with live.connect() as opened:
        connection = as_of_one_moment(opened)
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
    event.listen(engine, "connect", without_sync)
    try:
        model.tables.metadata.create_all(engine)
        yield engine
    finally:
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)
