"""Access by PIN: a guest reads a dossier by its code and PIN; limits stop guessing.

A wrong PIN and an unknown code are the same to whoever asks. The limits are rows of the database,
which all processes share. Whoever handed a dossier in, and says so with a signed token, is held to
none of them.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from motcua.events.v1.common_pb2 import Actor, ActorKind, PersonalData, SealedData
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, delete, select

from kernel.auth.identity import is_known
from kernel.base.instants import DAY, MINUTE
from kernel.commands.command_bus import Reads
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rpc.statuses import TooMany
from kernel.telemetry.logs import RateLimit, get_logger
from office.streams import DOSSIER
from services.intake.application import metrics
from services.intake.application.handlers import APPLICANT
from services.intake.application.pin_limits import PinLimit, is_short, limits_on
from services.intake.domain.refusals import TEXTS, unknown_to_guest
from services.intake.queries.dossier import Row, dossier_row
from services.intake.tables import KERNEL, PIN_TRIES

KEPT: Final = 2 * DAY
"""Wrong tries are kept so long after the last one; every limit has forgotten them then."""
_log = get_logger(__name__)
_alarms: Final = RateLimit()


@dataclass(frozen=True)
class _Look:
    row: Row | None
    """The dossier, when the PIN is its own."""
    owner: bool
    wait: int


class PinAccess:
    """Checks PINs; made once, used from the gRPC loop."""

    def __init__(self, writer: Writer, reads: Reads, keyring: Keyring) -> None:
        self._writer = writer
        self._reads = reads
        self._keyring = keyring
        # One check of a code at a time: tries that run side by side would each see none before it.
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def check(self, code: str, pin: str, actor: Actor, address: str) -> Row:
        """Return the dossier's row. A caller is known by the token, a guest by the address.

        Raise ``NotFound`` when the PIN is not the code's, ``TooMany`` when a limit is reached.
        """
        caller = f"{actor.kind}:{actor.id}" if is_known(actor) else f"address:{address}"
        limits = limits_on(caller, code, pin)
        lock = self._locks.get(code)
        if lock is None:
            lock = self._locks[code] = asyncio.Lock()
        async with lock:
            look = await self._reads.run(lambda it: self._look(it, code, pin, actor, limits))
            if look.owner:
                if look.row is None:
                    raise unknown_to_guest()
                return look.row
            if look.wait:
                raise _closed(look.wait)
            if look.row is not None and not is_short(pin):
                return look.row
            # A short PIN is counted as wrong before it is known to be right: of a thousand tries
            # side by side, in several processes, no more are looked at than the limits allow.
            wait = await asyncio.wrap_future(self._writer.submit(lambda uow: _count(uow, limits)))
            if wait:
                raise _closed(wait)
            if look.row is None:
                metrics.PIN_FAILURES.add(1, {"length": "short" if is_short(pin) else "long"})
                raise unknown_to_guest()
            await asyncio.wrap_future(self._writer.submit(lambda uow: _give_back(uow, limits)))
            return look.row

    def pin_of(self, code: str, sealed: bytes | None) -> str:
        """Return the PIN of a dossier; empty when it has none any more."""
        if not sealed:
            return ""
        person = PersonalData()
        if not self._keyring.open(code, APPLICANT, SealedData.FromString(sealed), person):
            return ""
        return person.pin

    def _look(
        self,
        connection: Connection,
        code: str,
        pin: str,
        actor: Actor,
        limits: Mapping[str, PinLimit],
    ) -> _Look:
        owner = actor.kind == ActorKind.ACTOR_KIND_CITIZEN and _is_owner(connection, code, actor)
        wait = 0 if owner else _wait(connection, limits)
        row = None if wait else dossier_row(connection, code)
        right = self.pin_of(code, row["applicant"]) if row is not None else ""
        fits = secrets.compare_digest(right.encode(), pin.encode()) and bool(right)
        return _Look(row if fits else None, owner, wait)


def _is_owner(connection: Connection, code: str, actor: Actor) -> bool:
    """Return whether a citizen handed the dossier in."""
    events = KERNEL.events.c
    first = select(events.body).where(
        events.stream_id == code,
        events.stream_kind == DOSSIER,
        events.source == "intake",
        events.sequence == 1,
    )
    body = connection.execute(first).scalar()
    if body is None or not is_known(actor):
        return False
    submitter = Event.FromString(body).actor
    return (submitter.kind, submitter.id) == (actor.kind, actor.id)


def _wait(connection: Connection, limits: Mapping[str, PinLimit]) -> int:
    key, now = PIN_TRIES.c.code_sha256, _now()
    rows: Any = connection.execute(select(PIN_TRIES).where(key.in_(limits)))
    return max(
        (limits[row.code_sha256].wait(row.failures, row.since, now) for row in rows), default=0
    )


def _count(uow: UnitOfWork, limits: Mapping[str, PinLimit]) -> int:
    """Count a wrong try against each limit, unless one is reached; return the wait of that one."""
    now = _now()
    uow.connection.execute(delete(PIN_TRIES).where(PIN_TRIES.c.since < now - KEPT))
    rows = {
        key: uow.lock(PIN_TRIES, {"code_sha256": key, "failures": 0, "since": now})
        for key in limits
    }
    wait = max(limits[key].wait(row["failures"], row["since"], now) for key, row in rows.items())
    if wait:
        return wait
    for key, row in rows.items():
        limit = limits[key]
        failures = limit.left(row["failures"], row["since"], now) + 1
        uow.put(PIN_TRIES, {**row, "failures": failures, "since": now})
        if failures >= limit.free and limit.alarm:
            _raise_alarm(limit)
    return 0


def _give_back(uow: UnitOfWork, limits: Mapping[str, PinLimit]) -> None:
    """Take back the try that was counted, for it was right."""
    for key in limits:
        row = uow.lock(PIN_TRIES, {"code_sha256": key, "failures": 0, "since": _now()})
        uow.put(PIN_TRIES, {**row, "failures": max(0, row["failures"] - 1)})


def _raise_alarm(limit: PinLimit) -> None:
    metrics.PIN_ALARMS.add(1, {"limit": limit.name})
    if _alarms.allow(limit.name):
        _log.warning("intake.pin_guessing", limit=limit.name)


def _closed(wait: int) -> TooMany:
    minutes = -(-wait // MINUTE)
    text = TEXTS.text("pin.closed", count=minutes)
    return TooMany(text.vi, text.en)


def _now() -> int:
    """Return real time: the office's clock may run faster, an attacker's does not."""
    return time.time_ns() // 1000
