"""Notices that the database has gone back under a running process.

A replica that lagged behind has taken over, or the server was put back from a copy: the database
has forgotten what this process has committed, or read of the log. Who goes on would number events
and give out codes a second time. This can only happen between two connections, so it is looked at
when a new one is used for the first time.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, event, select

from kernel.storage.kernel_tables import KernelTables

_TIMELINE = "select left(pg_walfile_name(pg_current_wal_lsn()), 8)"
"""Another one after each failover and each recovery to a point in time."""


class DatabaseWentBack(Exception):
    """The database is an older one than this process has seen; the text says by what."""


class SeenDatabase:
    """What a process has seen of its database. Thread-safe."""

    def __init__(self, engine: Engine, tables: KernelTables) -> None:
        self._tables = tables
        self._to_check = True
        self._timeline = ""
        self._event = ""
        self._positions: dict[int, int] = {}
        self._lock = threading.Lock()
        event.listen(engine, "connect", self._on_connect)

    def _on_connect(self, *_: Any) -> None:
        self._to_check = True

    def note_event(self, event_id: str) -> None:
        """Note an own event that was committed."""
        self._event = event_id

    def note_positions(self, positions: Mapping[int, int]) -> None:
        """Note how far the log was read, by whichever process; less than before is looked into."""
        with self._lock:
            for partition, position in positions.items():
                self._to_check |= position < self._positions.get(partition, 0)
                self._positions[partition] = max(position, self._positions.get(partition, 0))

    def forget(self) -> None:
        """Begin anew: a rebuild has replaced the tables."""
        with self._lock:
            self._event, self._positions = "", {}

    def require_same(self, connection: Connection) -> None:
        """Raise ``DatabaseWentBack`` when this is an older database; asks it only where a
        connection was made since the last look.
        """
        if not self._to_check:
            return
        self._to_check = False
        known, self._timeline = self._timeline, _timeline_of(connection)
        if known != self._timeline and known:
            raise DatabaseWentBack("another server has taken over")
        events, table = self._tables.events.c.event_id, self._tables.positions.c
        if self._event:
            found = connection.execute(select(events).where(events == self._event)).first()
            if found is None:
                raise DatabaseWentBack("it lacks an event that was committed")
        with self._lock:
            seen = dict(self._positions)
        rows = connection.execute(select(table.partition, table.position))
        stored = {int(partition): int(position) for partition, position in rows}
        if any(stored.get(partition, 0) < position for partition, position in seen.items()):
            raise DatabaseWentBack("less of the log was read than before")


def _timeline_of(connection: Connection) -> str:
    if connection.dialect.name != "postgresql":
        return ""
    return str(connection.exec_driver_sql(_TIMELINE).scalar_one())
