"""What is paid at the desk, and by which numbers dossiers are known, through gRPC."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from motcua.events.v1.common_pb2 import ResultKind
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted
from motcua.intake.v1.fee_events_pb2 import FeeRecorded
from motcua.intake.v1.types_pb2 import FeeTiming
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResolved
from motcua.routing.v1.types_pb2 import CaseResult

from kernel.base.instants import to_us
from kernel.rpc.client import explain
from tests.support import desk as who
from tests.support import intake_samples
from tests.support.desk import Desk
from tests.support.events import name_of, payload_of
from tests.support.intake_samples import AT_COUNTER, COUNTER, ELECTRONIC, at

REFUSED = grpc.StatusCode.FAILED_PRECONDITION
WRONG = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def receipt() -> str:
    """Return a receipt number that nobody has given."""
    return f"01AB-{uuid.uuid4().hex[:10]}"


def payment(code: str, **values: Any) -> pb.RecordFeeRequest:
    """Return a whole payment in cash, as changed."""
    made: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "dossier_code": code,
        "phi": 600_000,
        "le_phi": 28_000,
        "phi_receipt": receipt(),
        "le_phi_receipt": receipt(),
        "method": "cash",
    } | values
    return pb.RecordFeeRequest(**made)


def accept(code: str) -> pb.AcceptDossierRequest:
    """Ask to accept a dossier."""
    return pb.AcceptDossierRequest(request_id=str(uuid.uuid4()), dossier_code=code)


def resolved(desk: Desk, code: str, way: Any) -> None:
    """Let the departments finish."""
    desk.hear(code, "routing", CaseOpened(process="standard"))
    result = CaseResult.CASE_RESULT_GRANTED
    desk.hear(code, "routing", CaseResolved(result=result, result_channel=way))


def test_what_is_paid_before_is_paid_before(any_desk: Desk) -> None:
    """A prepaid online dossier waits for its fees; the payment gives the desk its time anew."""
    desk = any_desk
    submitted = desk.submit(procedure_code="1.000005", result_channel=AT_COUNTER)
    code = submitted.dossier_code
    assert (submitted.fees.phi_due, submitted.fees.le_phi_due) == (600_000, 28_000)
    assert submitted.fees.timing == FeeTiming.FEE_TIMING_BEFORE
    assert desk.problem("AcceptDossier", accept(code)).reason == "FEE_NOT_PAID"
    before = desk.call(
        "TrackDossier",
        pb.TrackDossierRequest(dossier_code=code, pin=submitted.pin),
        (("accept-language", "vi"),),
    )
    assert before.what_to_do == (
        "Nộp phí 600.000 đồng, lệ phí 28.000 đồng để hồ sơ được tiếp nhận."
    )

    desk.clock.at = at("2021-08-10 10:00")
    paid = desk.call("RecordFee", payment(code))
    assert paid.settled
    assert to_us(paid.answer_due_at) == at("2021-08-11 10:00")
    [recorded] = [
        payload_of(e, FeeRecorded) for e in desk.events(code) if name_of(e) == "FeeRecorded"
    ]
    assert to_us(recorded.answer_warn_at) == at("2021-08-10 16:00")
    desk.accept(code)
    [accepted] = [e for e in desk.events(code) if name_of(e) == "DossierAccepted"]
    assert payload_of(accepted, DossierAccepted).result_kind == ResultKind.RESULT_KIND_PAPER
    shown = desk.call("GetDossier", pb.GetDossierRequest(dossier_code=code))
    assert shown.dossier.fees.settled
    assert to_us(shown.dossier.answer_due_at) == at("2021-08-11 10:00")
    assert [record.phi for record in shown.fee_records] == [600_000]
    assert "Đã nộp phí 600.000 đồng, lệ phí 28.000 đồng." in [h.text for h in shown.history]
    desk.clock.at = intake_samples.MONDAY


def test_a_double_click_pays_once(any_desk: Desk) -> None:
    """The same payment many times at once, by the same request and by others, counts once."""
    desk = any_desk
    code = desk.submit(procedure_code="1.000005").dossier_code
    request = payment(code)
    others = [payment(code) for _ in range(4)]
    again = pb.RecordFeeRequest()
    again.CopyFrom(request)
    again.request_id = str(uuid.uuid4())

    def one(it: pb.RecordFeeRequest) -> str:
        try:
            desk.call("RecordFee", it)
        except grpc.RpcError as error:
            return explain(error).reason
        return "paid"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, [request, request, again, *others]))
    assert desk.types(code).count("FeeRecorded") == 1
    assert set(answers) <= {"paid", "ALREADY_PAID", "RECEIPT_USED"}
    assert "paid" in answers


def test_a_receipt_is_given_once(any_desk: Desk) -> None:
    """A unit's receipt pays one dossier, and stays used when its payment is cancelled."""
    desk = any_desk
    one, other = (desk.submit(procedure_code="1.000005").dossier_code for _ in range(2))
    number = receipt()
    paid = desk.call("RecordFee", payment(one, phi_receipt=number))
    assert desk.problem("RecordFee", payment(other, phi_receipt=number)).reason == "RECEIPT_USED"
    cancel = pb.CancelFeeRequest(
        request_id=str(uuid.uuid4()), dossier_code=one, sequence=paid.sequence, reason="Nhầm hồ sơ"
    )
    desk.call("CancelFee", cancel)
    assert desk.problem("AcceptDossier", accept(one)).reason == "FEE_NOT_PAID"
    assert desk.problem("RecordFee", payment(one, phi_receipt=number)).reason == "RECEIPT_USED"
    desk.call("RecordFee", payment(one))
    desk.accept(one)
    records = desk.call("GetDossier", pb.GetDossierRequest(dossier_code=one)).fee_records
    assert [record.cancelled_because for record in records] == ["Nhầm hồ sơ", ""]


