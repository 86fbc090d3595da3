"""The desk from outside: what citizens and officers see through gRPC."""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
    WithdrawalRequested,
)
from motcua.postal.v1.job_events_pb2 import (
    ItemDelivered,
    ItemReturned,
    PostalJobCreated,
    PostalJobTaken,
)
from motcua.routing.v1.case_events_pb2 import (
    CaseOpened,
    CaseResolved,
    CaseWithdrawn,
    SupplementRequested,
)
from motcua.routing.v1.deadline_events_pb2 import DeadlineRecalculated
from motcua.routing.v1.types_pb2 import DEADLINE_SCOPE_SUSPENSION, CaseResult

from kernel.base.instants import to_timestamp, to_us
from kernel.crypto.keyring import ERASED
from kernel.rpc.client import explain
from office.sealed_text import WITHDRAWAL_REASON, open_text
from services.intake.tables import DOSSIERS
from tests.support import desk as who
from tests.support import intake_samples
from tests.support.desk import Desk
from tests.support.events import payload_of
from tests.support.identity import metadata
from tests.support.intake_samples import AT_COUNTER, COUNTER, ELECTRONIC, POST, at, submission

REFUSED = grpc.StatusCode.FAILED_PRECONDITION
WRONG = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def rid() -> str:
    return str(uuid.uuid4())


def track(desk: Desk, code: str, pin: str, language: str = "vi") -> pb.TrackDossierResponse:
    request = pb.TrackDossierRequest(dossier_code=code, pin=pin)
    answer: pb.TrackDossierResponse = desk.call(
        "TrackDossier", request, (("accept-language", language),)
    )
    return answer


def show(desk: Desk, code: str, caller: who.Metadata = who.OFFICER) -> pb.GetDossierResponse:
    answer: pb.GetDossierResponse = desk.call(
        "GetDossier", pb.GetDossierRequest(dossier_code=code), caller
    )
    return answer


def opened(due: int) -> CaseOpened:
    return CaseOpened(process="standard", due_at=to_timestamp(due))


def resolved(way: Any = AT_COUNTER) -> CaseResolved:
    return CaseResolved(
        result=CaseResult.CASE_RESULT_GRANTED, result_number="01/GP", result_channel=way
    )


def asked(round_: int = 1) -> SupplementRequested:
    return SupplementRequested(
        round=round_,
        reason="Sơ đồ mờ",
        parts=[Part(code="map", note="mờ")],
        answer_due_at=to_timestamp(at("2021-08-20 17:00")),
    )


# -- submission -----------------------------------------------------------------------------------


def test_a_citizen_gets_code_pin_and_a_time_for_the_answer(any_desk: Desk) -> None:
    """An online dossier gets the agency's next code and an answer within 8 working hours."""
    first, second = any_desk.submit(), any_desk.submit()
    assert first.dossier_code == "H22.12-210809-0001"
    assert second.dossier_code == "H22.12-210809-0002"
    assert re.fullmatch(r"\d{10}", first.pin)
    assert to_us(first.submitted_at) == intake_samples.MONDAY
    assert to_us(first.answer_due_at) == at("2021-08-10 08:00")
    [event] = any_desk.events(first.dossier_code)
    assert payload_of(event, DossierSubmitted).procedure_version == 1
    assert to_us(payload_of(event, DossierSubmitted).answer_warn_at) == at("2021-08-09 14:00")
    assert b"Hoa" not in event.SerializeToString()


def test_counter_and_post_have_no_time_for_the_answer(desk: Desk) -> None:
    """What is handed in at the counter or by post waits for nobody's answer."""
    for channel in (COUNTER, POST):
        answer = desk.submit(who.OFFICER, channel=channel)
        assert not answer.HasField("answer_due_at")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2021-08-09 14:01", []),
        ("2021-08-10 08:00", []),
        ("2021-08-10 08:01", ["DeskCheckMissed"]),
    ],
)
def test_an_answer_that_comes_late_says_so_by_itself(
    desk: Desk, when: str, expected: list[str]
) -> None:
    """However long the watch slept. That its time was nearly over is of no use to who answers."""
    code = desk.submit().dossier_code
    desk.clock.at = at(when)
    desk.accept(code)
    assert desk.types(code) == ["DossierSubmitted", *expected, "DossierAccepted"]
    desk.clock.at = intake_samples.MONDAY


def test_the_day_is_that_of_the_office(desk: Desk) -> None:
    """After 17:00 UTC it is the next day in Hà Giang: the code says so and counts anew."""
    desk.clock.at = at("2021-08-12 23:59")
    assert "-210812-" in desk.submit().dossier_code
    desk.clock.at = at("2021-08-13 00:00")
    assert desk.submit().dossier_code.endswith("-210813-0001")
    desk.clock.at = intake_samples.MONDAY


