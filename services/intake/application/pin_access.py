"""Access by PIN: a guest reads a dossier by its code and PIN; a rate limit stops guessing.

A wrong PIN and an unknown code are the same to whoever asks. After five wrong tries a code, known
or not, is closed for a quarter of an hour of real time.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import weakref
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from motcua.events.v1.common_pb2 import PersonalData, SealedData
from sqlalchemy import Connection, delete, select

from kernel.base.instants import MINUTE
from kernel.commands.command_bus import Reads
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rpc.statuses import TooMany
from services.intake.application.handlers import APPLICANT
from services.intake.domain.refusals import TEXTS, unknown_to_guest
from services.intake.queries.dossier import Row, dossier_row
from services.intake.tables import PIN_TRIES

TRIES: Final = 5
WINDOW: Final = 15 * MINUTE


@dataclass(frozen=True)
class _Look:
    row: Row | None
    """The dossier, when the PIN is its own."""
    failures: int


class PinAccess:
    """Checks PINs; made once, used from the gRPC loop."""

    def __init__(self, writer: Writer, reads: Reads, keyring: Keyring) -> None:
        self._writer = writer
        self._reads = reads
        self._keyring = keyring
        # One check of a code at a time: tries that run side by side would each see none before it.
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def check(self, code: str, pin: str) -> Row:
        """Return the dossier's row.

        Raise ``NotFound`` when the PIN is not the code's, ``TooMany`` when the code is closed.
        """
        lock = self._locks.get(code)
        if lock is None:
            lock = self._locks[code] = asyncio.Lock()
        async with lock:
            look = await self._reads.run(lambda connection: self._look(connection, code, pin))
            if look.failures >= TRIES:
                raise _closed()
            if look.row is None:
                await asyncio.wrap_future(self._writer.submit(lambda uow: _count(uow, code)))
                raise unknown_to_guest()
            return look.row

    def pin_of(self, code: str, sealed: bytes | None) -> str:
        """Return the PIN of a dossier; empty when it has none any more."""
        if not sealed:
            return ""
        person = PersonalData()
        if not self._keyring.open(code, APPLICANT, SealedData.FromString(sealed), person):
            return ""
        return person.pin

    def _look(self, connection: Connection, code: str, pin: str) -> _Look:
        statement = select(PIN_TRIES).where(PIN_TRIES.c.code_sha256 == _digest(code))
        tries: Any = connection.execute(statement).first()
        failures = 0 if tries is None or tries.since < _now() - WINDOW else tries.failures
        row = dossier_row(connection, code) if failures < TRIES else None
        right = self.pin_of(code, row["applicant"]) if row is not None else ""
        fits = secrets.compare_digest(right.encode(), pin.encode()) and bool(right)
        return _Look(row if fits else None, failures)


def _count(uow: UnitOfWork, code: str) -> None:
    now = _now()
    uow.connection.execute(delete(PIN_TRIES).where(PIN_TRIES.c.since < now - WINDOW))
    row = uow.lock(PIN_TRIES, {"code_sha256": _digest(code), "failures": 0, "since": now})
    uow.put(PIN_TRIES, {**row, "failures": row["failures"] + 1})


def _digest(code: str) -> str:
    """Return the hash of what a guest has typed: it may be a name, and need not be a code."""
    return sha256(code.encode()).hexdigest()


def _closed() -> TooMany:
    return TooMany(*TEXTS.both("pin.closed"))


def _now() -> int:
    """Return real time: the office's clock may run faster, an attacker's does not."""
    return time.time_ns() // 1000
