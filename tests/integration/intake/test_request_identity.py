"""The first answer to a request is for the same caller, method and content only, also after the
stored answers were lost with a rebuild.
"""

from __future__ import annotations

import hashlib
import uuid

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb
from sqlalchemy import text

from services.intake.schedulers.desk_checks import scan_desk_checks
from tests.support.desk import CITIZEN, Desk
from tests.support.identity import metadata
from tests.support.intake_samples import submission

Code = grpc.StatusCode
DAY = 86_400_000_000
STRANGER = metadata("citizen", "stranger")


def forget_answers(desk: Desk) -> None:
    """Lose the stored answers, as a rebuild does."""
    forget = text("delete from requests")
    assert desk.writer.exclusive(lambda uow: uow.connection.execute(forget).rowcount).result(30)


@pytest.mark.parametrize("rebuilt", [False, True])
def test_the_id_of_another_ones_request_gives_nothing(any_desk: Desk, rebuilt: bool) -> None:
    """Neither to a stranger with other content, nor to a stranger who knows the content, nor to the
    citizen with other content."""
    first = submission()
    any_desk.call("SubmitDossier", first, CITIZEN)
    changed = submission(request_id=first.request_id)
    changed.applicant.full_name = "Kẻ Khác"
    for request, caller in ((changed, STRANGER), (first, STRANGER), (changed, CITIZEN)):
        if rebuilt:
            forget_answers(any_desk)
        assert any_desk.problem("SubmitDossier", request, caller).code == Code.ALREADY_EXISTS
        any_desk.submit()  # so that there is an answer to be forgotten


@pytest.mark.parametrize("rebuilt", [False, True])
def test_the_id_of_another_method_carries_out_nothing(any_desk: Desk, rebuilt: bool) -> None:
    """AcceptDossier under the id of a SubmitDossier is refused, and nothing is accepted."""
    first = submission()
    any_desk.call("SubmitDossier", first, CITIZEN)
    other = any_desk.submit()
    if rebuilt:
        forget_answers(any_desk)
    accept = pb.AcceptDossierRequest(request_id=first.request_id, dossier_code=other.dossier_code)
    assert any_desk.problem("AcceptDossier", accept).code == Code.ALREADY_EXISTS
    assert len(any_desk.events(other.dossier_code)) == 1


def test_the_same_request_has_its_answer_after_a_rebuild(any_desk: Desk) -> None:
    """For the same caller, with the same content; and no second dossier."""
    first = submission()
    answer = any_desk.call("SubmitDossier", first, CITIZEN)
    forget_answers(any_desk)
    assert any_desk.call("SubmitDossier", first, CITIZEN) == answer


def test_the_id_of_an_event_is_no_request(any_desk: Desk) -> None:
    """Events name the event that led to them as their cause; who sends its id as that of a request
    gets a dossier of their own."""
    owner = any_desk.submit()
    event = any_desk.events(owner.dossier_code)[0]
    later = any_desk.clock.at + 5 * DAY
    assert any_desk.writer.exclusive(lambda uow: scan_desk_checks(uow, later)).result(30)
    answer = any_desk.call("SubmitDossier", submission(request_id=event.event_id), STRANGER)
    assert answer.dossier_code != owner.dossier_code
    assert answer.pin != owner.pin


def test_digests_don_t_help_to_guess_what_was_sealed(any_desk: Desk) -> None:
    """The digest in the event is keyed: whoever has the event and guesses the content can't tell
    whether the guess is right."""
    first = submission(request_id=str(uuid.uuid4()))
    answer = any_desk.call("SubmitDossier", first, CITIZEN)
    event = any_desk.events(answer.dossier_code)[0]
    assert len(event.request_digest) == 32
    guess = first.SerializeToString(deterministic=True)
    assert event.request_digest != hashlib.sha256(guess).digest()