def test_names_every_wrong_field_in_the_language_asked_for(desk: Desk) -> None:
    """Wrong shape and broken rules of the catalogue are named in one answer, in both languages."""
    request = submission(
        channel=COUNTER,
        applicant=intake_samples.applicant(full_name="", email="no address", phone=""),
        parts=[pb.SubmittedPart(code="photo", sha256="XYZ")],
        foreign_code="A-1",
        language="fr",
    )
    vietnamese = desk.problem("SubmitDossier", request, who.CITIZEN)
    english = desk.problem("SubmitDossier", request, who.ENGLISH)
    assert vietnamese.code == english.code == WRONG
    expected = {
        "applicant.full_name",
        "applicant.email",
        "applicant.phone",
        "channel",
        "foreign_code",
        "language",
        "parts",
        "parts[0].code",
        "parts[0].sha256",
    }
    assert set(vietnamese.fields) == set(english.fields) == expected
    assert "thiếu giấy tờ bắt buộc form" in vietnamese.fields["parts"]
    assert "lacks the required part form" in english.fields["parts"]


@pytest.mark.parametrize(
    ("code", "rule"),
    [("9.999999", "không có thủ tục này"), ("1.000004", "không có hiệu lực")],
)
def test_refuses_unknown_and_expired_procedures(desk: Desk, code: str, rule: str) -> None:
    """A procedure must exist and be in force on the day of submission."""
    problem = desk.problem("SubmitDossier", submission(procedure_code=code), who.CITIZEN)
    assert (problem.code, list(problem.fields)) == (WRONG, ["procedure_code"])
    assert rule in problem.fields["procedure_code"]


def test_the_same_request_gives_the_same_answer(any_desk: Desk) -> None:
    """Twenty callers with one request id get one dossier, one code and one PIN."""
    request = submission()
    with ThreadPoolExecutor(20) as pool:
        found = list(
            pool.map(lambda _: any_desk.call("SubmitDossier", request, who.CITIZEN), range(20))
        )
    assert len({(a.dossier_code, a.pin) for a in found}) == 1
    assert len(any_desk.events(found[0].dossier_code)) == 1
    other = submission(request_id=request.request_id, language="en")
    problem = any_desk.problem("SubmitDossier", other, who.CITIZEN)
    assert problem.code == grpc.StatusCode.ALREADY_EXISTS


def test_an_answer_lost_with_its_database_is_made_again(desk: Desk) -> None:
    """When the stored answer is gone, as after a rebuild, the events give code and PIN again."""
    request = submission()
    first = desk.call("SubmitDossier", request, who.CITIZEN)
    desk.run(lambda uow: uow.delete(uow.model.tables.requests, request.request_id))
    assert desk.call("SubmitDossier", request, who.CITIZEN) == first


def test_the_pin_is_stored_nowhere_in_clear(desk: Desk) -> None:
    """The kept answer of a submission has no PIN in it."""
    request = submission()
    pin = desk.call("SubmitDossier", request, who.CITIZEN).pin
    row = desk.run(lambda uow: uow.get(uow.model.tables.requests, request.request_id))
    assert row is not None
    assert pin
    assert pb.SubmitDossierResponse.FromString(row["response"]).pin == ""


def test_what_a_citizen_writes_is_stored_nowhere_in_clear(desk: Desk) -> None:
    """Neither in events nor in rows; the reason for a withdrawal opens with the dossier's key."""
    at_the_desk, accepted = desk.submit(), desk.submit()
    desk.accept(accepted.dossier_code)
    desk.hear(accepted.dossier_code, "routing", opened(at("2021-08-12 08:00")))
    for dossier in (at_the_desk, accepted):
        request = pb.RequestWithdrawalRequest(
            request_id=rid(),
            dossier_code=dossier.dossier_code,
            pin=dossier.pin,
            reason="Chồng tôi mất",
        )
        desk.call("RequestWithdrawal", request, who.CITIZEN)
        kind = DossierWithdrawn if dossier is at_the_desk else WithdrawalRequested
        payload: Any = payload_of(desk.events(dossier.dossier_code)[-1], kind)
        reason = open_text(
            desk.keyring,
            dossier.dossier_code,
            WITHDRAWAL_REASON,
            payload.reason.SerializeToString(),
        )
        assert reason == "Chồng tôi mất"

    stored = desk.run(
        lambda uow: [
            value if isinstance(value, bytes) else str(value).encode()
            for table in uow.model.tables.metadata.sorted_tables
            for row in uow.connection.execute(table.select())
            for value in row
        ]
    )
    assert any(accepted.dossier_code.encode() in value for value in stored)
    for typed in ("Chồng tôi mất", "Nguyễn Thị Hoa"):
        assert not any(typed.encode() in value for value in stored)


# -- acceptance -----------------------------------------------------------------------------------


def test_acceptance_gives_the_receipt(any_desk: Desk) -> None:
    """The clock starts at acceptance, with the shorter limit of online dossiers."""
    online = any_desk.submit()
    by_post = any_desk.submit(who.OFFICER, channel=POST)
    receipt = any_desk.accept(online.dossier_code)
    assert (receipt.time_limit, to_us(receipt.due_at)) == ("3wd", at("2021-08-12 08:00"))
    assert to_us(receipt.accepted_at) == intake_samples.MONDAY
    assert receipt.calendar_version.startswith("vn-")
    receipt = any_desk.accept(by_post.dossier_code)
    assert (receipt.time_limit, to_us(receipt.due_at)) == ("5wd", at("2021-08-16 08:00"))
    event = any_desk.events(online.dossier_code)[-1]
    assert payload_of(event, DossierAccepted).process == "standard"
    assert event.actor.id == "an.nv"


