"""Inspects a content that is whole: its hash, whether it can be opened without harm, and what the
scanner says. It is read once for all three.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from typing import Final

from kernel.base.errors import Refused, Unavailable
from kernel.confined.clamd import Scan, ScannerAway
from kernel.confined.worker import Look, Overrun
from kernel.files.segments import Damaged
from kernel.telemetry.logs import RateLimit, get_logger
from office.content.confined import content_workers
from office.content.findings import Finding
from services.intake.application.files.uploads import Upload
from services.intake.domain.refusals import TEXTS, refusal

OTHER_CONTENT: Final = "FILE_OTHER_CONTENT"
_log = get_logger(__name__)
_faults: Final = RateLimit()


class NotTaken(Refused):
    """The content is not taken, and its upload can't go on."""

    def __init__(self, code: str) -> None:
        super().__init__(refusal(code))


class Inspection:
    """Inspects contents. Thread-safe."""

    def __init__(self, largest: int, scanner: str = "") -> None:
        """``largest`` are the bytes of a content at most; ``scanner`` is the address of ClamAV's
        daemon, empty for an office without one.
        """
        self._workers = content_workers(largest)
        self._scanner = scanner

    def inspect(self, upload: Upload, pieces: Iterable[bytes]) -> None:
        """Raise ``NotTaken`` for a content that is not as announced, or is not taken; blocks.

        Raise ``Unavailable`` as long as the scanner has not said that it is clean.
        """
        about = {"media_type": upload.media_type, "size": upload.size}
        try:
            with self._scan() as scan, self._workers.look(about) as look:
                if _digest(pieces, look, scan) != upload.sha256:
                    raise NotTaken(OTHER_CONTENT)
                if code := _verdict(look):
                    raise NotTaken(code)
                harm = scan.verdict() if scan is not None else ""
        except ScannerAway as fault:
            if _faults.allow("scanner"):
                _log.error("files.scanner_away", why=str(fault))
            raise Unavailable(*TEXTS.both("scanner.away"), code="SCANNER_AWAY") from fault
        except Damaged:
            raise NotTaken(OTHER_CONTENT) from None
        if harm:
            _log.warning("files.infected", harm=harm)
            raise NotTaken("FILE_INFECTED")

    def close(self) -> None:
        """End the processes that are idle."""
        self._workers.close()

    def _scan(self) -> AbstractContextManager[Scan | None]:
        return Scan(self._scanner) if self._scanner else nullcontext()


def _digest(pieces: Iterable[bytes], look: Look, scan: Scan | None) -> str:
    """Hand a content over to all who look at it, and return its SHA-256."""
    digest = sha256()
    for piece in pieces:
        digest.update(piece)
        look.feed(piece)
        if scan is not None:
            scan.feed(piece)
    return digest.hexdigest()


def _verdict(look: Look) -> str:
    try:
        return look.verdict()
    except Overrun:
        return Finding.TOO_COMPLEX.value
