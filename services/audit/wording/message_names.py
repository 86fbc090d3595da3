"""The kinds of messages in a few words.

Those to citizens in the order of a dossier's life, those to officers after them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    "submitted": ("hồ sơ đã nộp", "the dossier came in"),
    "accepted": ("hồ sơ được tiếp nhận, hẹn trả", "it is accepted, with its due date"),
    "refused": ("hồ sơ không được tiếp nhận", "it is not accepted"),
    "supplement_requested": ("yêu cầu bổ sung giấy tờ", "a supplement is asked for"),
    "supplement_ending": ("sắp hết hạn bổ sung", "the time for the supplement ends soon"),
    "supplement_extended": (
        "thêm thời gian bổ sung theo lịch mới",
        "more time for the supplement by a new calendar",
    ),
    "supplement_expired": ("đã hết hạn bổ sung", "the time for the supplement is over"),
    "resumed": ("đã nhận bổ sung, tiếp tục tính hạn", "the supplement is there, the clock goes on"),
    "payment_requested": ("yêu cầu nộp phí, lệ phí", "a payment is asked for"),
    "payment_confirmed": ("đã nộp, tiếp tục tính hạn", "the payment is there, the clock goes on"),
    "suspended": ("dừng tính hạn vì lý do khác", "the clock stops, for another reason"),
    "continued": ("lý do đó đã hết, tiếp tục tính hạn", "that is over, the clock goes on"),
    "extended": ("xin lỗi, hẹn lại ngày trả", "an apology, with a new due date"),
    "rescheduled": ("hạn trả đổi theo lịch mới", "a new due date by a new calendar"),
    "late": ("đã quá hạn trả", "the due date has passed"),
    "resolved": ("hồ sơ đã xử lý xong", "the dossier is resolved"),
    "posted": ("bưu gửi có kết quả đã được gửi", "the item with the result is posted"),
    "delivered": ("bưu gửi đã được phát", "the item is delivered"),
    "undelivered": ("bưu gửi không phát được", "the item could not be delivered"),
    "returned": ("đã trả kết quả, không qua bưu chính", "the result is returned, not by post"),
    "withdrawn": ("hồ sơ đã rút", "the dossier is withdrawn"),
    "withdrawal_declined": ("không chấp nhận đề nghị rút", "the wish to withdraw is declined"),
    "closed": ("trả lại hồ sơ, không bổ sung", "it is closed, the supplement never came"),
    "escalated": ("báo lãnh đạo về thời hạn", "those above the officer hear of a due date"),
}
"""Vietnamese and English, by the kind's name in the events."""


def planned(kind: str, channel: str) -> tuple[str, str]:
    """Return that a message is going to be sent."""
    vi, en = MESSAGES.get(kind, (kind, kind))
    return f"Chuẩn bị báo tin ({channel}): {vi}", f"Message planned ({channel}): {en}"


def suppressed(kind: str, reason: str) -> tuple[str, str]:
    """Return that a message is not sent, and why not."""
    vi, en = MESSAGES.get(kind, (kind, kind))
    return f"Không báo tin ({reason}): {vi}", f"Message not sent ({reason}): {en}"