def test_the_acceptance_says_how_often_and_how_long_papers_may_be_asked_for(any_desk: Desk) -> None:
    """By the procedure's version; one that says nothing leaves it to the process."""
    codes = [any_desk.accepted(procedure_code=f"1.00000{n}").dossier_code for n in (3, 1)]
    limited, silent = (payload_of(any_desk.events(code)[-1], DossierAccepted) for code in codes)
    assert (limited.supplement_rounds, limited.supplement_period) == (1, "10cd")
    assert not silent.HasField("supplement_rounds")
    assert silent.supplement_period == ""
    shown = any_desk.call("GetProcedure", pb.GetProcedureRequest(code="1.000003"), who.GUEST)
    assert shown.procedure.supplement_rounds == 1
    assert shown.procedure.supplement_period == "10cd"


@pytest.mark.parametrize(
    ("procedure", "time", "due"),
    [
        ("1.000002", "2021-08-09 14:59", "2021-08-09 17:00"),
        ("1.000002", "2021-08-09 15:01", "2021-08-10 17:00"),
        ("1.000003", "2021-08-09 09:00", None),
    ],
)
def test_same_day_and_no_limit(desk: Desk, procedure: str, time: str, due: str | None) -> None:
    """A same-day procedure has its cut-off at 15:00; one without a limit promises nothing."""
    desk.clock.at = at(time)
    dossier = desk.submit(who.OFFICER, channel=COUNTER, procedure_code=procedure)
    receipt = desk.accept(dossier.dossier_code, who.OF_THE_PROVINCE)
    assert receipt.HasField("due_at") == (due is not None)
    if due is not None:
        assert to_us(receipt.due_at) == at(due)
    desk.clock.at = intake_samples.MONDAY


def test_the_receipt_names_the_phases(any_desk: Desk) -> None:
    """Of a limit in phases the receipt, the event and the citizen's page tell when each is due."""
    code = any_desk.submit(who.OFFICER, channel=COUNTER, procedure_code="1.000007").dossier_code
    receipt = any_desk.accept(code)
    assert (receipt.time_limit, to_us(receipt.due_at)) == ("5cd+3wd", at("2021-08-19 08:00"))
    promised = [("5cd", at("2021-08-16 08:00")), ("3wd", at("2021-08-19 08:00"))]
    assert [(it.time_limit, to_us(it.due_at)) for it in receipt.phases] == promised
    kept = payload_of(any_desk.events(code)[-1], DossierAccepted).phases
    assert [(it.time_limit, to_us(it.due_at)) for it in kept] == promised
    dossier = any_desk.call("GetDossier", pb.GetDossierRequest(dossier_code=code), who.OFFICER)
    text = [line.text for line in dossier.history][-1]
    phases = (
        "Giai đoạn 1: chậm nhất lúc 08:00 ngày 16/08/2021. "
        "Giai đoạn 2: chậm nhất lúc 08:00 ngày 19/08/2021."
    )
    assert phases in text


def test_refuses_with_a_reason_code_in_the_language_asked_for(desk: Desk) -> None:
    """What the rules forbid fails with a stable code and a text in Vietnamese or English."""
    code = desk.accepted().dossier_code
    request = pb.AcceptDossierRequest(request_id=rid(), dossier_code=code)
    vietnamese = desk.problem("AcceptDossier", request)
    english = desk.problem("AcceptDossier", request, (*who.OFFICER[:1], ("accept-language", "en")))
    assert (vietnamese.code, vietnamese.reason) == (REFUSED, "ALREADY_ACCEPTED")
    assert (english.code, english.reason) == (REFUSED, "ALREADY_ACCEPTED")
    assert vietnamese.text == "Hồ sơ đã được tiếp nhận."
    assert english.text == "The dossier has been accepted already."
    assert desk.types(code) == ["DossierSubmitted", "DossierAccepted"]


def test_two_officers_accept_once(any_desk: Desk) -> None:
    """Of officers who accept a dossier at the same time one succeeds, the others are told."""
    code = any_desk.submit().dossier_code

    def accept(_: int) -> str:
        request = pb.AcceptDossierRequest(request_id=rid(), dossier_code=code)
        try:
            any_desk.call("AcceptDossier", request)
        except grpc.RpcError as error:
            return explain(error).reason
        return "ok"

    with ThreadPoolExecutor(10) as pool:
        outcomes = sorted(pool.map(accept, range(10)))
    assert outcomes == ["ALREADY_ACCEPTED"] * 9 + ["ok"]


def test_refusal_tells_the_citizen_why(desk: Desk) -> None:
    """A refused dossier is closed and the citizen reads the reason."""
    dossier = desk.submit()
    request = pb.RefuseDossierRequest(
        request_id=rid(),
        dossier_code=dossier.dossier_code,
        reason_code="out_of_scope",
        reason="Không thuộc thẩm quyền",
    )
    desk.call("RefuseDossier", request)
    seen = track(desk, dossier.dossier_code, dossier.pin)
    assert seen.state == pb.DossierState.DOSSIER_STATE_REFUSED
    assert seen.history[-1].text == "Hồ sơ không được tiếp nhận. Lý do: Không thuộc thẩm quyền"


