"""Forms through gRPC: what stands on them, who gets them, and that each print is recorded."""

from __future__ import annotations

import uuid
from io import BytesIO

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import FormPrinted
from pypdf import PdfReader

from tests.support import desk as who
from tests.support.desk import PORTAL, Desk
from tests.support.events import name_of, payload_of
from tests.support.identity import metadata
from tests.support.intake_samples import MONDAY, applicant, at, foreign

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
        f"{PORTAL}/?code={code}",
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


def test_a_receipt_of_an_erased_dossier_says_so(any_desk: Desk) -> None:
    """Every personal field, and no other one."""
    code = any_desk.accepted(applicant=applicant(full_name="Trần Văn Xóa")).dossier_code
    any_desk.keyring.destroy(code)
    text = _text(any_desk.call("GetForm", _form(code)))
    assert "Trần Văn Xóa" not in text
    assert "Tiếp nhận hồ sơ của: đã xóa" in text
    assert "Cấp giấy phép bán lẻ rượu" in text
