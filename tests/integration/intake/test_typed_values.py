"""What people type at the desk, with the inputs that were tried: normalized, then judged."""

from __future__ import annotations

import json
import unicodedata
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from motcua.intake.v1 import intake_pb2 as pb

from tests.support.desk import OFFICER, Desk
from tests.support.intake_samples import BY_POST, COUNTER
from tests.support.paths import case_file


def tried(name: str) -> pb.SubmitDossierRequest:
    """Return a request of the inputs that were tried, for a procedure of the tests' catalogue."""
    values: dict[str, Any] = json.loads(case_file(name).read_text("utf-8"))
    values |= {
        "request_id": str(uuid.uuid4()),
        "procedure_code": "1.000001",
        "parts": [{"code": "form", "copies": 1}],
    }
    return ParseDict(values, pb.SubmitDossierRequest())


def kept(desk: Desk, code: str) -> pb.Applicant:
    """Return the applicant as the desk has kept them."""
    answer: pb.GetDossierResponse = desk.call(
        "GetDossier", pb.GetDossierRequest(dossier_code=code), OFFICER
    )
    return answer.applicant


PHONES = (
    "02193866999",
    "0912345678",
    "02438251234",
    "0912345678",
    "0912345678",
    "02193866999",
    "0912345678",
)
"""What is kept of the seven that were tried."""


@pytest.mark.parametrize(("number", "phone"), list(enumerate(PHONES)))
def test_phone_numbers_are_taken_as_they_are_written(desk: Desk, number: int, phone: str) -> None:
    """Parentheses, +84 (0), no-break blanks and a blank at the end."""
    request = tried(f"08-phone-with-parentheses/{number}.json")
    code = desk.call("SubmitDossier", request, OFFICER).dossier_code
    assert kept(desk, code).phone == phone


@pytest.mark.parametrize("number", range(4))
def test_an_address_that_no_mail_reaches_is_refused_at_the_desk(desk: Desk, number: int) -> None:
    """A citizen can mend a slip only while they stand there."""
    request = tried(f"05-mail-address-dots/{number}.json")
    problem = desk.problem("SubmitDossier", request)
    assert problem.code is grpc.StatusCode.INVALID_ARGUMENT
    assert set(problem.fields) == {"applicant.email"}


def test_an_ordinary_address_is_taken(desk: Desk) -> None:
    """The one of the five that is right."""
    request = tried("05-mail-address-dots/4.json")
    code = desk.call("SubmitDossier", request, OFFICER).dossier_code
    assert kept(desk, code).email == "an@example.com"


def test_a_code_is_found_however_it_is_typed(desk: Desk) -> None:
    """Small letters, dashes, blanks that were pasted with it; and the PIN with a blank."""
    filed = desk.submit()
    typed = filed.dossier_code.lower().replace("-", "–").replace("h22", " h22 ")
    pin = f"{filed.pin[:2]} {filed.pin[2:]} "
    found = desk.call("TrackDossier", pb.TrackDossierRequest(dossier_code=typed, pin=pin))
    assert found.dossier_code == filed.dossier_code


def test_a_request_repeated_in_another_form_is_the_same_request(desk: Desk) -> None:
    """What counts is what is kept: decomposed letters and blanks make no other content."""
    request_id = str(uuid.uuid4())
    person = pb.Applicant(
        full_name="Lê Thị Mẫu",
        phone="0912345678",
        email="mau@example.com",
        address="Số 5 đường Trần Phú",
        province="Hà Giang",
    )
    first = desk.submit(request_id=request_id, applicant=person)
    typed = pb.Applicant(
        full_name=unicodedata.normalize("NFD", "Lê  Thị Mẫu "),
        phone="+84 912 345 678",
        email="mau@EXAMPLE.com",
        address="Số 5\u00a0đường Trần Phú",
        province="Hà Giang\t",
    )
    again = desk.submit(request_id=request_id, applicant=typed)
    assert again.dossier_code == first.dossier_code


def test_wrong_fields_are_told_together_and_without_a_pattern(desk: Desk) -> None:
    """One answer names them all, those that another rule finds among them."""
    request = tried("08-phone-with-parentheses/0.json")
    request.channel, request.result_channel = COUNTER, BY_POST
    request.applicant.phone, request.applicant.identity_number = "12", "02199000001"
    request.applicant.address = " \t"
    problem = desk.problem("SubmitDossier", request)
    assert set(problem.fields) == {
        "applicant.phone",
        "applicant.identity_number",
        "applicant.address",
    }
    assert not any("^" in text for text in problem.fields.values())