# -- the citizen's view ---------------------------------------------------------------------------


def test_tracks_a_dossier_in_plain_words(any_desk: Desk) -> None:
    """With code and PIN anybody reads where the dossier stands, in Vietnamese or English."""
    dossier = any_desk.submit()
    code = dossier.dossier_code
    seen = track(any_desk, code, dossier.pin)
    assert (seen.state_text, seen.procedure) == ("Chờ tiếp nhận", "Cấp giấy phép bán lẻ rượu")
    receipt = any_desk.accept(code)
    any_desk.hear(code, "routing", opened(to_us(receipt.due_at)))
    english = track(any_desk, code, dossier.pin, "en")
    assert english.state_text == "Being worked on"
    assert english.due_at == receipt.due_at
    assert [line.text for line in english.history] == [
        "The dossier was handed in.",
        "The dossier was accepted. The result is promised by 08:00 on 12 August 2021.",
    ]
    any_desk.hear(code, "routing", asked())
    waiting = track(any_desk, code, dossier.pin)
    assert waiting.state == pb.DossierState.DOSSIER_STATE_SUPPLEMENT_REQUESTED
    assert waiting.what_to_do == "Nộp bổ sung giấy tờ chậm nhất lúc 17:00 ngày 20/08/2021."
    assert [part.note for part in waiting.requested_parts] == ["mờ"]


def test_a_wrong_pin_and_an_unknown_code_are_alike(any_desk: Desk) -> None:
    """Whoever guesses does not learn which codes exist, and has five tries only."""
    dossier = any_desk.submit()
    wrong = "0" * 10 if dossier.pin != "0" * 10 else "1" * 10
    for language in (who.GUEST, who.ENGLISH_GUEST):
        request = pb.TrackDossierRequest(dossier_code=dossier.dossier_code, pin=wrong)
        unknown = pb.TrackDossierRequest(dossier_code="H22.12-210809-0999", pin=wrong)
        first = any_desk.problem("TrackDossier", request, language)
        second = any_desk.problem("TrackDossier", unknown, language)
        assert first == second
        assert first.code == NOT_FOUND
    right = pb.TrackDossierRequest(dossier_code=dossier.dossier_code, pin=dossier.pin)
    any_desk.call("TrackDossier", right, who.GUEST)
    for _ in range(3):
        assert any_desk.problem("TrackDossier", request, who.GUEST).code == NOT_FOUND
        assert any_desk.problem("TrackDossier", unknown, who.GUEST).code == NOT_FOUND
    for closed in (right, request, unknown):
        problem = any_desk.problem("TrackDossier", closed, who.GUEST)
        assert problem.code == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_many_guesses_side_by_side_get_no_more_tries(desk: Desk) -> None:
    """A hundred guesses at once are counted one by one."""
    dossier = desk.submit()
    assert dossier.pin not in {f"{n:010d}" for n in range(50)}
    pins = [f"{n:04d}" for n in range(50)] + [f"{n:010d}" for n in range(50)]

    def guess(pin: str) -> grpc.StatusCode:
        request = pb.TrackDossierRequest(dossier_code=dossier.dossier_code, pin=pin)
        return desk.problem("TrackDossier", request, who.GUEST).code

    with ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(guess, pins))
    assert outcomes.count(NOT_FOUND) == 5


def test_a_citizen_acts_on_an_own_dossier_only(desk: Desk) -> None:
    """Withdrawing or adding papers takes the PIN; without it the dossier does not exist."""
    dossier = desk.submit()
    request = pb.RequestWithdrawalRequest(request_id=rid(), dossier_code=dossier.dossier_code)
    assert desk.problem("RequestWithdrawal", request, who.CITIZEN).code == NOT_FOUND
    papers = pb.SubmitSupplementRequest(
        request_id=rid(), dossier_code=dossier.dossier_code, parts=[pb.SubmittedPart(code="map")]
    )
    assert desk.problem("SubmitSupplement", papers, who.CITIZEN).code == NOT_FOUND
    request.pin = dossier.pin
    assert desk.call("RequestWithdrawal", request, who.CITIZEN).withdrawn
    assert desk.call("RequestWithdrawal", request, who.CITIZEN).withdrawn
    assert desk.types(dossier.dossier_code) == ["DossierSubmitted", "DossierWithdrawn"]


# -- supplements, withdrawal, return --------------------------------------------------------------


def papers(code: str, round_: int = 0) -> pb.SubmitSupplementRequest:
    return pb.SubmitSupplementRequest(
        request_id=rid(), dossier_code=code, round=round_, parts=[pb.SubmittedPart(code="map")]
    )


def test_more_time_for_papers_is_shown(any_desk: Desk) -> None:
    """A day closed by a calendar change moves the citizen's time on the page, with the reason."""
    code = any_desk.accepted().dossier_code
    any_desk.hear(code, "routing", opened(at("2021-08-12 08:00")))
    any_desk.hear(code, "routing", asked())
    moved = DeadlineRecalculated(
        scope=DEADLINE_SCOPE_SUSPENSION,
        previous_due_at=to_timestamp(at("2021-08-20 17:00")),
        due_at=to_timestamp(at("2021-08-23 17:00")),
        reason="bão, 12/UBND",
    )
    any_desk.hear(code, "routing", moved)
    row = any_desk.run(lambda uow: uow.get(DOSSIERS, code))
    assert row is not None
    assert row["round_answer_due_at"] == at("2021-08-23 17:00")
    assert row["case_due_at"] == at("2021-08-12 08:00")
    line = show(any_desk, code).history[-1].text
    assert (
        "Thời hạn nộp bổ sung giấy tờ được kéo dài đến 17:00 ngày 23/08/2021. Lý do: bão, 12/UBND"
        in line
    )


