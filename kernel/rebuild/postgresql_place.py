"""Schemas of a PostgreSQL database: tables are made in a second schema, and the names exchanged.

Whoever writes has read ``identities`` first, so who has that table for itself has the tables alone.
A name is looked up anew by each statement after it was exchanged, prepared statements included.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, func, inspect, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.schema import DropSchema

from kernel.rebuild.place import HeldUp, RebuildRunning
from kernel.storage.engines import lock_schema, open_engine, wait_for_locks

REBUILD_LOCK: Final = 7_401_003
"""The advisory lock of those who rebuild or compare a schema."""
LOCK_MS: Final = 1_000
"""How long writers may have to queue behind a rebuild that waits for those before them."""
MOVE_LOCK_MS: Final = 200
"""The same for readers: less than a server needs to find two that wait for each other, so that none
of them is ended.
"""
_NOT_IN_TIME: Final = frozenset({"55P03", "40P01"})


@dataclass(frozen=True)
class HeldSchema:
    """A schema that one connection has alone."""

    connection: Connection
    live: str
    shadow: str
    replaced: str

    def attach(self) -> None:
        """Nothing is to be done: a connection sees all schemas of its database."""

    def replace(self, kept: Collection[str]) -> None:
        """Move the tables that are kept to those that were made, and exchange the names."""
        run = self.connection.exec_driver_sql
        wait_for_locks(self.connection, MOVE_LOCK_MS)
        if kept:
            with _in_time():
                run(f"lock table {', '.join(f'{self.live}.{name}' for name in kept)}")
        for name in kept:
            run(f"drop table {self.shadow}.{name}")
            run(f"alter table {self.live}.{name} set schema {self.shadow}")
        run(f"alter schema {self.live} rename to {self.replaced}")
        run(f"alter schema {self.shadow} rename to {self.live}")
        self.connection.commit()


class PostgresqlPlace:
    """One service's schema."""

    def __init__(self, url: str, schema: str) -> None:
        self._url = url
        self._schema = schema
        self._shadow = f"{schema}_rebuild"
        self._replaced = f"{schema}_replaced"

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep other rebuilds and comparisons away."""
        looking = open_engine(self._url, self._schema, read_only=True)
        try:
            with _reserved(looking, self._schema, shared=False):
                self._engine = open_engine(self._url, self._schema)
                try:
                    yield
                finally:
                    self._engine.dispose()
        finally:
            looking.dispose()

    def make(self) -> Engine:
        """Return an engine on an empty schema."""
        self._drop(self._shadow, self._replaced)
        return open_engine(self._url, self._shadow)

    @contextmanager
    def hold(self) -> Iterator[HeldSchema]:
        """Have ``identities`` alone: no transaction of a writer is under way."""
        with self._engine.connect() as connection:
            with _in_time():
                lock_schema(connection)  # no process migrates, or begins, meanwhile
                if inspect(connection).has_table("identities", self._schema):
                    wait_for_locks(connection, LOCK_MS)
                    connection.exec_driver_sql(f"lock table {self._schema}.identities")
            yield HeldSchema(connection, self._schema, self._shadow, self._replaced)

    def clear(self) -> None:
        """Drop the two other schemas."""
        with suppress(DBAPIError):
            self._drop(self._shadow, self._replaced)

    def _drop(self, *schemas: str) -> None:
        for schema in schemas:
            with self._engine.begin() as connection:
                connection.execute(DropSchema(schema, cascade=True, if_exists=True))


@contextmanager
def _in_time() -> Iterator[None]:
    """Raise ``HeldUp`` for a lock that is not given in time."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) in _NOT_IN_TIME:
            raise HeldUp from error
        raise


@contextmanager
def _reserved(engine: Engine, schema: str, *, shared: bool) -> Iterator[None]:
    """Hold the lock of rebuilds of a schema, shared among those who only compare; raise
    ``RebuildRunning``.
    """
    take = func.pg_try_advisory_lock_shared if shared else func.pg_try_advisory_lock
    options = {"isolation_level": "AUTOCOMMIT"}
    with engine.connect().execution_options(**options) as connection:
        key: Sequence[object] = (REBUILD_LOCK, func.hashtext(schema))
        if not connection.execute(select(take(*key))).scalar_one():
            raise RebuildRunning
        try:
            yield
        finally:
            with suppress(DBAPIError):
                connection.execute(select(func.pg_advisory_unlock_all()))


@contextmanager
def no_rebuild(engine: Engine) -> Iterator[None]:
    """Keep an engine's tables from being replaced, for who reads them for long as of one moment;
    raise ``RebuildRunning``. On SQLite a transaction sees the old ones in any case.
    """
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect() as connection:
        schema = connection.execute(select(func.current_schema())).scalar_one()
    with _reserved(engine, str(schema), shared=True):
        yield
