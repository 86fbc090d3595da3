"""Hands mails to an SMTP server, over one connection that is made again when it is lost."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiosmtplib

from kernel.base.external_errors import ExternalError, Permanent, Retryable, Throttled
from services.notify.delivery.mail_format import Mail, as_sent

Tls = Literal["offered", "starttls", "implicit"]
"""When TLS is used: where it is offered; always, by STARTTLS; always, from the first byte."""
TIMEOUT = 30.0
"""Seconds for a whole connection or a whole mail."""


class ServerAway(Retryable):
    """The server can't be reached, lets us not in, or the connection was lost before it had a whole
    mail.
    """


class MaybeTaken(Retryable):
    """The answer was lost after the mail was handed over: nobody knows whether it was accepted."""


class NoSmtpUtf8(Permanent):
    """The server takes no address with letters beyond ASCII before the @."""


@dataclass(frozen=True)
class Security:
    """How a connection to the mail server is secured, and who we are there."""

    tls: Tls = "offered"
    ca: Path | None = None
    """The authorities whose certificates are believed; None: those of this machine."""
    username: str = ""
    password: str = field(default="", repr=False)

    def context(self) -> ssl.SSLContext:
        """Return a context by which the server's certificate is checked."""
        return ssl.create_default_context(cafile=self.ca)


class Smtp:
    """An SMTP client for one thread's event loop."""

    def __init__(self, host: str, port: int, hello: str, security: Security | None = None) -> None:
        """``hello`` is our domain, which the client sends with EHLO."""
        self._host = host
        self._port = port
        self._hello = hello
        self._security = security or Security()
        self._client: aiosmtplib.SMTP | None = None

    async def open(self) -> None:
        """Connect, unless there is a connection; raise ``ServerAway``."""
        if self._client is not None and self._client.is_connected:
            return
        try:
            self._client = self._made()
            async with asyncio.timeout(TIMEOUT):
                await self._client.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
            self._drop()
            raise ServerAway(_why(fault)) from None

    def _made(self) -> aiosmtplib.SMTP:
        wanted = self._security
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=TIMEOUT,
            use_tls=wanted.tls == "implicit",
            start_tls={"starttls": True, "offered": None}.get(wanted.tls, False),
            tls_context=wanted.context(),
            username=wanted.username or None,
            password=wanted.password or None,
            local_hostname=self._hello,
        )

    async def send(self, mail: Mail) -> int:
        """Send a mail to its one recipient; return the server's code (250).

        A connection must be open.

        Raise ``ServerAway``, ``MaybeTaken``, ``Throttled`` (421), another ``Retryable``
        (4xx, or the server wants no mail from this sender), ``NoSmtpUtf8``, or another
        ``Permanent`` (5xx).
        """
        client, handed_over = self._client, False
        if client is None:
            raise ServerAway("no connection")
        try:
            async with asyncio.timeout(TIMEOUT):
                options = await _options(client, mail)
                await client.mail(mail.sender.addr_spec, options=options, encoding="utf-8")
                await client.rcpt(mail.recipient.addr_spec, encoding="utf-8")
                handed_over = True
                answer = await client.data(as_sent(mail))
        except aiosmtplib.SMTPSenderRefused as refused:
            self._drop()
            raise Retryable("the sender was refused", refused.code) from None
        except aiosmtplib.SMTPResponseException as refused:
            self._drop()
            raise _by_code(refused.code) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
            self._drop()
            kind = MaybeTaken if handed_over else ServerAway
            raise kind(f"the connection was lost ({type(fault).__name__})") from None
        return answer.code

    async def close(self) -> None:
        """Close the connection, with QUIT where it is still open."""
        if self._client is not None and self._client.is_connected:
            try:
                async with asyncio.timeout(1):
                    await self._client.quit()
            except (aiosmtplib.SMTPException, OSError, TimeoutError):
                pass
        self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


async def _options(client: aiosmtplib.SMTP, mail: Mail) -> list[str]:
    """Return how a mail is announced; raise ``NoSmtpUtf8`` when the server can't take it."""
    if not mail.needs_smtputf8:
        return []
    if client.is_ehlo_or_helo_needed:
        await client.ehlo()
    if not client.supports_extension("smtputf8"):
        raise NoSmtpUtf8("the mail server does not offer SMTPUTF8")
    return ["SMTPUTF8", "BODY=8BITMIME"]


def _why(fault: BaseException) -> str:
    """Return why there is no connection, by the setting where one is wrong."""
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "SMTP_CA: the mail server's certificate is not believed"
        cause = cause.__cause__ or cause.__context__
    if isinstance(fault, aiosmtplib.SMTPAuthenticationError):
        return "SMTP_USERNAME, SMTP_PASSWORD: the mail server refuses them"
    if type(fault) is aiosmtplib.SMTPException:
        return "SMTP_TLS, SMTP_USERNAME: the mail server does not offer STARTTLS, or no login"
    return f"no connection ({type(fault).__name__})"


def _by_code(code: int) -> ExternalError:
    what = f"the mail server answered {code}"
    if code == 421:
        return Throttled(what, code)
    return Retryable(what, code) if code < 500 else Permanent(what, code)