def test_who_is_exempt_pays_nothing(desk: Desk) -> None:
    """A group of the procedure is exempt; another one is not, and money does not go with it."""
    code = desk.submit(procedure_code="1.000005").dossier_code
    nothing = {"phi": 0, "le_phi": 0, "phi_receipt": "", "le_phi_receipt": "", "method": ""}
    unknown = desk.problem("RecordFee", payment(code, **nothing, exempt_group="giau"))
    assert unknown.reason == "NOT_EXEMPT"
    both = desk.problem("RecordFee", payment(code, exempt_group="ngheo"))
    assert (both.code, set(both.fields)) == (WRONG, {"exempt_group"})
    assert desk.call("RecordFee", payment(code, **nothing, exempt_group="ngheo")).settled
    desk.accept(code)


def test_what_is_paid_after_holds_the_result(desk: Desk) -> None:
    """A result at the counter, and an electronic one, wait for what is paid after."""
    at_counter = desk.accepted(procedure_code="1.000006", result_channel=AT_COUNTER).dossier_code
    online = desk.accepted(procedure_code="1.000006", result_channel=ELECTRONIC).dossier_code
    resolved(desk, at_counter, AT_COUNTER)
    resolved(desk, online, ELECTRONIC)
    hand_over = pb.ReturnResultRequest(request_id=str(uuid.uuid4()), dossier_code=at_counter)

    assert desk.problem("ReturnResult", hand_over).reason == "FEE_NOT_PAID"
    assert "ResultReturned" not in desk.types(online)
    for code in (at_counter, online):
        desk.call("RecordFee", payment(code))
    desk.call("ReturnResult", hand_over)
    for code in (at_counter, online):
        assert desk.types(code)[-1] == "ResultReturned"