def test_papers_are_taken_once_for_each_request(any_desk: Desk) -> None:
    """Papers are refused unless asked for, taken once, and joined to the dossier."""
    code = any_desk.accepted().dossier_code
    any_desk.hear(code, "routing", opened(at("2021-08-12 08:00")))
    problem = any_desk.problem("SubmitSupplement", papers(code))
    assert (problem.code, problem.reason) == (REFUSED, "NO_SUPPLEMENT_REQUESTED")
    any_desk.hear(code, "routing", asked())
    any_desk.clock.at = at("2021-08-25 09:00")  # late, but the case still waits
    assert any_desk.problem("SubmitSupplement", papers(code, 2)).reason == "WRONG_ROUND"
    answer = any_desk.call("SubmitSupplement", papers(code))
    assert answer.round == 1
    assert any_desk.problem("SubmitSupplement", papers(code)).reason == "ALREADY_ANSWERED"
    shown = show(any_desk, code)
    assert [part.code for part in shown.parts] == ["form", "map"]
    assert shown.dossier.state == pb.DossierState.DOSSIER_STATE_IN_PROCESSING


def test_papers_are_those_that_were_asked_for(any_desk: Desk) -> None:
    """Others are named, missing ones too, and the case waits until all have come."""
    code = any_desk.accepted().dossier_code
    any_desk.hear(code, "routing", opened(at("2021-08-12 08:00")))
    both = [Part(code="map", note="mờ"), Part(code="photo", copies=3)]
    any_desk.hear(code, "routing", SupplementRequested(round=1, parts=both))

    def hand_in(*parts: pb.SubmittedPart) -> pb.SubmitSupplementRequest:
        return pb.SubmitSupplementRequest(request_id=rid(), dossier_code=code, parts=parts)

    a_map, another = pb.SubmittedPart(code="map"), pb.SubmittedPart(code="form")
    strange = any_desk.problem("SubmitSupplement", hand_in(a_map, another, a_map))
    assert strange.code == WRONG
    assert sorted(strange.fields) == ["parts[1].code", "parts[2].code"]
    few = hand_in(a_map, pb.SubmittedPart(code="photo", copies=1))
    for caller, request, words in (
        (
            who.OFFICER,
            hand_in(a_map),
            "Còn thiếu giấy tờ đã yêu cầu bổ sung (mã, số bản): photo (3).",
        ),
        (
            who.ENGLISH_OFFICER,
            few,
            "Papers that were asked for are missing (code, copies): photo (2).",
        ),
    ):
        problem = any_desk.problem("SubmitSupplement", request, caller)
        assert (problem.code, problem.reason) == (REFUSED, "PAPERS_MISSING")
        assert problem.text == words
    waits = pb.DossierState.DOSSIER_STATE_SUPPLEMENT_REQUESTED
    assert show(any_desk, code).dossier.state == waits

    any_desk.call("SubmitSupplement", hand_in(pb.SubmittedPart(code="photo", copies=3), a_map))
    assert [part.copies for part in show(any_desk, code).parts] == [1, 3, 1]


def test_papers_of_another_system_are_taken_as_they_were(desk: Desk) -> None:
    """What was asked for and handed in there is not compared."""
    request = intake_samples.foreign(foreign_code="cu-77", unit="H22.12")
    code = desk.call("SubmitDossier", request, who.IMPORTER).dossier_code
    accept = pb.AcceptDossierRequest(request_id=rid(), dossier_code=code)
    desk.call("AcceptDossier", accept, who.IMPORTER)
    desk.hear(code, "routing", opened(at("2021-08-12 08:00")))
    desk.hear(code, "routing", asked())
    other = pb.SubmittedPart(code="giay-to-khac")
    brought = pb.SubmitSupplementRequest(request_id=rid(), dossier_code=code, parts=[other])
    assert desk.problem("SubmitSupplement", brought).code == WRONG
    assert desk.call("SubmitSupplement", brought, who.IMPORTER).round == 1


def test_an_accepted_dossier_is_let_go_by_the_departments(any_desk: Desk) -> None:
    """After acceptance a wish to withdraw waits for routing's answer."""
    code = any_desk.accepted().dossier_code
    any_desk.hear(code, "routing", opened(at("2021-08-12 08:00")))
    wish = pb.RequestWithdrawalRequest(request_id=rid(), dossier_code=code, reason="Đổi ý")
    assert not any_desk.call("RequestWithdrawal", wish).withdrawn
    assert show(any_desk, code).dossier.withdrawal_requested
    again = pb.RequestWithdrawalRequest(request_id=rid(), dossier_code=code)
    assert any_desk.problem("RequestWithdrawal", again).reason == "WITHDRAWAL_PENDING"
    any_desk.hear(code, "routing", CaseWithdrawn())
    shown = show(any_desk, code).dossier
    assert shown.state == pb.DossierState.DOSSIER_STATE_WITHDRAWN
    assert not shown.withdrawal_requested
    assert any_desk.problem("RequestWithdrawal", again).reason == "ALREADY_WITHDRAWN"


