"""What a service may do, by what it knows of its log.

A database that was thrown away is filled again from the log. Until that is done a read would say
that what exists does not: the note that it is done stands beside the leases, which like it say
nothing about any stream. A command would decide without the service's own past, and number its
events as if they were the first. So would one on an older copy of a database, which has the note:
commands wait until this process has read the log to where it ended at the start.

While the log is another one than that which was read so far, or its topic is missing or would lose
events, no command is taken and nothing is published. Nor is a command taken while the ledger has
not signed for too long what was read (``kernel/ledger/ledger_watch.py``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine, select

from kernel.base.errors import Unavailable
from kernel.base.halt import Halt, HaltReason
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.messages.texts import TEXTS

WHOLE = "history read"
"""The name of the note."""
FRESH_SECONDS = 1.5
"""How long a comparison of the log holds: no broker is stopped and put back from a copy so soon."""


def note_whole(uow: UnitOfWork) -> None:
    """Note that the log has been read to an end once; from then on own events come by commands."""
    now = time.time_ns() // 1000
    uow.put(uow.model.tables.leases, {"name": WHOLE, "holder": "", "expires_at": now})


class Readiness:
    """What a process may do; the consumer sets it, others ask. Thread-safe."""

    def __init__(
        self,
        reads: Engine,
        model: Model,
        topic_halt: Callable[[], Halt | None] = lambda: None,
        ledger_halt: Callable[[], Halt | None] = lambda: None,
    ) -> None:
        """``topic_halt`` returns why the topic may not be used, ``ledger_halt`` why commands may
        not be taken for the ledger's sake.
        """
        self.topic_halt = topic_halt
        self.ledger_halt = ledger_halt
        self._reads = reads
        self._leases = model.tables.leases
        self._noted = False
        self._compared_at = -FRESH_SECONDS
        self.caught_up = False
        """Whether this process has read the log to where it ended at the start."""
        self.differs = ""
        """How the log differs from the one that was read so far; empty while it is the same."""
        self.asked = threading.Event()
        """Set by who waits for a comparison."""
        self.on_ask: Callable[[], None] = lambda: None
        """Called when somebody waits for a comparison."""

    def confirm(self) -> None:
        """Note that the log was compared just now, and is the one that was read so far."""
        self._compared_at, self.differs = time.monotonic(), ""

    def is_whole(self) -> bool:
        """Ask the database for the note until it is there; blocks meanwhile."""
        if not self._noted:
            chosen = select(self._leases.c.name).where(self._leases.c.name == WHOLE)
            with self._reads.connect() as connection:
                self._noted = connection.execute(chosen).first() is not None
        return self._noted

    def require_whole(self) -> None:
        """Raise ``Unavailable`` unless the database has once been filled from the log; blocks until
        that is known.
        """
        if not self.is_whole():
            raise Unavailable(*TEXTS.both("status.reading"))

    def require_commands(self) -> None:
        """Raise ``Unavailable`` unless commands may be taken; does not block."""
        if self.differs:
            raise Unavailable(*TEXTS.both("status.log_differs"), code=HaltReason.LOG_DIFFERS)
        if (halt := self.topic_halt()) is not None and halt.reason is not HaltReason.TOPIC_UNKNOWN:
            raise Unavailable(*TEXTS.both("status.topic_wrong"), code=halt.reason)
        if (halt := self.ledger_halt()) is not None and halt.reason is HaltReason.LEDGER_STALLED:
            raise Unavailable(*TEXTS.both("status.ledger_stalled"), code=halt.reason)
        if not self.caught_up:
            raise Unavailable(*TEXTS.both("status.reading"))

    def may_publish(self) -> bool:
        """Return whether events may be published: the topic is as it must be, and the log was
        compared just now; else have it compared.
        """
        if self.topic_halt() is not None:
            return False
        if not self.differs and time.monotonic() - self._compared_at < FRESH_SECONDS:
            return True
        self.asked.set()
        self.on_ask()
        return False
