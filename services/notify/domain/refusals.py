"""Refusals of notify, in both languages."""

from __future__ import annotations

from kernel.base.errors import Refusal

NOT_FAILED = Refusal(
    "MESSAGE_NOT_FAILED",
    "Chỉ gửi lại được tin đã gửi thất bại hẳn.",
    "Only a message that has failed for good can be sent again.",
)