def test_the_counter_returns_what_is_resolved(any_desk: Desk) -> None:
    """A result is handed over once it is there, and once only."""
    code = any_desk.accepted(result_channel=AT_COUNTER).dossier_code
    request = pb.ReturnResultRequest(request_id=rid(), dossier_code=code)
    assert any_desk.problem("ReturnResult", request).reason == "NOT_RESOLVED"
    any_desk.hear(code, "routing", resolved())
    assert show(any_desk, code).dossier.state == pb.DossierState.DOSSIER_STATE_RESOLVED
    any_desk.call("ReturnResult", request)
    assert show(any_desk, code).dossier.state == pb.DossierState.DOSSIER_STATE_RETURNED
    twice = pb.ReturnResultRequest(request_id=rid(), dossier_code=code)
    assert any_desk.problem("ReturnResult", twice).reason == "ALREADY_RETURNED"


def test_a_delivered_item_closes_the_dossier(any_desk: Desk) -> None:
    """While the post has the result the counter has not; the delivery closes the dossier."""
    dossier = any_desk.accepted()
    code = dossier.dossier_code
    any_desk.hear(code, "routing", resolved(intake_samples.BY_POST))
    any_desk.hear(code, "postal", PostalJobCreated(job_id="j"))
    any_desk.hear(
        code, "postal", PostalJobTaken(job_id="j", item_number="RN123456785VN", attempt=1)
    )
    request = pb.ReturnResultRequest(request_id=rid(), dossier_code=code)
    assert any_desk.problem("ReturnResult", request).reason == "RESULT_IN_POST"
    cause = any_desk.hear(code, "postal", ItemDelivered(job_id="j", item_number="RN123456785VN"))
    closed = any_desk.events(code)[-1]
    assert payload_of(closed, ResultReturned).item_number == "RN123456785VN"
    assert closed.causation_id == cause.event_id
    seen = track(any_desk, code, dossier.pin)
    assert seen.state_text == "Đã trả kết quả"
    assert seen.item_number == "RN123456785VN"


def test_an_item_that_came_back_is_returned_at_the_counter(desk: Desk) -> None:
    """What the post brings back waits at the counter."""
    dossier = desk.accepted()
    code = dossier.dossier_code
    desk.hear(code, "routing", resolved(intake_samples.BY_POST))
    desk.hear(code, "postal", PostalJobTaken(job_id="j", item_number="RN123456785VN"))
    desk.hear(code, "postal", ItemReturned(job_id="j", item_number="RN123456785VN"))
    assert "quầy một cửa" in track(desk, code, dossier.pin).what_to_do
    desk.call("ReturnResult", pb.ReturnResultRequest(request_id=rid(), dossier_code=code))
    assert desk.types(code)[-1] == "ResultReturned"


def test_an_electronic_result_is_returned_at_once(desk: Desk) -> None:
    """The case's result closes a dossier whose citizen wants it electronically."""
    code = desk.accepted(result_channel=ELECTRONIC).dossier_code
    cause = desk.hear(code, "routing", resolved(ELECTRONIC))
    closed = desk.events(code)[-1]
    assert payload_of(closed, ResultReturned).result_channel == ELECTRONIC
    assert closed.causation_id == cause.event_id


# -- officers, importers, and who may not ---------------------------------------------------------


def test_officers_see_the_applicant_until_the_key_is_gone(desk: Desk) -> None:
    """Officers read personal data, operators do not, and after erasure nobody does."""
    dossier = desk.submit()
    code = dossier.dossier_code
    assert show(desk, code).applicant.full_name == "Nguyễn Thị Hoa"
    assert not show(desk, code, who.OPERATOR).HasField("applicant")
    desk.keyring.destroy(code)
    assert show(desk, code).applicant.full_name == ERASED
    request = pb.TrackDossierRequest(dossier_code=code, pin=dossier.pin)
    assert desk.problem("TrackDossier", request, who.GUEST).code == NOT_FOUND


def test_an_importer_keeps_code_and_times(any_desk: Desk) -> None:
    """A dossier of another system keeps its code, its times and its promised date."""
    submitted, due = at("2010-10-11 13:42"), at("2010-12-06 13:41")
    request = intake_samples.foreign(occurred_at=to_timestamp(submitted))
    answer = any_desk.call("SubmitDossier", request, who.IMPORTER)
    assert (answer.dossier_code, answer.pin) == ("case-10011", "")
    assert to_us(answer.submitted_at) == submitted
    accept = pb.AcceptDossierRequest(
        request_id=rid(),
        dossier_code="case-10011",
        occurred_at=to_timestamp(submitted),
        due_at=to_timestamp(due),
    )
    receipt = any_desk.call("AcceptDossier", accept, who.IMPORTER)
    assert (to_us(receipt.due_at), receipt.calendar_version) == (due, "imported")
    shown = show(any_desk, "case-10011", who.OPERATOR).dossier
    assert (shown.unit, shown.imported_from) == ("General", "receipt.csv")
    assert shown.time_zone == "Europe/Amsterdam"
    assert any_desk.call("SubmitDossier", request, who.IMPORTER) == answer
    other = intake_samples.foreign()
    problem = any_desk.problem("SubmitDossier", other, who.IMPORTER)
    assert problem.code == grpc.StatusCode.ALREADY_EXISTS


