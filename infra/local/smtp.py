"""A mail sink: a real SMTP server that keeps each message as a file and sends nothing on.

    python -m infra.local.smtp --port 2525 --dir DIR

Messages are whole when they appear as `*.eml`, and sort in the order of their arrival. The sink's
answers can be scripted by the recipient's local part, so that a sender's behaviour can be tried:
    451-anything@…      answers 451 to that recipient each time (any code 400-599)
    451x2-anything@…    answers 451 two times, then accepts
    drop-anything@…     takes the message, keeps it, and cuts the connection without an answer
"""

import argparse
import asyncio
import email.policy
import itertools
import os
import re
import signal
import sys
import time
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.local.server import LocalServer

SCRIPT = re.compile(r"^([45]\d\d)(?:x(\d+))?-")
DROP = "drop-"

RECIPIENT_HEADER = "X-Sink-Recipient"


class SinkHandler:
    """Writes each accepted message to `folder`; header X-Sink-Recipient names each recipient of the
    envelope.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refusals: Counter[str] = Counter()
        self._numbers = itertools.count()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    async def handle_RCPT(  # noqa: N802 (name given by aiosmtpd)
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        if script := SCRIPT.match(address):
            code, times = script.groups()
            if times is None or self.refusals[address] < int(times):
                self.refusals[address] += 1
                return f"{code} scripted answer"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self._keep(envelope)
        if (
            any(address.startswith(DROP) for address in envelope.rcpt_tos)
            and server.transport is not None
        ):
            server.transport.abort()  # type: ignore[attr-defined]
        return "250 Message accepted for delivery"

    def _keep(self, envelope: Envelope) -> None:
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(self._numbers):06d}"
        temporary = self.folder / f".{name}.new"
        content = envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
        headers = "".join(f"{RECIPIENT_HEADER}: {address}\r\n" for address in envelope.rcpt_tos)
        temporary.write_bytes(headers.encode("utf-8") + body)
        temporary.rename(self.folder / f"{name}.eml")


class MailSink(LocalServer):
    """The sink in this process, in a thread of its own; a context manager."""

    def __init__(self, folder: Path, port: int, *, smtputf8: bool = True) -> None:
        """smtputf8: whether it takes addresses with letters beyond ASCII before the @."""
        self.folder = folder
        self.smtputf8 = smtputf8
        self.host = "127.0.0.1"
        self.port = port
        self.handler = SinkHandler(folder)
        self._controller: Controller | None = None

    def start(self) -> None:
        """Listen on 127.0.0.1:port. Raise OSError when the port is taken."""
        controller = Controller(
            self.handler, hostname=self.host, port=self.port, enable_SMTPUTF8=self.smtputf8
        )
        controller.start()
        self._controller = controller

    def stop(self) -> None:
        """Close. Does nothing when it does not listen; the messages stay."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def messages(self) -> list[EmailMessage]:
        """Return what has arrived, in order."""
        return read_messages(self.folder)

    def clear(self) -> None:
        """Forget what has arrived."""
        for path in self.folder.glob("*.eml"):
            path.unlink()


def read_messages(folder: Path) -> list[EmailMessage]:
    """Return the messages in a sink's folder, in order of arrival; [] when there is no folder.

    `message.get_all(RECIPIENT_HEADER)` returns the recipients of the envelope.
    """
    return [
        email.message_from_bytes(
            path.read_bytes().replace(b"\r\n", b"\n"), policy=email.policy.default
        )
        for path in sorted(folder.glob("*.eml"))
    ]


async def _serve(folder: Path, port: int) -> None:
    loop = asyncio.get_running_loop()
    handler = SinkHandler(folder)
    server = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True, loop=loop), host="127.0.0.1", port=port
    )
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    print(f"mail sink on 127.0.0.1:{port}, messages in {folder}", file=sys.stderr, flush=True)
    await stopped.wait()
    server.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Keep mail as files; send nothing on")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--dir", type=Path, required=True, dest="folder", help="where the .eml files go"
    )
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.folder, arguments.port))
    except OSError as error:
        print(f"mail sink: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
