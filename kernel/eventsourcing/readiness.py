"""Whether a database holds all that its log holds about its own service.

A database that was thrown away is filled again from the log. Until that is done a command would
decide without the service's own past, and number its events as if they were the first; a read would
say that what exists does not. The note
that it is done stands beside the leases, which like it say nothing about any stream.
"""

from __future__ import annotations

import time

from sqlalchemy import Engine, select

from kernel.base.errors import Unavailable
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.messages.texts import TEXTS

_NAME = "history read"


def note_whole(uow: UnitOfWork) -> None:
    """Note that the log has been read to an end once; from then on own events come by commands."""
    now = time.time_ns() // 1000
    uow.put(uow.model.tables.leases, {"name": _NAME, "holder": "", "expires_at": now})


class Readiness:
    """Return whether the note is there; thread-safe."""

    def __init__(self, reads: Engine, model: Model) -> None:
        self._reads = reads
        self._leases = model.tables.leases
        self.known = False
        """Whether it has said yes."""

    def is_whole(self) -> bool:
        """Ask the database until it has once said yes; blocks meanwhile."""
        if not self.known:
            chosen = select(self._leases.c.name).where(self._leases.c.name == _NAME)
            with self._reads.connect() as connection:
                self.known = connection.execute(chosen).first() is not None
        return self.known

    def require(self) -> None:
        """Raise ``Unavailable`` until it is whole; blocks meanwhile."""
        if not self.is_whole():
            raise Unavailable(*TEXTS.both("status.reading"))
