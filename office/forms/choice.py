"""Which form (mẫu) a paper is, by its kind and the day of receipt of the dossier.

Circular 01/2018/TT-VPCP numbers the forms of dossiers received up to 14/09/2025, Circular
03/2025/TT-VPCP those received from 15/09/2025 on; a dossier keeps the forms of its day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class FormKind(StrEnum):
    """The kinds of forms about one dossier; the value names the template."""

    RECEIPT = "receipt"
    """Giấy tiếp nhận hồ sơ và hẹn trả kết quả."""
    SUPPLEMENT = "supplement"
    """Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ."""
    REFUSAL = "refusal"
    """Phiếu từ chối tiếp nhận giải quyết hồ sơ."""
    APOLOGY = "apology"
    """Phiếu xin lỗi và hẹn lại ngày trả kết quả; from 2025 with the request for an extension."""
    STOP = "stop"
    """Thông báo dừng giải quyết hồ sơ; a form since 2025."""


@dataclass(frozen=True, slots=True)
class Circular:
    """A circular that numbers forms, from the day on which it is in force."""

    name: str
    valid_from: date
    numbers: Mapping[FormKind, str]


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of form as one circular has it."""

    kind: FormKind
    number: str
    circular: str


_CIRCULARS: Final = (
    Circular(
        "03/2025/TT-VPCP",
        date(2025, 9, 15),
        {
            FormKind.RECEIPT: "01",
            FormKind.SUPPLEMENT: "02",
            FormKind.REFUSAL: "03",
            FormKind.APOLOGY: "04",
            FormKind.STOP: "05",
        },
    ),
    Circular(
        "01/2018/TT-VPCP",
        date.min,
        {
            FormKind.RECEIPT: "01",
            FormKind.SUPPLEMENT: "02",
            FormKind.REFUSAL: "03",
            FormKind.APOLOGY: "04",
        },
    ),
)
"""The newest first. Dossiers from before 2018 that were brought in get the forms of 2018."""


def form_of(kind: FormKind, received_on: date) -> Form | None:
    """Return the form for a dossier received on a local day; None where that day has none."""
    circular = next(each for each in _CIRCULARS if each.valid_from <= received_on)
    number = circular.numbers.get(kind)
    return Form(kind, number, circular.name) if number else None
