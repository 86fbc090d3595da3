"""Texts for people in two languages: refusals, and the meaning of tracking codes."""

from __future__ import annotations

from kernel.base.errors import AlreadyExists, NotFound, Refusal, Violation

LEASE_LOST = Refusal(
    "LEASE_LOST",
    "Công việc không còn thuộc về đối tác: thời hạn giữ đã hết hoặc đã được giao lại.",
    "The job is not yours any more: its lease ended, or it was given on.",
)
NO_SUCH_ATTEMPT = Refusal(
    "NO_SUCH_ATTEMPT",
    "Công việc chưa từng được nhận với số lần này.",
    "The job was never taken under this attempt number.",
)
JOB_CLOSED = Refusal("JOB_CLOSED", "Công việc đã kết thúc.", "The job has ended.")
JOB_UNDER_WAY = Refusal(
    "JOB_UNDER_WAY",
    "Bưu gửi đang trên đường; không thể từ chối hay giao lại.",
    "The item is under way; the job can't be refused or offered again.",
)
JOB_HELD = Refusal(
    "JOB_HELD",
    "Đối tác đang giữ công việc; xin đợi đến hết thời hạn giữ.",
    "A partner holds the job; wait until its lease ends.",
)
REPORT_ID_REUSED = Refusal(
    "REPORT_ID_REUSED",
    "Mã báo cáo này đã được dùng cho một nội dung khác.",
    "This report_id was used before for something else.",
)
ITEM_MISMATCH = Refusal(
    "ITEM_MISMATCH",
    "Số bưu gửi được quét không phải là của công việc này.",
    "The item number that was scanned is not this job's.",
)
SERIES_EXHAUSTED = Refusal(
    "SERIES_EXHAUSTED",
    "Dải số bưu gửi của đối tác đã hết.",
    "The partner's series of item numbers is used up.",
)
NO_PARTNER = Refusal(
    "NO_PARTNER",
    "Không có đối tác nào phục vụ đơn vị này.",
    "No partner serves this unit.",
)
RESULT_COLLECTED = Refusal(
    "RESULT_COLLECTED",
    "Công dân đã nhận kết quả tại quầy; không còn gì để chuyển.",
    "The citizen has collected the result at the counter; there is nothing left to carry.",
)
UNKNOWN_PARTNER = Violation(
    "partner_id", "postal.partner", "không có đối tác này", "there is no such partner"
)
ITEM_FORM = Violation(
    "item_number",
    "s10.form",
    "phải có dạng hai chữ cái, chín chữ số, hai chữ cái",
    "must be two letters, nine digits, two letters",
)
CURSOR_WRONG = Violation(
    "cursor",
    "postal.cursor",
    "không phải vị trí do dịch vụ này cấp cho đối tác",
    "is not a cursor that this service gave to this partner",
)
PAGE_TOKEN_WRONG = Violation(
    "page_token",
    "postal.page_token",
    "không phải do dịch vụ này cấp",
    "is not a token that this service gave",
)


def check_digit(expected: str) -> Violation:
    """Return that an item number's check digit is wrong, and which it must be."""
    return Violation(
        "item_number",
        "s10.check_digit",
        f"chữ số kiểm tra sai, phải là {expected}",
        f"has a wrong check digit, expected {expected}",
    )


def no_job() -> NotFound:
    """Return that there is no such job, in the same words whether it never was or is another's."""
    return NotFound("Không có công việc này.", "There is no such job.")


def item_used() -> AlreadyExists:
    """Return that an item number was used before."""
    return AlreadyExists("Số bưu gửi này đã được dùng.", "This item number was used before.")


MEANINGS = {
    "EMA": ("Đã nhận gửi", "Posted"),
    "EMB": ("Đến bưu cục ngoại dịch đi", "Arrived at the outward office of exchange"),
    "EMC": ("Rời bưu cục ngoại dịch đi", "Left the outward office of exchange"),
    "EMD": ("Đến bưu cục ngoại dịch đến", "Arrived at the inward office of exchange"),
    "EMF": ("Rời bưu cục ngoại dịch đến", "Left the inward office of exchange"),
    "EMG": ("Đến bưu cục phát", "Arrived at the delivery office"),
    "EDG": ("Đang đi phát", "Out for delivery"),
    "EMH": ("Phát không thành công", "Delivery tried in vain"),
    "EDH": ("Chờ nhận tại điểm giao", "Waiting at a collection point"),
    "EMI": ("Đã phát", "Delivered"),
    "EMJ": ("Đến bưu cục trung chuyển", "Arrived at a transit office"),
    "EMK": ("Rời bưu cục trung chuyển", "Left a transit office"),
    "RTS": ("Đã chuyển hoàn về cơ quan", "Back at the agency"),
}
"""The known codes: EMSEVT's, and RTS, our own, for a return."""


def meaning(code: str, language: str) -> str:
    """Describe a code; empty for one that is not known."""
    vi, en = MEANINGS.get(code, ("", ""))
    return en if language == "en" else vi
