"""The scanner is asked in its own protocol, and what it does not call clean is not clean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.ports import free_port
from kernel.confined.clamd import Scan, ScannerAway, clamd_address
from tests.support.fake_clamd import EICAR, FakeClamd


@pytest.fixture(params=["tcp", "unix"])
def clamd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeClamd]:
    """A scanner at a port, and at a path."""
    with FakeClamd(tmp_path / "clamd.ctl" if request.param == "unix" else None) as found:
        yield found


def scanned(address: str, *pieces: bytes) -> str:
    """Return what the scanner says of a content."""
    with Scan(address) as scan:
        for piece in pieces:
            scan.feed(piece)
        return scan.verdict()


def test_a_content_is_scanned_as_a_whole(clamd: FakeClamd) -> None:
    """Clean, harm in it, harm across two pieces, and an empty piece in between."""
    assert scanned(clamd.address, b"clean", b"", b"as well") == ""
    assert scanned(clamd.address, b"x" * 100_000, EICAR) == "Eicar-Signature"
    assert scanned(clamd.address, EICAR[:20], b"", EICAR[20:]) == "Eicar-Signature"
    assert clamd.scanned == [12, 100_000 + len(EICAR), len(EICAR)]


@pytest.mark.parametrize(
    "says", ["stream: ERROR", "INSTREAM size limit exceeded. ERROR", "OK", "stream: OK FOUNDED"]
)
def test_another_answer_is_none(clamd: FakeClamd, says: str) -> None:
    """The log gets its words."""
    clamd.says = says
    with pytest.raises(ScannerAway, match=says.partition(".")[0]):
        scanned(clamd.address, b"content")


def test_a_content_above_its_limit_is_not_scanned(clamd: FakeClamd) -> None:
    """It hangs up in the middle."""
    clamd.most = 1_000_000
    with pytest.raises(ScannerAway):
        scanned(clamd.address, *[bytes(500_000)] * 40)


def test_a_scanner_that_is_not_there_is_away(tmp_path: Path) -> None:
    """Nobody listens, or what listens hangs up."""
    for address in (f"tcp://127.0.0.1:{free_port()}", f"unix://{tmp_path}/none"):
        with pytest.raises(ScannerAway):
            scanned(address, b"content")


@pytest.mark.parametrize(
    "text",
    ["localhost:3310", "tcp://localhost", "tcp://:3310", "http://a:1", "unix://a/b", "tcp://a:x"],
)
def test_another_text_is_no_address(text: str) -> None:
    """The rule is told."""
    with pytest.raises(ValueError, match="tcp://HOST:PORT"):
        clamd_address(text)


def test_addresses_are_taken_as_they_are() -> None:
    """None at all, too."""
    for text in ("", "tcp://scanner:3310", "unix:///run/clamav/clamd.ctl"):
        assert clamd_address(text) == text
