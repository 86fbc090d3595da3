"""Forms through gRPC: what stands on them, who gets them, and that each print is recorded."""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import Any

import grpc
import pytest
from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import FormPrinted
from motcua.routing.v1.case_events_pb2 import CaseSuspended, SupplementRequested
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended
from motcua.routing.v1.types_pb2 import SuspensionKind
from pypdf import PdfReader

from kernel.base.instants import to_timestamp
from tests.support import desk as who
from tests.support.desk import PORTAL, Desk
from tests.support.events import name_of, payload_of
from tests.support.identity import metadata
from tests.support.intake_samples import MONDAY, applicant, at, foreign

_UNTIL = to_timestamp(at("2021-08-20 17:00"))
_DUE, _LATER = to_timestamp(at("2021-08-12 08:00")), to_timestamp(at("2021-08-16 10:00"))
LETTERS: dict[str, tuple[Any, list[str]]] = {
    "supplement": (
        SupplementRequested(
            round=2, reason="Sơ đồ mờ", parts=[Part(code="map", note="mờ")], answer_due_at=_UNTIL
        ),
        [
            "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ",
            "(lần 2)",
            "1 Sơ đồ (mờ)",
            "Lý do: Sơ đồ mờ",
            "Thời hạn bổ sung, hoàn thiện hồ sơ: 17 giờ 00 phút, ngày 20 tháng 8 năm 2021",
        ],
    ),
    "apology": (
        DeadlineExtended(
            previous_due_at=_DUE, due_at=_LATER, reason="Chờ ý kiến", apology_number="12/PXL",
            apology="Mong Ông/Bà thông cảm.", signer="an.nv", signer_title="Phó Giám đốc",
        ),
        [
            "PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ",
            "Số: 12/PXL",
            "Thời gian nhận hồ sơ: 08 giờ 00 phút, ngày 09 tháng 8 năm 2021",
            "Thời gian hẹn trả kết quả: 08 giờ 00 phút, ngày 12 tháng 8 năm 2021",
            "Lý do: Chờ ý kiến",
            "Mong Ông/Bà thông cảm.",
            "Thời gian trả kết quả được hẹn lại: 10 giờ 00 phút, ngày 16 tháng 8 năm 2021",
            "PHÓ GIÁM ĐỐC",
        ],
    ),
}  # fmt: skip
"""By the kind of a letter of 2018: what it tells, and what stands on it."""
_OTHER_UNIT = metadata("officer", "xa", unit="H22.60.05", roles=["receptionist"])


def _form(code: str, **values: str) -> pb.GetFormRequest:
    made = {"request_id": str(uuid.uuid4()), "dossier_code": code, "form": "receipt"} | values
    return pb.GetFormRequest(**made)


def _text(answer: pb.GetFormResponse) -> str:
    pages = PdfReader(BytesIO(answer.pdf)).pages
    return "\n".join(page.extract_text() for page in pages).replace("\u200b", "")


def test_a_receipt_tells_what_was_handed_in_and_promised(any_desk: Desk) -> None:
    """The applicant, the papers by their kind, both instants, and where to look it up."""
    parts = [pb.SubmittedPart(code="form"), pb.SubmittedPart(code="map", copies=2)]
    code = any_desk.accepted(parts=parts, procedure_code="1.000006").dossier_code
    answer = any_desk.call("GetForm", _form(code))
    assert (answer.form_number, answer.circular, answer.copy) == ("01", "01/2018/TT-VPCP", 0)
    text = _text(answer)
    for line in (
        "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        f"Mã hồ sơ: {code}",
        "Tiếp nhận hồ sơ của: Nguyễn Thị Hoa",
        "Địa chỉ: Số 5, đường Nguyễn Trãi, Hà Giang",
        "Nội dung yêu cầu giải quyết: Cấp giấy phép bán lẻ rượu",
        "1 Đơn đề nghị 1",
        "2 Sơ đồ 2",
        "03 ngày làm việc",
        "Thời gian nhận hồ sơ: 08 giờ 00 phút, ngày 09 tháng 8 năm 2021",
        "08 giờ 00 phút, ngày 12 tháng 8 năm 2021",
        "Phí: 600.000 đồng (sáu trăm nghìn đồng)",
        "Lệ phí: 28.000 đồng (hai mươi tám nghìn đồng)",
        "qua dịch vụ bưu chính công ích",
        f"{PORTAL}/tra-cuu?code={code}",
    ):
        assert line in text, line


