"""Fault 62: PINs are guessed, by one caller or by many, and strangers want the owner locked out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest
from motcua.events.v1.common_pb2 import PersonalData
from motcua.intake.v1 import intake_pb2 as pb
from structlog.testing import capture_logs

from kernel.base.instants import DAY
from services.intake.application import pin_access, pin_limits
from services.intake.application.pin_limits import CALLER, CALLER_AND_CODE, SHORT_ALL, SHORT_CODE
from services.intake.domain.use_cases import submit
from tests.support.desk import Desk, Metadata, open_desk
from tests.support.identity import metadata

pytestmark = pytest.mark.faults
FOUND, WRONG, CLOSED = (
    grpc.StatusCode.OK,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)
OWNER = metadata("citizen", "mai-1")
OTHER = metadata("citizen", "chien-2")
SHORT = "0001"


def guest(number: int) -> Metadata:
    """Return a guest of an address of its own, named by a gateway on this host."""
    return (("x-forwarded-for", f"203.0.{number // 256}.{number % 256}"),)


def tried(desk: Desk, code: str, pin: str, who: Metadata) -> grpc.StatusCode:
    """Look at a dossier; return how it ended."""
    request = pb.TrackDossierRequest(dossier_code=code, pin=pin)
    try:
        desk.stub.TrackDossier(request, timeout=10, metadata=who)
    except grpc.RpcError as refused:
        return refused.code()
    return FOUND


def wrong_for(pin: str) -> str:
    """Return another PIN of the same length."""
    return f"{(int(pin) + 1) % 10 ** len(pin):0{len(pin)}d}"


@pytest.fixture
def old_dossier(any_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> pb.SubmitDossierResponse:
    """A dossier whose PIN has four digits, as they had."""
    sealed = submit.personal

    def with_four(applicant: pb.Applicant, _pin: str) -> PersonalData:
        return sealed(applicant, SHORT)

    monkeypatch.setattr(submit, "personal", with_four)
    answer = any_desk.submit(OWNER)
    answer.pin = SHORT
    monkeypatch.undo()
    return answer


def test_fault_62_a_long_secret_and_its_qr_code(any_desk: Desk) -> None:
    """Ten digits, and what the receipt's QR code holds."""
    answer = any_desk.submit(OWNER)
    assert len(answer.pin) == 10
    assert answer.pin.isdigit()
    assert answer.receipt_qr == f"D-{answer.pin}-{answer.dossier_code}"


@pytest.mark.parametrize("who", [guest(1), OTHER], ids=["guest", "citizen"])
def test_fault_62_one_caller_over_many_codes(any_desk: Desk, who: Metadata) -> None:
    """Twenty wrong PINs, of whatever codes, and the caller waits; others don't."""
    answer = any_desk.submit(OWNER)
    with capture_logs() as logs:
        ends = [tried(any_desk, f"H22-{n}", f"{n:010d}", who) for n in range(30)]
    assert Counter(ends) == {WRONG: CALLER.free, CLOSED: 30 - CALLER.free}
    assert [entry["limit"] for entry in logs if entry["event"] == "intake.pin_guessing"] == [
        "caller"
    ]
    assert tried(any_desk, answer.dossier_code, answer.pin, who) is CLOSED
    assert tried(any_desk, answer.dossier_code, answer.pin, guest(2)) is FOUND


def test_fault_62_strangers_do_not_lock_the_owner_out(any_desk: Desk) -> None:
    """Whatever strangers and the owner typed wrong, the owner with a token gets in; so does a guest
    of another address with the receipt.
    """
    answer = any_desk.submit(OWNER)
    wrong = wrong_for(answer.pin)
    for number in range(3):
        ends = [tried(any_desk, answer.dossier_code, wrong, guest(number)) for _ in range(7)]
        assert Counter(ends) == {WRONG: CALLER_AND_CODE.free, CLOSED: 2}
    assert tried(any_desk, answer.dossier_code, answer.pin, guest(0)) is CLOSED
    assert {tried(any_desk, answer.dossier_code, wrong, OWNER) for _ in range(30)} == {WRONG}
    assert tried(any_desk, answer.dossier_code, answer.pin, OWNER) is FOUND
    assert tried(any_desk, answer.dossier_code, answer.pin, guest(9)) is FOUND