def test_an_imported_dossier_names_no_unit_that_nobody_has(desk: Desk) -> None:
    """A code must be one of the office, present or former; another system's name is kept."""
    unknown = intake_samples.foreign(foreign_code="case-a", unit="H99.99")
    assert list(desk.problem("SubmitDossier", unknown, who.IMPORTER).fields) == ["unit"]
    for number, unit in enumerate(("h22.12", "000.00.12.H22", "Phòng Tư pháp", "Group 1")):
        known = intake_samples.foreign(foreign_code=f"case-b{number}", unit=unit)
        desk.call("SubmitDossier", known, who.IMPORTER)


def test_an_imported_code_of_ours_is_never_given_again(any_desk: Desk) -> None:
    """Numbers that another system gave in our form count for the agency's day."""
    any_desk.call(
        "SubmitDossier", intake_samples.foreign(foreign_code="H22.12-210809-0041"), who.IMPORTER
    )
    assert any_desk.submit().dossier_code == "H22.12-210809-0042"


def test_importers_may_not_touch_dossiers_of_ours(desk: Desk) -> None:
    """History is brought in only for dossiers of another system, and never from the future."""
    code = desk.submit().dossier_code
    accept = pb.AcceptDossierRequest(request_id=rid(), dossier_code=code)
    assert desk.problem("AcceptDossier", accept, who.IMPORTER).reason == "NOT_IMPORTED"
    tomorrow = to_timestamp(intake_samples.MONDAY + 86_400_000_000)
    early = intake_samples.foreign(occurred_at=tomorrow)
    assert list(desk.problem("SubmitDossier", early, who.IMPORTER).fields) == ["occurred_at"]
    accept.due_at.CopyFrom(tomorrow)
    assert list(desk.problem("AcceptDossier", accept, who.OFFICER).fields) == ["due_at"]


@pytest.mark.parametrize(
    ("method", "request_type", "caller", "code"),
    [
        ("SubmitDossier", pb.SubmitDossierRequest, who.GUEST, grpc.StatusCode.UNAUTHENTICATED),
        ("SubmitDossier", pb.SubmitDossierRequest, who.PARTNER, grpc.StatusCode.UNAUTHENTICATED),
        ("AcceptDossier", pb.AcceptDossierRequest, who.CITIZEN, grpc.StatusCode.PERMISSION_DENIED),
        ("RefuseDossier", pb.RefuseDossierRequest, who.CITIZEN, grpc.StatusCode.PERMISSION_DENIED),
        ("ReturnResult", pb.ReturnResultRequest, who.CITIZEN, grpc.StatusCode.PERMISSION_DENIED),
        ("GetDossier", pb.GetDossierRequest, who.CITIZEN, grpc.StatusCode.PERMISSION_DENIED),
        ("ListDossiers", pb.ListDossiersRequest, who.CITIZEN, grpc.StatusCode.PERMISSION_DENIED),
        ("AcceptDossier", pb.AcceptDossierRequest, who.OPERATOR, grpc.StatusCode.PERMISSION_DENIED),
    ],
)
def test_each_method_knows_its_callers(
    desk: Desk,
    method: str,
    request_type: type[Message],
    caller: who.Metadata,
    code: grpc.StatusCode,
) -> None:
    """Who is not meant is turned away before anything is looked at."""
    assert desk.problem(method, request_type(), caller).code == code