def test_each_print_is_recorded_and_those_after_the_first_are_marked(any_desk: Desk) -> None:
    """The same request again gives the same page, and is no print of its own."""
    code = any_desk.accepted().dossier_code
    request = _form(code)
    first = any_desk.call("GetForm", request)
    assert any_desk.call("GetForm", request) == first
    again = any_desk.call("GetForm", _form(code))
    assert (first.copy, again.copy) == (0, 1)
    assert "Bản in lại" not in _text(first)
    assert "Bản in lại lần 1" in _text(again)
    prints = [event for event in any_desk.events(code) if name_of(event) == "FormPrinted"]
    assert [payload_of(event, FormPrinted).copy for event in prints] == [0, 1]
    assert {event.actor.id for event in prints} == {"an.nv"}
    assert b"Hoa" not in b"".join(event.SerializeToString() for event in prints)


@pytest.mark.parametrize(
    ("received", "circular"),
    [("2025-09-14 23:59", "01/2018/TT-VPCP"), ("2025-09-15 00:00", "03/2025/TT-VPCP")],
)
def test_the_circular_is_that_of_the_local_day_of_receipt(
    desk: Desk, received: str, circular: str
) -> None:
    """Midnight is the office's; a dossier keeps its form however late it is printed."""
    desk.clock.at = at(received)
    submitted = desk.call(
        "SubmitDossier",
        foreign(
            foreign_code=f"case-{uuid.uuid4()}",
            time_zone="Asia/Ho_Chi_Minh",
            unit="H22.12",
        ),
        who.IMPORTER,
    )
    code = submitted.dossier_code
    desk.accept(code, who.IMPORTER)
    desk.clock.at = at("2026-01-05 09:00")
    answer = desk.call("GetForm", _form(code), who.OF_THE_PROVINCE)
    desk.clock.at = MONDAY
    assert answer.circular == circular
    assert f"Thông tư số {circular}" in _text(answer)


def test_who_may_have_a_receipt(any_desk: Desk) -> None:
    """The citizen with the PIN, and officers who take part."""
    submitted = any_desk.accepted()
    code = submitted.dossier_code
    own = any_desk.call("GetForm", _form(code, pin=submitted.pin), who.CITIZEN)
    assert "Nguyễn Thị Hoa" in _text(own)
    wrong = "0" * 10 if submitted.pin != "0" * 10 else "1" * 10
    denied = any_desk.problem("GetForm", _form(code, pin=wrong), who.CITIZEN)
    assert denied.code == grpc.StatusCode.NOT_FOUND
    guest = any_desk.problem("GetForm", _form(code, pin=submitted.pin), who.GUEST)
    assert guest.code == grpc.StatusCode.UNAUTHENTICATED
    other = any_desk.problem("GetForm", _form(code), _OTHER_UNIT)
    assert other.code == grpc.StatusCode.PERMISSION_DENIED
    operator = any_desk.problem("GetForm", _form(code), who.OPERATOR)
    assert operator.code == grpc.StatusCode.PERMISSION_DENIED
    assert [name_of(event) for event in any_desk.events(code)].count("FormPrinted") == 1


def test_there_is_no_receipt_before_the_acceptance(any_desk: Desk) -> None:
    """And none of a dossier that nobody has."""
    code = any_desk.submit().dossier_code
    assert any_desk.problem("GetForm", _form(code)).reason == "NOT_ACCEPTED"
    unknown = any_desk.problem("GetForm", _form("H22.12-210809-9999"))
    assert unknown.code == grpc.StatusCode.NOT_FOUND
    wrong = any_desk.problem("GetForm", _form(code, form="letter"))
    assert "form" in wrong.fields


