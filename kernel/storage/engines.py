"""Engines for SQLite and PostgreSQL that behave alike.

SQLite: write-ahead log, ``synchronous=FULL``, a writer takes its lock when the transaction begins.
PostgreSQL: each service has a schema of its own, so that all of them can share one
``DATABASE_URL``.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateSchema

SCHEMA_LOCK = 7_401_000
"""The PostgreSQL advisory lock that one process holds while it changes a schema."""
LOCK_MS = 2_000
"""How long a statement waits for a lock of another transaction."""
IDLE_MS = 5_000
"""After this PostgreSQL ends a transaction that does nothing, and frees what it has locked: its
process was stopped, or its machine is gone."""
SCHEMA_SECONDS = 60
"""How long a process that starts waits while another one changes the schema."""
LOG_KEPT = 64 * 1024 * 1024
"""Bytes to which SQLite cuts its write-ahead log again after a large transaction."""
_KEEPALIVE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that vanished without a word is noticed within some ten seconds."""


def open_engine(
    url: str, schema: str, *, read_only: bool = False, long_reads: bool = False
) -> Engine:
    """Return an engine; make the SQLite folder or the PostgreSQL schema when missing, unless
    ``read_only``. With ``long_reads`` a transaction may do nothing for as long as it likes, and
    keep tables from being replaced.

    No statement waits without a bound, neither for a lock nor for a server that has vanished. Raise
    SQLAlchemy's ``OperationalError`` when the database does not answer within 5 s.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, parsed.database or "", read_only)
    options = f"-csearch_path={schema} -clock_timeout={LOCK_MS}"
    if read_only:
        options += " -cdefault_transaction_read_only=on"
    if not long_reads:  # also of who reads: a process that is stopped then keeps its locks
        options += f" -cidle_in_transaction_session_timeout={IDLE_MS}"
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=8,
        hide_parameters=True,  # an error's text must not hold a row
        connect_args={"options": options, **_KEEPALIVE},
    )
    if not read_only:
        with engine.begin() as connection:
            lock_schema(connection)
            connection.execute(CreateSchema(schema, if_not_exists=True))
    return engine


def lock_schema(connection: Connection) -> None:
    """Hold the advisory lock for changes of a schema until the transaction ends; blocks while
    another process holds it, for ``SCHEMA_SECONDS`` at most.

    "If not exists" is not enough: on PostgreSQL two transactions that check at the same time both
    find nothing.
    """
    if connection.dialect.name == "postgresql":
        wait_for_locks(connection, SCHEMA_SECONDS * 1_000)
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
        wait_for_locks(connection, LOCK_MS)


def wait_for_locks(connection: Connection, milliseconds: int) -> None:
    """Have this transaction's statements on PostgreSQL wait this long for a lock."""
    connection.exec_driver_sql(f"set local lock_timeout = {milliseconds:d}")


def as_of_one_moment(connection: Connection) -> Connection:
    """Return a connection in a transaction that sees the database as it is now, however long it
    lasts and does nothing; SQLite's do so by themselves.
    """
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        connection.exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
    return connection


def _make_private(path: Path) -> None:
    """Make a database's file that only its owner can read, unless there is one; SQLite gives the
    files beside it the same rights, and says why when there can be none.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _sqlite(url: str, path: str, read_only: bool) -> Engine:
    if path and path != ":memory:" and not read_only:
        _make_private(Path(path))
    engine = create_engine(url, connect_args={"timeout": 10, "check_same_thread": False})
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = (
            None  # the listener below begins; the driver would begin too late
        )
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA busy_timeout=10000")
        cursor.execute(f"PRAGMA journal_size_limit={LOG_KEPT}")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def ping(engine: Engine) -> None:
    """Raise ``OperationalError`` unless the database answers."""
    with engine.connect() as connection:
        connection.execute(text("select 1"))