def test_only_officers_take_money(desk: Desk) -> None:
    """Citizens and importers can't say that something was paid."""
    code = desk.submit(procedure_code="1.000005").dossier_code
    for caller in (who.CITIZEN, who.IMPORTER):
        assert desk.problem("RecordFee", payment(code), caller).code in (
            grpc.StatusCode.PERMISSION_DENIED,
            grpc.StatusCode.UNAUTHENTICATED,
        )


def test_a_citizen_chooses_a_unit_that_takes_it(desk: Desk) -> None:
    """A unit that takes the procedure numbers and answers for the dossier; another is refused."""
    answer = desk.submit(procedure_code="1.000005", unit="H22.60.05")
    assert answer.dossier_code.startswith("H22.60.05-210809-")
    look = pb.GetDossierRequest(dossier_code=answer.dossier_code)
    assert desk.call("GetDossier", look, who.OF_THE_PROVINCE).dossier.unit == "H22.60.05"
    elsewhere = intake_samples.submission(unit="H22.60.05", procedure_code="1.000001")
    wrong = desk.problem("SubmitDossier", elsewhere, who.CITIZEN)
    assert set(wrong.fields) == {"unit"}


def number(code: str, system: str, external: str) -> pb.RecordExternalCodeRequest:
    """Ask to note another system's number."""
    return pb.RecordExternalCodeRequest(
        request_id=str(uuid.uuid4()), dossier_code=code, system=system, code=external
    )


def test_a_dossier_is_found_by_the_number_of_another_system(any_desk: Desk) -> None:
    """Officers and the citizen find it by the portal's number; two of one number are told apart."""
    desk = any_desk
    first, second = desk.submit(), desk.submit()
    external = f"09.H44.181214.{uuid.uuid4().int % 100_000:05d}"
    desk.call("RecordExternalCode", number(first.dossier_code, "cong-dvc", external))
    found = desk.call("GetDossier", pb.GetDossierRequest(dossier_code=external))
    assert found.dossier.dossier_code == first.dossier_code
    assert [(it.system, it.code) for it in found.external_codes] == [("cong-dvc", external)]
    tracked = desk.call(
        "TrackDossier",
        pb.TrackDossierRequest(dossier_code=external, pin=first.pin),
        (("accept-language", "vi"),),
    )
    assert tracked.dossier_code == first.dossier_code
    listed = desk.call("ListDossiers", pb.ListDossiersRequest(external_code=external))
    assert [it.dossier_code for it in listed.dossiers] == [first.dossier_code]

    taken = desk.problem("RecordExternalCode", number(second.dossier_code, "cong-dvc", external))
    assert taken.code == grpc.StatusCode.ALREADY_EXISTS
    desk.call("RecordExternalCode", number(second.dossier_code, "opencps", external))
    several = desk.problem("GetDossier", pb.GetDossierRequest(dossier_code=external))
    assert several.reason == "AMBIGUOUS_CODE"
    listed = desk.call("ListDossiers", pb.ListDossiersRequest(external_code=external))
    assert len(listed.dossiers) == 2


def test_another_number_gives_no_second_way_in(desk: Desk) -> None:
    """Wrong PINs by either number are counted together."""
    answer = desk.submit()
    external = f"X-{uuid.uuid4().hex[:12]}"
    desk.call("RecordExternalCode", number(answer.dossier_code, "cong-dvc", external))
    wrong = f"{(int(answer.pin) + 1) % 10**10:010d}"
    problems = []
    for place in range(7):
        name = external if place % 2 else answer.dossier_code
        request = pb.TrackDossierRequest(dossier_code=name, pin=wrong)
        problems.append(desk.problem("TrackDossier", request, ()).code)
    assert problems == [NOT_FOUND] * 5 + [grpc.StatusCode.RESOURCE_EXHAUSTED] * 2


