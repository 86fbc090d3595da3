"""An officer's words at the desk: sealed in what is kept, opened in what is given out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import DossierRefused

from kernel.crypto.keyring import ERASED
from tests.support.databases import NewDatabase
from tests.support.desk import CITIZEN, Desk, open_desk
from tests.support.events import payload_of
from tests.support.feed import wait_until

WORDS = "Người nộp đang điều trị tại bệnh viện tâm thần, chưa có người giám hộ."


@pytest.fixture
def desk(new_database: NewDatabase) -> Iterator[Desk]:
    """A desk on databases of its own."""
    with open_desk(new_database("intake"), new_database("keyring")) as opened:
        yield opened


def _refused(desk: Desk) -> tuple[str, str]:
    """Refuse a dossier; return its code and its PIN."""
    filed = desk.submit()
    code = filed.dossier_code
    request = pb.RefuseDossierRequest(
        request_id=str(uuid.uuid4()), dossier_code=code, reason_code="other", reason=WORDS
    )
    first, again = (desk.call("RefuseDossier", request) for _ in range(2))
    assert first == again
    return code, filed.pin


def _shown(desk: Desk, code: str) -> str:
    answer: Any = desk.call("GetDossier", pb.GetDossierRequest(dossier_code=code))
    return "\n".join(entry.text for entry in answer.history)


def test_a_refusal_is_sealed_and_read_by_officer_and_citizen(desk: Desk) -> None:
    """The event holds no word of it; the history in which it is quoted is opened as a whole."""
    code, pin = _refused(desk)
    event = desk.events(code)[-1]
    assert payload_of(event, DossierRefused).reason.startswith("\x02sealed:")
    assert b"t\xc3\xa2m th\xe1\xba\xa7n" not in event.SerializeToString()
    assert f"Lý do: {WORDS}" in _shown(desk, code)
    tracked = desk.call("TrackDossier", pb.TrackDossierRequest(dossier_code=code, pin=pin), CITIZEN)
    assert WORDS in str(tracked.history[-1].text)


def test_a_refusal_is_gone_with_the_keys(desk: Desk) -> None:
    """The history goes on saying that the dossier was refused."""
    code, _pin = _refused(desk)
    desk.keyring.destroy(code)
    wait_until(lambda: WORDS not in _shown(desk, code), 20, "the words are gone")
    assert f"Lý do: {ERASED}" in _shown(desk, code)