@pytest.mark.parametrize("kind", LETTERS)
def test_a_letter_tells_one_event_of_another_service(any_desk: Desk, kind: str) -> None:
    """With what the officer wrote, which lies sealed, and the officer's name."""
    payload, lines = LETTERS[kind]
    code = any_desk.accepted(procedure_code="1.000006").dossier_code
    assert any_desk.problem("GetForm", _form(code, form=kind)).reason == "NOTHING_TO_PRINT"
    event = any_desk.hear(code, "routing", payload, officer="an.nv")
    answer = any_desk.call("GetForm", _form(code, form=kind))
    assert (answer.about_source, answer.about_sequence) == ("routing", event.sequence)
    assert payload.reason.encode() not in event.SerializeToString()
    text = _text(answer)
    for line in (*lines, "Kính gửi: Nguyễn Thị Hoa", code, f"{PORTAL}/tra-cuu?code={code}"):
        assert line in text, line
    any_desk.keyring.destroy(code)
    erased = _text(any_desk.call("GetForm", _form(code, form=kind)))
    assert payload.reason not in erased
    assert "Lý do: đã xóa" in erased
    assert "Bản in lại lần 1" in erased


def test_a_refusal_says_why(any_desk: Desk) -> None:
    """At the desk, before the dossier was accepted."""
    code = any_desk.submit().dossier_code
    request = pb.RefuseDossierRequest(
        request_id=str(uuid.uuid4()), dossier_code=code, reason_code="other", reason="Sai nơi nộp"
    )
    any_desk.call("RefuseDossier", request)
    answer = any_desk.call("GetForm", _form(code, form="refusal"))
    assert (answer.form_number, answer.about_source) == ("03", "intake")
    text = _text(answer)
    for line in ("PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ", "Sai nơi nộp", "Nguyễn Thị Hoa"):
        assert line in text, line


def test_each_request_for_papers_has_a_letter_of_its_own(any_desk: Desk) -> None:
    """The latest one is printed, and its first print is no reprint."""
    code = any_desk.accepted().dossier_code
    copies = []
    for round_ in (1, 2):
        any_desk.hear(code, "routing", SupplementRequested(round=round_), officer="an.nv")
        for _ in range(2):
            answer = any_desk.call("GetForm", _form(code, form="supplement"))
            assert f"(lần {round_})" in _text(answer)
            copies.append(answer.copy)
    assert copies == [0, 1, 0, 1]


def test_a_stop_notice_is_a_form_of_2025(desk: Desk) -> None:
    """Not before; and a pause for papers or money is none."""
    stopped = CaseSuspended(
        kind=SuspensionKind.SUSPENSION_KIND_STOPPED, reason="Chờ giám định",
        counterpart="Công an tỉnh", expected_end_at=_UNTIL,
    )  # fmt: skip
    old = desk.accepted().dossier_code
    desk.hear(old, "routing", stopped, officer="an.nv")
    assert desk.problem("GetForm", _form(old, form="stop")).reason == "FORM_NOT_IN_FORCE"
    desk.clock.at = at("2025-09-15 08:00")
    values = {"foreign_code": f"case-{uuid.uuid4()}", "unit": "H22.12"}
    code = desk.call("SubmitDossier", foreign(**values), who.IMPORTER).dossier_code
    desk.accept(code, who.IMPORTER)
    paid = CaseSuspended(kind=SuspensionKind.SUSPENSION_KIND_FINANCIAL)
    desk.hear(code, "routing", paid, officer="an.nv")
    nothing = desk.problem("GetForm", _form(code, form="stop"), who.OF_THE_PROVINCE)
    assert nothing.reason == "NOTHING_TO_PRINT"
    desk.hear(code, "routing", stopped, officer="an.nv")
    answer = desk.call("GetForm", _form(code, form="stop"), who.OF_THE_PROVINCE)
    desk.clock.at = MONDAY
    assert (answer.form_number, answer.circular) == ("05", "03/2025/TT-VPCP")
    text = _text(answer)
    for line in ("THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ", "Lý do: Chờ giám định", "Công an tỉnh"):
        assert line in text, line


def test_a_receipt_of_an_erased_dossier_says_so(any_desk: Desk) -> None:
    """Every personal field, and no other one."""
    code = any_desk.accepted(applicant=applicant(full_name="Trần Văn Xóa")).dossier_code
    any_desk.keyring.destroy(code)
    text = _text(any_desk.call("GetForm", _form(code)))
    assert "Trần Văn Xóa" not in text
    assert "Tiếp nhận hồ sơ của: đã xóa" in text
    assert "Cấp giấy phép bán lẻ rượu" in text
