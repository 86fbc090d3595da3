"""Fault 92: an officer's words name a citizen's illness. They reach who has to read them, lie in no
database and not on the log, and are gone with the dossier's keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1 import intake_pb2 as intake
from motcua.routing.v1 import routing_pb2 as routing

from kernel.crypto.keyring import ERASED, Keyring
from kernel.storage.engines import open_engine
from tests.support.feed import wait_until
from tests.support.stack import Stack, running
from tests.support.walk import Walk, new_id, walking

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
REASON = "Bà Hoa đang nằm viện K, con trai ký thay không có giấy ủy quyền."
NOTE = "thiếu chữ ký do nằm viện"
KIND = "SupplementRequested"


@pytest.fixture(scope="module")
def stack(session_dir: Path) -> Iterator[Stack]:
    """A whole stack."""
    with running(session_dir) as made:
        yield made


def _asked(walk: Walk) -> tuple[str, str]:
    """Have an officer ask a citizen for papers; return the dossier's code and its PIN."""
    filed = walk.accepted()
    code = filed.dossier_code
    request = routing.RequestSupplementRequest(
        request_id=new_id(),
        dossier_code=code,
        step=walk.shown(code).case.current.step,
        parts=[Part(code="don", note=NOTE)],
        reason=REASON,
    )
    for _ in range(2):  # the second is answered from what was stored of the first
        answer = walk.call(walk.routing.RequestSupplement, request, walk.officer)
        assert answer.case.suspension.reason == REASON
    return code, filed.pin


def _reason_in_case(walk: Walk, code: str) -> str:
    return next(str(e.note) for e in walk.shown(code).entries if e.type == KIND)


def _history(walk: Walk, code: str, pin: str) -> str:
    request = intake.TrackDossierRequest(dossier_code=code, pin=pin)
    return str(walk.call(walk.intake.TrackDossier, request, walk.who("guest")))


def _files_with(stack: Stack, words: str) -> list[str]:
    """Name the files of databases, broker and processes in which some words stand."""
    places = [stack.folder / "kafka", stack.folder / "log", *stack.folder.glob("*.sqlite3*")]
    files = [each for place in places for each in (place, *place.rglob("*")) if each.is_file()]
    return [path.name for path in files if words.encode() in path.read_bytes()]


def test_fault_92_an_officer_s_words_are_sealed_and_gone_with_the_keys(stack: Stack) -> None:
    """Officer, citizen and letter have them in clear, nothing that is kept has."""
    with walking(stack) as walk:
        code, pin = _asked(walk)
        assert _reason_in_case(walk, code) == REASON
        wait_until(lambda: NOTE in _history(walk, code, pin), 30, "the desk has read it")
        assert "sealed:" not in _history(walk, code, pin)
        wait_until(lambda: bool(_letters(stack, code)), 60, "the citizen has the letter")
        (letter,) = _letters(stack, code)
        assert NOTE in letter

        stack.wait_settled()
        assert _files_with(stack, code)
        assert _files_with(stack, "nằm viện") == []

        engine = open_engine(f"sqlite:///{stack.folder / 'keyring.sqlite3'}", "keyring")
        try:
            master = bytes.fromhex((stack.folder / "master.key").read_text().strip())
            assert Keyring(engine, master).destroy(code)
        finally:
            engine.dispose()
        wait_until(lambda: _reason_in_case(walk, code) == ERASED, 30, "the words are gone")
        assert walk.shown(code).case.suspension.reason == ERASED
        assert stack.motcua("rebuild", "routing", "--check", "--json")["equal"]


def _letters(stack: Stack, code: str) -> list[str]:
    """Return the letters about a dossier that give the reason."""
    texts = [str(mail.get_content()) for mail in stack.mails() if code in str(mail)]
    return [text for text in texts if REASON.split(",", maxsplit=1)[0] in text]