def test_a_dossier_is_shown_to_those_who_take_part(any_desk: Desk) -> None:
    """Its unit, the one above and the one that received it see it, alone and in lists; another
    unit does not, and is told so; operators see all.
    """
    of_planning = metadata("officer", "quy", unit="H22.02", roles=["receptionist"])
    received = any_desk.call(
        "SubmitDossier", intake_samples.submission(channel=AT_COUNTER), of_planning
    )
    online = any_desk.submit().dossier_code
    codes = {received.dossier_code, online}

    def listed(caller: who.Metadata, **more: Any) -> set[str]:
        request = pb.ListDossiersRequest(page_size=200, **more)
        answer = any_desk.call("ListDossiers", request, caller)
        return codes & {dossier.dossier_code for dossier in answer.dossiers}

    for caller in (who.OFFICER, who.OF_THE_PROVINCE, who.OPERATOR):
        assert listed(caller) == listed(caller, unit="H22.12") == codes
        for code in codes:
            assert show(any_desk, code, caller).dossier.dossier_code == code
    assert listed(of_planning) == listed(of_planning, unit="H22.12") == {received.dossier_code}
    assert show(any_desk, received.dossier_code, of_planning).applicant.full_name
    other = any_desk.problem("GetDossier", pb.GetDossierRequest(dossier_code=online), of_planning)
    assert (other.code, other.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_UNIT")
    nowhere = metadata("officer", "quy", roles=["receptionist"])
    assert listed(nowhere) == set()


@pytest.mark.parametrize(
    "request_",
    [
        pb.AcceptDossierRequest(),
        pb.RefuseDossierRequest(reason_code="other", reason="x"),
        pb.ReturnResultRequest(),
        pb.SubmitSupplementRequest(parts=[pb.SubmittedPart(code="don", copies=1)]),
        pb.RequestWithdrawalRequest(),
    ],
    ids=lambda it: type(it).__name__,
)
def test_a_dossier_is_acted_on_by_its_own_unit(desk: Desk, request_: Any) -> None:
    """An officer of another unit changes nothing, whatever the role; the unit above may."""
    code = desk.submit().dossier_code
    request_.request_id, request_.dossier_code = rid(), code
    method = type(request_).__name__.removesuffix("Request")
    for unit in ("H22.02", "H22.12.01", "H22.1", ""):
        stranger = metadata("officer", "an.nv", unit=unit, roles=["receptionist"], language="en")
        problem = desk.problem(method, request_, stranger)
        assert (problem.code, problem.reason) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "NOT_YOUR_UNIT",
        )
        assert problem.text == "this dossier is not of the caller's unit"
    assert desk.types(code) == ["DossierSubmitted"]

    without = desk.problem(method, request_, metadata("officer", "an.nv", unit="H22.12"))
    assert (without.code, without.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING")
    assert _passed(desk, method, request_)


def test_the_successor_of_a_dissolved_unit_goes_on(desk: Desk) -> None:
    """From the day after, and not before, its officers act on the old unit's dossiers."""
    successor = metadata("officer", "moi", unit="H22.70", roles=["receptionist"])
    code = desk.submit().dossier_code
    accept = pb.AcceptDossierRequest(request_id=rid(), dossier_code=code)
    desk.clock.at = at("2021-08-31 23:59")
    assert desk.problem("AcceptDossier", accept, successor).reason == "NOT_YOUR_UNIT"
    desk.clock.at = at("2021-09-01 00:00")
    desk.call("AcceptDossier", accept, successor)
    assert desk.types(code)[-1] == "DossierAccepted"
    desk.clock.at = intake_samples.MONDAY


def _passed(desk: Desk, method: str, request: Message) -> bool:
    """Return whether the province's officer was let in, whatever the decision was."""
    try:
        desk.call(method, request, who.OF_THE_PROVINCE)
    except grpc.RpcError as error:
        return explain(error).code == REFUSED
    return True


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("AcceptDossier", pb.AcceptDossierRequest(dossier_code="H22.12-990101-0001")),
        (
            "RefuseDossier",
            pb.RefuseDossierRequest(
                dossier_code="H22.12-990101-0001", reason_code="other", reason="x"
            ),
        ),
        ("ReturnResult", pb.ReturnResultRequest(dossier_code="H22.12-990101-0001")),
        ("RequestWithdrawal", pb.RequestWithdrawalRequest(dossier_code="H22.12-990101-0001")),
        ("GetDossier", pb.GetDossierRequest(dossier_code="H22.12-990101-0001")),
    ],
)
def test_unknown_dossiers_are_not_found(desk: Desk, method: str, request_: Any) -> None:
    """A code that was never given is NOT_FOUND, and nothing is written."""
    if hasattr(request_, "request_id"):
        request_.request_id = rid()
    assert desk.problem(method, request_).code == NOT_FOUND
    assert desk.events("H22.12-990101-0001") == []


# -- the catalogue --------------------------------------------------------------------------------


def test_lists_the_procedures_in_force(desk: Desk) -> None:
    """The catalogue of a day lists what holds on it, by unit if asked."""
    today = desk.call("ListProcedures", pb.ListProceduresRequest(), who.GUEST)
    assert [p.code[-1] for p in today.procedures] == ["1", "2", "3", "5", "6", "7"]
    june = desk.call("ListProcedures", pb.ListProceduresRequest(on="2021-06-01"), who.GUEST)
    assert "1.000004" in [p.code for p in june.procedures]
    unit = desk.call("ListProcedures", pb.ListProceduresRequest(unit="H22.60.05"), who.GUEST)
    assert [p.code for p in unit.procedures] == ["1.000002", "1.000005"]
    problem = desk.problem("ListProcedures", pb.ListProceduresRequest(on="2021-02-30"))
    assert list(problem.fields) == ["on"]


def test_shows_a_procedure(desk: Desk) -> None:
    """A procedure is shown with its parts and limits; an expired one in its last version."""
    found = desk.call("GetProcedure", pb.GetProcedureRequest(code="1.000001"), who.GUEST).procedure
    assert (found.time_limit, found.online_time_limit) == ("5wd", "3wd")
    assert [(p.code, p.required) for p in found.parts] == [("form", True), ("map", False)]
    old = desk.call("GetProcedure", pb.GetProcedureRequest(code="1.000004"), who.GUEST).procedure
    assert old.valid_to == "2021-06-30"
    for request in (
        pb.GetProcedureRequest(code="9.9"),
        pb.GetProcedureRequest(code="1.000001", version=9),
    ):
        assert desk.problem("GetProcedure", request).code == NOT_FOUND
