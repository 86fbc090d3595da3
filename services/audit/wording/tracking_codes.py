"""The meanings of a postal item's tracking codes (EMSEVT, and RTS for a return).

The same as in the postal service. A code that is not known is shown as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
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
"""Vietnamese and English."""


def tracked(item: str, code: str) -> tuple[str, str]:
    """Return what was reported of an item, in one line."""
    if code not in MEANINGS:
        return f"Bưu gửi {item}: mã {code}", f"Item {item}: code {code}"
    vi, en = MEANINGS[code]
    return (
        f"Bưu gửi {item}: {vi[0].lower()}{vi[1:]} ({code})",
        f"Item {item}: {en[0].lower()}{en[1:]} ({code})",
    )