def test_fault_62_a_token_of_nobody_makes_no_owner(any_desk: Desk) -> None:
    """Tokens of one subject for all who did not sign in are known by the address, like guests."""
    answer = any_desk.submit(metadata("citizen"))
    wrong = wrong_for(answer.pin)
    who = (*metadata("citizen"), *guest(1))
    ends = [tried(any_desk, answer.dossier_code, wrong, who) for _ in range(7)]
    assert Counter(ends) == {WRONG: CALLER_AND_CODE.free, CLOSED: 2}


def test_fault_62_many_callers_at_an_old_dossier(
    any_desk: Desk, old_dossier: pb.SubmitDossierResponse
) -> None:
    """Ten tries from as many addresses, and nobody guesses on; an unknown code closes alike. The
    owner with a token gets in.
    """
    for code in (old_dossier.dossier_code, "H22.12-210809-0999"):
        ends = [tried(any_desk, code, "9999", guest(n)) for n in range(15)]
        assert Counter(ends) == {WRONG: SHORT_CODE.free, CLOSED: 5}
    assert tried(any_desk, old_dossier.dossier_code, SHORT, guest(99)) is CLOSED
    assert tried(any_desk, old_dossier.dossier_code, SHORT, OWNER) is FOUND


def test_fault_62_many_callers_over_many_codes(
    any_desk: Desk, old_dossier: pb.SubmitDossierResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attacker spread over addresses and codes meets the limit on all short PINs; long ones are
    looked up as before. A right short PIN costs nothing.
    """
    few = replace(SHORT_ALL, free=30)
    monkeypatch.setattr(pin_limits, "SHORT_ALL", few)
    assert {tried(any_desk, old_dossier.dossier_code, SHORT, guest(n)) for n in range(40)} == {
        FOUND
    }
    ends = [tried(any_desk, f"H22-{n}", f"{n:04d}", guest(n)) for n in range(60)]
    assert Counter(ends) == {WRONG: few.free, CLOSED: 60 - few.free}
    assert tried(any_desk, old_dossier.dossier_code, SHORT, guest(99)) is CLOSED
    answer = any_desk.submit(OWNER)
    assert tried(any_desk, answer.dossier_code, answer.pin, guest(99)) is FOUND


def test_fault_62_waits_end(any_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits long enough is let in; the office's clock, which may be fast, does not count."""
    answer = any_desk.submit(OWNER)
    wrong = wrong_for(answer.pin)
    ends = [tried(any_desk, answer.dossier_code, wrong, guest(1)) for _ in range(6)]
    assert ends[-1] is CLOSED
    any_desk.clock.at += DAY
    assert tried(any_desk, answer.dossier_code, answer.pin, guest(1)) is CLOSED
    now = pin_access._now() + CALLER_AND_CODE.first
    monkeypatch.setattr(pin_access, "_now", lambda: now)
    assert tried(any_desk, answer.dossier_code, answer.pin, guest(1)) is FOUND


@pytest.fixture
def two_desks(new_database: object) -> Iterator[tuple[Desk, Desk]]:
    """Two processes' desks on one database."""
    url, keys = new_database("intake"), new_database("keyring")  # type: ignore[operator]
    with open_desk(url, keys) as one, open_desk(url, keys) as other:
        yield one, other


def test_fault_62_processes_count_together(two_desks: tuple[Desk, Desk]) -> None:
    """Tries at two processes are tries of one caller; a name in a header from elsewhere is none."""
    one, other = two_desks
    ends = [tried((one, other)[n % 2], "H22-1", f"{n:04d}", guest(1)) for n in range(10)]
    assert Counter(ends) == {WRONG: CALLER_AND_CODE.free, CLOSED: 5}


def test_fault_62_a_wait_is_told(any_desk: Desk) -> None:
    """In minutes, in both languages."""
    for _ in range(CALLER_AND_CODE.free):
        tried(any_desk, "H22-1", "0" * 10, ())
    request = pb.TrackDossierRequest(dossier_code="H22-1", pin="0" * 10)
    assert any_desk.problem("TrackDossier", request, ()).text == (
        "Nhập sai quá nhiều lần; xin thử lại sau 1 phút."
    )
    english = any_desk.problem("TrackDossier", request, metadata(language="en"))
    assert english.text == "Too many wrong tries; try again in 1 minute."
