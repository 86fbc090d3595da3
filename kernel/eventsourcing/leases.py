"""Leases: at most one holder of a name at a time, in real time, by compare-and-set on a row.

Times are of the database's clock, so that those of the machines may differ. A lease ends by itself
after its time, and at once when its holder was a process of this machine that is no more. What a
lease guards must be safe without it: a holder that slept may believe in it for a moment too long.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field

import psutil
from sqlalchemy import Connection, Table, or_, update

from kernel.base.instants import SECOND
from kernel.eventsourcing.envelope import new_id
from kernel.eventsourcing.unit_of_work import UnitOfWork

_BEYOND = 10
"""How many times as long as its own no lease of another release is."""
_POSTGRESQL_NOW = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"


def _me() -> str:
    born = int(psutil.Process().create_time() * 1000)
    return f"{socket.gethostname()}/{os.getpid()}/{born}/{new_id()}"


@dataclass(frozen=True)
class Lease:
    """One contender for a name; all methods but ``name`` run inside a transaction."""

    name: str
    seconds: float
    holder: str = field(default_factory=_me)

    def take(self, uow: UnitOfWork) -> bool:
        """Take or renew the lease; False when another one holds it."""
        table = uow.model.tables.leases
        now = _database_now(uow.connection)
        length = int(self.seconds * SECOND)
        until = now + length
        row = uow.connection.execute(table.select().where(table.c.name == self.name)).first()
        if row is None:
            uow.add(table, {"name": self.name, "holder": self.holder, "expires_at": until})
            return True
        # One that ends so much later was given by a clock that has been set back since.
        ended = or_(table.c.expires_at < now, table.c.expires_at > now + _BEYOND * length)
        free = or_(table.c.holder == self.holder, ended)
        if _is_dead(row.holder):
            free = or_(free, table.c.holder == row.holder)
        taken = uow.connection.execute(
            update(table)
            .where(table.c.name == self.name, free)
            .values(holder=self.holder, expires_at=until)
        )
        return bool(taken.rowcount == 1)

    def release(self, uow: UnitOfWork) -> None:
        """Release the lease, if it is ours."""
        table = uow.model.tables.leases
        mine = (table.c.name == self.name) & (table.c.holder == self.holder)
        uow.connection.execute(table.delete().where(mine))


def is_held(connection: Connection, leases: Table, name: str) -> bool:
    """Return whether somebody holds a lease who may still be there."""
    row = connection.execute(leases.select().where(leases.c.name == name)).first()
    return (
        row is not None and row.expires_at >= _database_now(connection) and not _is_dead(row.holder)
    )


def _database_now(connection: Connection) -> int:
    """Return the database's time in microseconds UTC; SQLite's is that of this machine."""
    if connection.dialect.name != "postgresql":
        return time.time_ns() // 1000
    return int(connection.exec_driver_sql(_POSTGRESQL_NOW).scalar_one())


def _is_dead(holder: str) -> bool:
    """Return whether a holder was a process of this machine that has ended; False when in doubt."""
    host, _, rest = holder.partition("/")
    pid, _, rest = rest.partition("/")
    born = rest.partition("/")[0]
    if host != socket.gethostname() or not (pid.isdigit() and born.isdigit()):
        return False
    try:
        process = psutil.Process(int(pid))
        ended = process.status() == psutil.STATUS_ZOMBIE
        return ended or abs(int(process.create_time() * 1000) - int(born)) > 1000
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
