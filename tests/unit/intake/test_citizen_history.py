"""A dossier's history in words."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Part, ResultChannel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted, ResultReturned
from motcua.intake.v1.event_parts_pb2 import PartName
from motcua.notify.v1.message_events_pb2 import MessageFailed
from motcua.postal.v1.job_events_pb2 import PostalJobTaken
from motcua.routing.v1.case_events_pb2 import (
    CaseResolved,
    CaseResumed,
    SupplementRequested,
    WithdrawalDeclined,
)
from motcua.routing.v1.types_pb2 import CaseResult

from kernel.base.instants import HOUR, to_timestamp
from services.intake.queries.citizen_history import lines
from tests.golden import samples as golden
from tests.support.events import make_event
from tests.support.intake_samples import MONDAY, OFFICER, at

ZONE = "Asia/Ho_Chi_Minh"


def event(payload: Message, occurred_at: int = MONDAY, sequence: int = 1) -> Event:
    return make_event(
        "H22.12-210809-0001",
        "intake",
        sequence,
        payload,
        actor=OFFICER,
        occurred_at=occurred_at,
        recorded_at=occurred_at,
        causation_id="",
        correlation_id="",
    )


DUE = to_timestamp(at("2021-08-12 08:00"))
ASKED = SupplementRequested(
    parts=[Part(code="map", note="mờ"), Part(code="form")], reason="Sơ đồ mờ", answer_due_at=DUE
)
REJECTED = CaseResolved(result=CaseResult.CASE_RESULT_REJECTED, explanation="Không đủ điều kiện")


@pytest.mark.parametrize(
    ("payload", "vi", "en"),
    [
        (DossierSubmitted(), "Hồ sơ đã được nộp.", "The dossier was handed in."),
        (
            DossierAccepted(due_at=DUE),
            "Hồ sơ đã được tiếp nhận. Hẹn trả kết quả lúc 08:00 ngày 12/08/2021.",
            "The dossier was accepted. The result is promised by 08:00 on 12 August 2021.",
        ),
        (DossierAccepted(), "Hồ sơ đã được tiếp nhận.", "The dossier was accepted."),
        (
            ASKED,
            "Đề nghị bổ sung giấy tờ, chậm nhất lúc 08:00 ngày 12/08/2021: map (mờ), form. "
            "Lý do: Sơ đồ mờ",
            "Papers are asked for by 08:00 on 12 August 2021: map (mờ), form. Reason: Sơ đồ mờ",
        ),
        (
            MessageFailed(reason_code="no_smtputf8"),
            "Không gửi được thư điện tử về hồ sơ này: máy chủ thư của cơ quan không nhận địa chỉ "
            "có chữ có dấu trước dấu @. Xin xem tình trạng hồ sơ tại đây hoặc hỏi tại quầy; với "
            "hồ sơ sau xin ghi địa chỉ khác.",
            "A mail about this dossier could not be sent: the agency's mail server takes no "
            "address with marked letters before the @. Look here, or ask at the counter; for the "
            "next dossier give another address.",
        ),
        (
            MessageFailed(reason_code="refused"),
            "Không gửi được thư điện tử về hồ sơ này. Xin xem tình trạng hồ sơ tại đây hoặc hỏi "
            "tại quầy.",
            "A mail about this dossier could not be delivered. Look here, or ask at the counter.",
        ),
        (
            CaseResumed(due_at=DUE),
            "Hồ sơ được tiếp tục giải quyết. Thời gian hẹn trả kết quả mới: 08:00 ngày 12/08/2021.",
            "Work on the dossier goes on. The result is now promised by 08:00 on 12 August 2021.",
        ),
        (
            REJECTED,
            "Đã có kết quả: không chấp thuận. Không đủ điều kiện",
            "The result is there: not granted. Không đủ điều kiện",
        ),
        (
            WithdrawalDeclined(reason_code="resolved"),
            "Đề nghị rút hồ sơ không được chấp nhận: hồ sơ đã có kết quả.",
            "The withdrawal was declined: the result is there already.",
        ),
        (
            WithdrawalDeclined(reason_code="closed"),
            "Đề nghị rút hồ sơ không được chấp nhận: hồ sơ đã được trả lại trước đó.",
            "The withdrawal was declined: the dossier was returned without a result before.",
        ),
        (
            WithdrawalDeclined(reason_code="declined", reason="Đã ký kết quả."),
            "Đề nghị rút hồ sơ không được chấp nhận: Đã ký kết quả.",
            "The withdrawal was declined: Đã ký kết quả.",
        ),
        (
            ResultReturned(result_channel=ResultChannel.RESULT_CHANNEL_POST),
            "Bưu điện đã giao kết quả đến địa chỉ đăng ký.",
            "The result was delivered by post.",
        ),
        (
            PostalJobTaken(item_number="RN123456785VN"),
            "Kết quả đã được giao cho bưu điện, mã bưu gửi RN123456785VN.",
            "The result was given to the post, item RN123456785VN.",
        ),
    ],
)
def test_says_what_happened(payload: Message, vi: str, en: str) -> None:
    """Each event is one sentence in the language asked for, with times of the dossier's zone."""
    assert [line.text for line in lines([event(payload)], ZONE, "vi")] == [vi]
    assert [line.text for line in lines([event(payload)], ZONE, "en")] == [en]


def test_papers_have_the_names_of_the_procedure() -> None:
    """Where the submission has them; its language has the name, or the Vietnamese one."""
    names = [
        PartName(code="map", name="Sơ đồ vị trí", name_en="Site plan"),
        PartName(code="form", name="Đơn đề nghị"),
    ]
    events = [event(DossierSubmitted(part_names=names)), event(ASKED, MONDAY + HOUR, 2)]
    assert "Sơ đồ vị trí (mờ), Đơn đề nghị." in lines(events, ZONE, "vi")[1].text
    assert "Site plan (mờ), Đơn đề nghị." in lines(events, ZONE, "en")[1].text


def test_tells_the_oldest_first() -> None:
    """The order is that of the world, not of arrival."""
    later = event(DossierAccepted(), MONDAY + HOUR, 2)
    shown = lines([later, event(DossierSubmitted())], ZONE, "vi")
    assert [line.type for line in shown] == ["DossierSubmitted", "DossierAccepted"]


@pytest.mark.parametrize("name", golden.types())
@pytest.mark.parametrize("make", [golden.full, golden.minimal], ids=["full", "minimal"])
def test_no_event_is_too_full_or_too_empty(name: str, make: Any) -> None:
    """Whatever an event holds or lacks, it gives at most one line, which is not empty."""
    for language in ("vi", "en"):
        shown = lines([make(name)], ZONE, language)
        assert len(shown) <= 1
        assert all(line.text and line.type == name for line in shown)
