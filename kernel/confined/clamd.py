"""ClamAV's daemon: a content is streamed to it (INSTREAM), and it says whether it knows harm in it.

The protocol stands in clamd's manual: a command that ends with a zero byte, pieces with the length
of each before it, and a length of zero.
"""

from __future__ import annotations

import re
import socket
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

SECONDS: Final = 60.0
"""How long one step of a scan may take."""
_MOST: Final = 4096
_ANSWER: Final = re.compile(r"stream: (?:(?P<name>.+) FOUND|(?P<clean>OK))")


class ScannerAway(Exception):
    """The scanner does not answer, or can't scan; the text is for the log."""


def clamd_address(text: str) -> str:
    """Return the address of a scanner, or an empty one; raise ``ValueError`` for another text."""
    parts = urlsplit(text)
    try:
        right = (parts.scheme == "tcp" and parts.hostname and parts.port) or (
            parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
        )
    except ValueError:
        right = False
    if text and not right:
        raise ValueError("must be tcp://HOST:PORT or unix:///run/clamav/clamd.ctl")
    return text


class Scan:
    """One content under way to the scanner; a context manager. Each method blocks."""

    def __init__(self, address: str) -> None:
        """Connect; raise ``ScannerAway``."""
        try:
            self._socket = _connected(address)
        except OSError as fault:
            raise ScannerAway(type(fault).__name__) from fault

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def feed(self, piece: bytes) -> None:
        """Hand the next piece of the content over; raise ``ScannerAway``."""
        if not piece:
            return
        try:
            self._socket.sendall(len(piece).to_bytes(4, "big"))
            self._socket.sendall(piece)
        except OSError as fault:
            # It closes the connection at its limit, and has said so.
            raise ScannerAway(self._answer() or type(fault).__name__) from fault

    def verdict(self) -> str:
        """Return the name of the harm that is in the content, all of which it has; empty when it
        knows of none. Raise ``ScannerAway``.
        """
        try:
            self._socket.sendall(bytes(4))
        except OSError as fault:
            raise ScannerAway(self._answer() or type(fault).__name__) from fault
        text = self._answer()
        answer = _ANSWER.fullmatch(text)
        if answer is None:
            raise ScannerAway(text or "no answer")
        return answer["name"] or ""

    def _answer(self) -> str:
        answer = b""
        try:
            while not answer.endswith(b"\0") and len(answer) < _MOST:
                piece = self._socket.recv(_MOST)
                if not piece:
                    break
                answer += piece
        except OSError:
            return ""
        return answer.rstrip(b"\0\n").decode("utf-8", "replace")


def _connected(address: str) -> socket.socket:
    """Return a connection that waits for a content; raise ``OSError``."""
    parts = urlsplit(address)
    unix = parts.scheme == "unix"
    made = socket.socket(socket.AF_UNIX) if unix else _tcp(parts.hostname or "", parts.port or 0)
    try:
        made.settimeout(SECONDS)
        if unix:
            made.connect(parts.path)
        made.sendall(b"zINSTREAM\0")
    except OSError:
        made.close()
        raise
    return made


def _tcp(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), SECONDS)
