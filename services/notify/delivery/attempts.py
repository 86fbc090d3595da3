"""The rows of attempts: which are due, the beginning of one, and its outcome.

An attempt is recorded before the mail server is called. A process that dies in between has not lost
the message: the next sender finds it, and knows that it may have arrived.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from motcua.notify.v1.message_events_pb2 import MessageFailed, MessageSent
from sqlalchemy import Row, select, update

from kernel.base.instants import SECOND
from kernel.eventsourcing.leases import Lease
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.runtime.definition import Runtime
from services.notify.domain.decider import settle
from services.notify.tables import DELIVERIES, MESSAGES, RECIPIENTS
from services.notify.views.messages import QUEUED

LEASE = 90.0
"""Seconds; connecting, a mail, and the time between two renewals take less together."""
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class DueAttempt:
    """A message of which an attempt is due."""

    message: dict[str, Any]
    """Its row of ``messages``."""
    applicant: bytes
    """The sealed data of the dossier's applicant."""
    unit: str
    """The unit that answers for the dossier."""
    attempt: int
    """Attempts begun before."""
    maybe_sent: int
    """Those of them of which nobody knows whether the mail was accepted."""
    last_code: int


class Attempts:
    """Reads and writes those rows; blocks, so it belongs to the sender's own thread.

    Several processes may share the rows: one of them is the leader, by a lease, and an attempt is
    begun once even if two believe that they are.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._engine = runtime.engine
        self._writer = runtime.writer
        self._clock = runtime.clock
        self._lease = Lease("sender", LEASE)

    def lead(self) -> bool:
        """Take or renew the lease, between two attempts; attempts that were cut off are due now."""

        def work(unit: UnitOfWork) -> bool:
            if not self._lease.take(unit):
                return False
            cut_off = update(DELIVERIES).where(DELIVERIES.c.under_way == 1)
            unit.connection.execute(cut_off.values(execute_after=_now()))
            return True

        return self._writer.exclusive(work).result()

    def yield_lead(self) -> None:
        """Release the lease, if it is ours."""
        self._writer.exclusive(self._lease.release).result()

    def due(self) -> list[DueAttempt]:
        """Return the first attempts that are due: new messages in order, then repeated ones."""
        row = DELIVERIES.c
        wanted = (
            select(
                MESSAGES,
                RECIPIENTS.c.applicant,
                RECIPIENTS.c.unit.label("dossier_unit"),
                row.attempt,
                row.under_way,
                row.maybe_sent,
                row.last_code,
            )
            .join_from(DELIVERIES, MESSAGES, row.message_id == MESSAGES.c.message_id)
            .join(RECIPIENTS, RECIPIENTS.c.dossier_code == MESSAGES.c.dossier_code)
            .where(row.execute_after <= _now(), MESSAGES.c.state == QUEUED)
            .order_by(row.execute_after, MESSAGES.c.queued_at, row.message_id)
            .limit(AT_ONCE)
        )
        with self._engine.connect() as connection:
            return [_due_attempt(found) for found in connection.execute(wanted)]

    def begin(self, due: DueAttempt, wait: float) -> bool:
        """Begin an attempt; False when it was begun before. Unended, it is due after ``wait``."""
        row = DELIVERIES.c

        def work(unit: UnitOfWork) -> bool:
            begun = unit.connection.execute(
                update(DELIVERIES)
                .where(row.message_id == due.message["message_id"], row.attempt == due.attempt)
                .values(
                    attempt=due.attempt + 1,
                    under_way=1,
                    maybe_sent=due.maybe_sent,
                    execute_after=_now() + int(wait * SECOND),
                )
            )
            return bool(begun.rowcount == 1)

        return self._writer.exclusive(work).result()

    def put_off(self, due: DueAttempt, wait: float, *, code: int, maybe_sent: bool) -> None:
        """Record that the attempt begun has failed; the next one is due after ``wait``."""

        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(
                update(DELIVERIES)
                .where(DELIVERIES.c.message_id == due.message["message_id"])
                .values(
                    attempt=due.attempt + 1,
                    under_way=0,
                    maybe_sent=due.maybe_sent + maybe_sent,
                    last_code=code,
                    execute_after=_now() + int(wait * SECOND),
                )
            )

        self._writer.exclusive(work).result()

    def end(self, due: DueAttempt, outcome: MessageSent | MessageFailed) -> None:
        """Record the outcome of the message, once."""
        code = due.message["dossier_code"]
        now = self._clock.now()

        def work(unit: UnitOfWork) -> None:
            unit.append(
                code,
                settle(unit.state(code), outcome),
                actor=unit.system_actor(),
                occurred_at=now,
                recorded_at=now,
                causation_id=due.message["event_id"],
                correlation_id=due.message["correlation_id"],
            )

        self._writer.submit(work).result()


def _due_attempt(found: Row[Any]) -> DueAttempt:
    names = MESSAGES.columns.keys()
    applicant, unit, attempt, under_way, maybe_sent, last_code = found[len(names) :]
    return DueAttempt(
        message=dict(zip(names, found, strict=False)),
        applicant=applicant or b"",
        unit=unit or "",
        attempt=attempt,
        maybe_sent=maybe_sent + under_way,
        last_code=last_code,
    )


def _now() -> int:
    return time.time_ns() // 1000
