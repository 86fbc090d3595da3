"""What a revision does to the rows of the past, beside what a rebuild makes of the same events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from sqlalchemy import Connection, Engine, MetaData, select

from kernel.eventsourcing.migrate import alembic_config, migrate
from kernel.eventsourcing.service_model import Model
from kernel.rebuild.table_compare import RowDifference, compare
from kernel.storage.engines import open_engine
from tests.golden import histories


def differing_rows(model: Model, before: str, folder: Path) -> Mapping[str, list[RowDifference]]:
    """Make a database by the revision ``before`` with the rows of all recorded histories, migrate
    it, and return the rows that differ from a rebuild by the present code, for each table.

    The rows of before are those of the rebuild without what the tables of before lacked.
    """
    with _opened(model, folder / "rebuilt") as rebuilt, _opened(model, folder / "old") as old:
        migrate(rebuilt, model)
        with rebuilt.begin() as connection:
            offset = 0
            for name in histories.names():
                bodies = histories.bodies_in(name)
                histories.ingest(connection, model, bodies, offset)
                offset += len(bodies)
        with old.begin() as connection:
            command.upgrade(alembic_config(model, connection), before)
        with rebuilt.connect() as source, old.begin() as target:
            _copy(model, source, target)
        migrate(old, model)
        with rebuilt.connect() as right, old.connect() as left:
            found = {t.name: compare(left, right, t) for t in model.view_tables()}
    return {name: list(each.examples) for name, each in found.items() if each.differences}


@contextmanager
def _opened(model: Model, file: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{file}.sqlite3", model.source)
    try:
        yield engine
    finally:
        engine.dispose()


def _copy(model: Model, source: Connection, target: Connection) -> None:
    there = MetaData()
    there.reflect(target)
    for table in model.view_tables():
        if (old := there.tables.get(table.name)) is None:
            continue
        columns = [column for column in table.columns if column.name in old.columns]
        if rows := [dict(row) for row in source.execute(select(*columns)).mappings()]:
            target.execute(old.insert(), rows)
