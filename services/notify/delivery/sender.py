"""The sender: takes attempts that are due, calls the mail server, and records the outcome.

First the row, then the attempt, then the event; never a database transaction open during a call.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from functools import partial

from motcua.events.v1.common_pb2 import PersonalData, SealedData
from motcua.notify.v1.message_events_pb2 import MessageFailed, MessageSent
from sqlalchemy.exc import SQLAlchemyError

from kernel.base.errors import Failure
from kernel.base.external_errors import Permanent, Retryable, Throttled
from kernel.base.instants import local_date
from kernel.crypto.keyring import Tampered
from kernel.runtime.definition import Runtime
from kernel.telemetry.logs import RateLimit, fault, get_logger
from kernel.telemetry.tracing import Scope, span_from
from kernel.telemetry.vital_threads import vital_thread
from office.people.directory import Directory
from office.sealed_text import open_texts
from services.notify.delivery import metrics
from services.notify.delivery.attempts import LEASE, Attempts, DueAttempt
from services.notify.delivery.letterhead import letterhead, with_unit_names
from services.notify.delivery.mail_format import Mail
from services.notify.delivery.rendering import RenderingError, render
from services.notify.delivery.smtp_client import MaybeTaken, NoSmtpUtf8, ServerAway, Smtp
from services.notify.domain.retry_schedule import attempts, wait_after
from services.notify.settings import NotifySettings

IDLE = 1.0
"""Seconds between two reads of what is due; a commit wakes the sender up at once."""
LONGEST_PAUSE = 60.0
"""Seconds that the sender waits at most while the mail server accepts nothing."""
GRACE = 10.0
"""Seconds that a mail in progress has when the service ends; cut off, it may have been sent."""
MAYBE_SENT = "maybe_sent"
_log = get_logger(__name__)


class MailSender:
    """A thread of its own that sends what is due, one mail after another over one connection.

    It begins once the log was read: before that, what was sent may be queued in the rows.
    """

    def __init__(
        self,
        runtime: Runtime,
        settings: NotifySettings,
        people: Callable[[], Directory] | None = None,
    ) -> None:
        """``people`` returns the present directory, which has the officers' names and addresses.

        Without one no officer has any.
        """
        self._keyring = runtime.keyring
        self._people = people
        self._caught_up = runtime.caught_up
        self._attempts = Attempts(runtime)
        self._from = settings.sender
        self._portal = settings.portal_url
        self._waits = settings.retry_seconds
        self._smtp = Smtp(
            settings.smtp_host, settings.smtp_port, settings.sender.domain, settings.smtp_security
        )
        self._leading_until = 0.0
        self._log_limit = RateLimit()
        self._ending = threading.Event()
        self._wake = threading.Event()
        runtime.writer.on_publish(self._wake.set)
        self._thread = vital_thread(self._main, "sender")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the mail in progress finish, within ``GRACE`` seconds, and end the thread."""
        self._ending.set()
        self._wake.set()
        self._thread.join(GRACE)

    def _main(self) -> None:
        asyncio.run(self._loop())

    async def _loop(self) -> None:
        pause = 0.0
        while not self._ending.is_set():
            self._wake.clear()
            try:
                tried = await self._round() if self._caught_up() and self._leads() else 0
                pause = 0.0
            except (SQLAlchemyError, Failure) as error:
                pause = min(pause * 2 or 1.0, LONGEST_PAUSE)
                self._warn("notify.sender_waits", **fault(error))
            except Retryable as error:
                pause = min(pause * 2 or 1.0, LONGEST_PAUSE)
                self._warn("notify.server_away", code=error.code, why=str(error), seconds=pause)
            except Exception as error:  # the thread must live: nothing else sends
                pause = min(pause * 2 or 1.0, LONGEST_PAUSE)
                self._warn("notify.attempt_failed", **fault(error))
            if pause:
                self._ending.wait(pause)
            elif not tried:
                await self._smtp.close()
                self._wake.wait(IDLE)
        await self._smtp.close()
        try:
            self._attempts.yield_lead()
        except (SQLAlchemyError, Failure):
            pass  # it ends by itself

    def _leads(self) -> bool:
        asked = time.monotonic()
        if asked >= self._leading_until:
            if not self._attempts.lead():
                return False
            self._leading_until = asked + LEASE / 3
        return True

    async def _round(self) -> int:
        """Make the attempts that are due; raise ``Retryable`` when the server accepts nothing."""
        due = self._attempts.due()
        for one in due:
            if self._ending.is_set() or not self._leads():
                break
            with span_from("", "notify.attempt", "client", attempt=one.attempt + 1) as span:
                try:
                    await self._attempt(one, span)
                except (SQLAlchemyError, Failure, Retryable):
                    raise
                except Exception as error:
                    if self._log_limit.allow("fault"):
                        message_id = one.message["message_id"]
                        _log.error("notify.attempt_failed", message_id=message_id, **fault(error))
                    self._put_off(one, 0, "fault")
        return len(due)

    async def _attempt(self, due: DueAttempt, span: Scope) -> None:
        span.set("message_id", due.message["message_id"])
        if due.attempt >= attempts(self._waits):  # the last one was cut off
            self._fail(due, due.attempt, due.last_code, "expired")
            return
        try:
            mail = self._mail(due)
        except RenderingError as error:
            self._fail(due, due.attempt, 0, error.reason_code)
            return
        await self._smtp.open()
        if not self._attempts.begin(due, wait_after(self._waits, due.attempt + 1)):
            return
        try:
            code = await self._smtp.send(mail)
        except NoSmtpUtf8:
            _count("refused")
            self._fail(due, due.attempt + 1, 0, "no_smtputf8")
        except Permanent as answer:
            _count("refused")
            self._fail(due, due.attempt + 1, answer.code, "refused")
        except Retryable as answer:
            self._put_off(due, answer.code, _outcome(answer))
            if isinstance(answer, (ServerAway, MaybeTaken, Throttled)):
                raise
        else:
            self._sent(due, code)

    def _mail(self, due: DueAttempt) -> Mail:
        officer = due.message["officer"]
        person = self._officer(officer) if officer else self._applicant(due)
        people = self._people() if self._people else None
        values = self._values(due)
        day = local_date(due.message["queued_at"], values["time_zone"])
        head = letterhead(self._portal, due.unit, values.get("signer", ""), people, day)
        named = with_unit_names(values, people)
        return render(due.message, named, person, self._from, head)

    def _values(self, due: DueAttempt) -> dict[str, str]:
        """Return the values of a letter with what officers wrote opened."""
        values: dict[str, str] = json.loads(due.message["values"])
        try:
            return {name: open_texts(self._keyring, value) for name, value in values.items()}
        except Tampered:
            raise RenderingError("tampered", "a sealed text was changed") from None

    def _officer(self, name: str) -> PersonalData:
        officer = self._people().officers.get(name) if self._people else None
        if officer is None or not officer.email:
            raise RenderingError("no_address", "the directory has no address of the officer")
        return PersonalData(full_name=officer.name or name, email=officer.email)

    def _applicant(self, due: DueAttempt) -> PersonalData:
        person = PersonalData()
        sealed = SealedData.FromString(due.applicant)
        try:
            opened = self._keyring.open(due.message["dossier_code"], "applicant", sealed, person)
        except Tampered:
            raise RenderingError("tampered", "the sealed data was changed") from None
        if not opened:
            raise RenderingError("erased", "the key was destroyed")
        return person

    def _put_off(self, due: DueAttempt, code: int, outcome: str) -> None:
        _count(outcome)
        maybe = outcome == MAYBE_SENT
        number = due.attempt + 1
        if number >= attempts(self._waits):
            self._fail(due, number, code, "expired", maybe_sent=maybe)
            return
        wait = wait_after(self._waits, number)
        self._record(partial(self._attempts.put_off, due, wait, code=code, maybe_sent=maybe))

    def _sent(self, due: DueAttempt, code: int) -> None:
        _count("sent")
        outcome = MessageSent(
            message_id=due.message["message_id"],
            attempts=due.attempt + 1,
            code=code,
            maybe_sent=due.maybe_sent,
        )
        self._record(partial(self._attempts.end, due, outcome))

    def _fail(
        self, due: DueAttempt, made: int, code: int, reason: str, *, maybe_sent: bool = False
    ) -> None:
        message_id = due.message["message_id"]
        outcome = MessageFailed(
            message_id=message_id,
            attempts=made,
            code=code,
            reason_code=reason,
            maybe_sent=due.maybe_sent + maybe_sent,
            officer=due.message["officer"],
        )
        self._record(partial(self._attempts.end, due, outcome))
        _log.warning("notify.message_failed", message_id=message_id, reason=reason, code=code)

    def _record(self, work: Callable[[], None]) -> None:
        """Record the outcome of an attempt, however long the database is away meanwhile."""
        pause = 0.1
        while True:
            try:
                work()
                return
            except (SQLAlchemyError, Failure) as error:
                self._warn("notify.sender_waits", **fault(error))
                if self._ending.wait(pause):
                    raise
                pause = min(pause * 2, 5.0)

    def _warn(self, event: str, **fields: object) -> None:
        if self._log_limit.allow(event):
            _log.warning(event, **fields)


def _outcome(answer: Retryable) -> str:
    return MAYBE_SENT if isinstance(answer, MaybeTaken) else "put_off"


def _count(outcome: str) -> None:
    metrics.ATTEMPTS.add(1, {"channel": "email", "outcome": outcome})