def test_an_importer_may_leave_the_code_to_us(any_desk: Desk) -> None:
    """A number that can't be a code here is noted, and the dossier gets one of ours, once."""
    desk = any_desk
    external = f"12/{uuid.uuid4().hex[:8]} HS"
    values = {"foreign_code": None, "external_code": external, "unit": "H22.12"}
    first = desk.call("SubmitDossier", intake_samples.foreign(**values), who.IMPORTER)
    assert first.dossier_code.startswith("H22.12-")
    found = desk.call("GetDossier", pb.GetDossierRequest(dossier_code=external))
    assert found.dossier.dossier_code == first.dossier_code
    again = desk.problem("SubmitDossier", intake_samples.foreign(**values), who.IMPORTER)
    assert again.code == grpc.StatusCode.ALREADY_EXISTS
    wrong = desk.problem(
        "SubmitDossier", intake_samples.foreign(**values | {"unit": "General"}), who.IMPORTER
    )
    assert set(wrong.fields) == {"unit"}


def test_gaps_are_explained(any_desk: Desk) -> None:
    """Numbers missing between are those of the system that a dossier with a higher one is from."""
    desk = any_desk
    desk.clock.at = at("2021-08-27 08:00")
    mine = [desk.submit().dossier_code for _ in range(2)]
    foreign = intake_samples.foreign(foreign_code="H22.12-210827-0500", unit="H22.12")
    desk.call("SubmitDossier", foreign, who.IMPORTER)
    mine.append(desk.submit(who.OFFICER, channel=COUNTER).dossier_code)
    assert mine == [f"H22.12-210827-{number:04d}" for number in (1, 2, 501)]
    explained = desk.call("ExplainCodes", pb.ExplainCodesRequest(agency="H22.12", day="2021-08-27"))
    assert (explained.unit, explained.highest, explained.given, explained.brought_in) == (
        "H22.12",
        501,
        3,
        1,
    )
    [gap] = explained.gaps
    assert (gap.first, gap.last, gap.brought_in) == (3, 499, "H22.12-210827-0500")
    quiet = desk.call("ExplainCodes", pb.ExplainCodesRequest(agency="H22.12", day="2021-08-28"))
    assert (quiet.highest, len(quiet.gaps)) == (0, 0)
    assert desk.problem(
        "ExplainCodes", pb.ExplainCodesRequest(agency="H22.12", day="2021-13-01")
    ).code == (WRONG)
    desk.clock.at = intake_samples.MONDAY


def test_former_codes_of_units(desk: Desk) -> None:
    """Before the day of the new codes dossiers get the old ones; lists know both."""
    desk.clock.at = at("2020-09-14 10:00")
    procedure = "1.000001"
    wrong = desk.problem(
        "SubmitDossier", intake_samples.submission(procedure_code=procedure), who.CITIZEN
    )
    assert set(wrong.fields) == {"procedure_code"}  # not in force then
    imported = intake_samples.foreign(
        foreign_code=None, external_code=f"A-{uuid.uuid4().hex[:8]}", unit="H22.12"
    )
    code = desk.call("SubmitDossier", imported, who.IMPORTER).dossier_code
    assert code.startswith("000.00.12.H22-200914-")
    desk.clock.at = intake_samples.MONDAY
    for unit in ("H22.12", "000.00.12.H22"):
        listed = desk.call("ListDossiers", pb.ListDossiersRequest(unit=unit, page_size=200))
        assert code in [it.dossier_code for it in listed.dossiers]


@pytest.mark.parametrize("unit", ["H22.60.05", "000.00.12.H22"])
def test_procedures_of_a_unit(desk: Desk, unit: str) -> None:
    """A unit's procedures are those that it takes, by either of its codes, with all about them."""
    answer = desk.call("ListProcedures", pb.ListProceduresRequest(unit=unit, on="2021-08-09"))
    found = {it.code: it for it in answer.procedures}
    assert "1.000005" in found
    it = found["1.000005"]
    assert [group.code for group in it.exempt_groups] == ["ngheo"]
    assert (it.fee_timing, list(it.units)) == (FeeTiming.FEE_TIMING_BEFORE, ["commune"])
