"""Which events a citizen is told of, and with which values."""

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import ResultChannel
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.notify.v1.message_events_pb2 import MessageQueued
from motcua.postal.v1.job_events_pb2 import PostalJobCancelled
from motcua.routing.v1.case_events_pb2 import CaseResolved, WithdrawalDeclined
from motcua.routing.v1.types_pb2 import CaseResult

from services.notify.domain.citizen_messages import CITIZEN_MESSAGES, KINDS
from tests.support import letters
from tests.support.letters import DUE_TEXT, ITEM, LATER_TEXT

ONLINE = CaseResolved(
    result=CaseResult.CASE_RESULT_GRANTED, result_channel=ResultChannel.RESULT_CHANNEL_ONLINE
)
MESSAGES = [
    (letters.submitted(), "submitted", {"answer_due_at": DUE_TEXT}),
    (DossierSubmitted(), "submitted", {"answer_due_at": ""}),
    (letters.ACCEPTED, "accepted", {"due_at": DUE_TEXT}),
    (DossierAccepted(), "accepted", {"due_at": ""}),
    (letters.REFUSED, "refused", {"reason": "Thiếu chữ ký."}),
    (letters.LET_GO, "withdrawn", {}),
    (letters.CLOSED, "withdrawn", {}),
    (letters.KEPT, "withdrawal_declined", {"reason": "Đã ký kết quả."}),
    (
        letters.SUPPLEMENT,
        "supplement_requested",
        {
            "reason": "Thiếu giấy tờ.",
            "answer_due_at": DUE_TEXT,
        },
    ),
    (letters.RESUMED, "resumed", {"due_at": DUE_TEXT}),
    (
        letters.TO_PAY,
        "payment_requested",
        {
            "reason": "Phí thẩm định.",
            "expected_end_at": DUE_TEXT,
            "phi": "1.150.000",
            "le_phi": "20.000",
            "total": "1.170.000",
        },
    ),
    (
        letters.PAID,
        "payment_confirmed",
        {"due_at": DUE_TEXT, "receipt_number": "BL-7", "paid": "1.170.000"},
    ),
    (letters.STOPPED, "suspended", {"reason": "Chờ xác minh.", "expected_end_at": DUE_TEXT}),
    (letters.WENT_ON, "continued", {"due_at": DUE_TEXT}),
    (
        letters.EXTENDED,
        "extended",
        {
            "previous_due_at": DUE_TEXT,
            "due_at": DUE_TEXT,
            "reason": "Phải xác minh thêm.",
            "apology": "Chúng tôi thành thật xin lỗi.",
            "apology_number": "12/PXL",
            "signer_title": "Phó Giám đốc",
            "signer": letters.EXTENDED.signer,
        },
    ),
    (letters.PAPERS_NEAR, "supplement_ending", {"answer_due_at": DUE_TEXT}),
    (
        letters.PAPERS_LATER,
        "supplement_extended",
        {"previous_due_at": DUE_TEXT, "answer_due_at": LATER_TEXT, "reason": "12729/VPCP-KGVX"},
    ),
    (letters.PAPERS_GONE, "supplement_expired", {"answer_due_at": DUE_TEXT}),
    (letters.GIVEN_BACK, "closed", {"reason": "Không bổ sung đúng hạn."}),
    (letters.GOES_ON_AFTER_ALL, "reopened", {}),
    (letters.GRANTED, "resolved", {"granted": "yes", "explanation": "", "way": "post"}),
    (ONLINE, "resolved", {"granted": "yes", "explanation": "", "way": "online"}),
    (
        letters.REJECTED,
        "resolved",
        {"granted": "", "explanation": "Không đủ điều kiện.", "way": "counter"},
    ),
    (letters.LATE, "late", {"due_at": DUE_TEXT}),
    (
        letters.RESCHEDULED,
        "rescheduled",
        {"previous_due_at": DUE_TEXT, "due_at": LATER_TEXT, "reason": "12729/VPCP-KGVX"},
    ),
    (letters.POSTED, "posted", {"item_number": ITEM}),
    (letters.DELIVERED, "delivered", {"item_number": ITEM}),
    (letters.SENT_BACK, "undelivered", {"item_number": ITEM}),
    (PostalJobCancelled(job_id="j"), "post_cancelled", {}),
    (letters.HANDED_OVER, "returned", {"way": "counter"}),
    (letters.RETURNED_ONLINE, "returned", {"way": "online"}),
]


@pytest.mark.parametrize(("payload", "kind", "values"), MESSAGES)
def test_messages_to_citizens(payload: Message, kind: str, values: dict[str, str]) -> None:
    """An event that matters to the citizen becomes a kind of message with its values."""
    assert CITIZEN_MESSAGES[type(payload)](payload) == (kind, values)


@pytest.mark.parametrize(
    "payload",
    [
        letters.STEP_LATE,
        letters.STEP_RESCHEDULED,
        letters.STOP_NEAR,
        letters.QUESTION_NEAR,
        letters.QUESTION_LATE,
        letters.ON_ITS_WAY,
        letters.RETURNED_BY_POST,
        WithdrawalDeclined(reason_code="resolved"),
    ],
)
def test_not_told(payload: Message) -> None:
    """A late step or question, a further station of an item, and what was told already are not."""
    assert CITIZEN_MESSAGES[type(payload)](payload) is None


def test_every_kind_is_told() -> None:
    """The list of kinds is what events lead to, no more and no less; notify's own lead to none."""
    assert {kind for _, kind, _ in MESSAGES} == set(KINDS)
    assert MessageQueued not in CITIZEN_MESSAGES
