"""Forms of nobody, full and empty ones: templates are checked with them before they are used."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any, Final

from office.forms.barcodes import code128_svg, qr_svg
from office.forms.choice import FormKind, form_of
from office.forms.contents import CONTENTS, FeeLine, PartLine, PhaseLine

_CODE: Final = "H22.12-210809-0001"
_DAY: Final = date(2025, 9, 15)
"""When the forms of 2025 begin: the latest ones, of every kind."""
_TEXTS: Final = {
    "agency_above": "Ủy ban nhân dân tỉnh Hà Giang",
    "agency": "Sở Tư pháp",
    "agency_address": "Số 1 đường Nguyễn Trãi, tỉnh Hà Giang",
    "agency_phone": "02193866100",
    "place": "Hà Giang",
    "day": "ngày 09 tháng 8 năm 2021",
    "code": _CODE,
    "track_url": f"https://dichvucong.hagiang.gov.vn/tra-cuu?code={_CODE}",
    "owner": "Nguyễn Thị Ngọc Ánh",
    "identity_number": "002190000001",
    "address": "Số 12 đường Trần Phú, phường Minh Khai, tỉnh Hà Giang",
    "phone": "0912345678",
    "email": "anh.nguyen@example.vn",
    "procedure": "Cấp Phiếu lý lịch tư pháp cho công dân Việt Nam",
    "time_limit": "10 ngày làm việc",
    "received_at": "16 giờ 35 phút, ngày 09 tháng 8 năm 2021",
    "promised_at": "16 giờ 35 phút, ngày 23 tháng 8 năm 2021",
    "result_way": "Nhận tại Bộ phận Tiếp nhận và Trả kết quả",
    "officer": "Hoàng Văn Được",
    "reason": "Giấy tờ chưa đủ theo quy định",
    "answer_until": "17 giờ 00 phút, ngày 31 tháng 8 năm 2021",
    "apology_number": "12/PXL",
    "new_promised_at": "16 giờ 35 phút, ngày 30 tháng 8 năm 2021",
    "apology": "Mong Ông/Bà thông cảm vì sự chậm trễ này",
    "signer": "Vũ Thị Hạnh",
    "signer_title": "Phó Giám đốc",
    "stopped_at": "09 giờ 00 phút, ngày 12 tháng 8 năm 2021",
    "counterpart": "Công an tỉnh Hà Giang",
    "until": "17 giờ 00 phút, ngày 20 tháng 8 năm 2021",
}
_LISTS: Final[dict[str, tuple[Any, ...]]] = {
    "parts": (
        PartLine("Tờ khai yêu cầu cấp Phiếu lý lịch tư pháp", original=1, note="Thiếu chữ ký"),
        PartLine("Thẻ căn cước công dân", copy=1),
        PartLine("Văn bản ủy quyền", electronic=1),
    ),
    "phases": (
        PhaseLine("05 ngày làm việc", "16 giờ 35 phút, ngày 16 tháng 8 năm 2021"),
        PhaseLine("05 ngày làm việc", "16 giờ 35 phút, ngày 23 tháng 8 năm 2021"),
    ),
    "fees": (FeeLine("Phí", "200.000", "hai trăm nghìn đồng"),),
}


def sample(kind: FormKind) -> Any:
    """Return a form on which everything stands."""
    form = form_of(kind, _DAY)
    assert form is not None
    made = {
        **_TEXTS, **_LISTS,
        "form_number": form.number, "circular": form.circular, "copy": 1, "round": 2,
        "qr": qr_svg(_TEXTS["track_url"]), "barcode": code128_svg(_CODE),
    }  # fmt: skip
    return CONTENTS[kind](**_picked(kind, made))


def bare_sample(kind: FormKind) -> Any:
    """Return a form on which nothing stands that may be absent."""
    pictures = {"qr": qr_svg(_CODE), "barcode": code128_svg(_CODE), "code": _CODE}
    texts = dict.fromkeys((*_TEXTS, "form_number", "circular"), "")
    lists = dict.fromkeys(_LISTS, ())
    return CONTENTS[kind](**_picked(kind, {**texts, **lists, **pictures, "copy": 0, "round": 1}))


def _picked(kind: FormKind, values: dict[str, Any]) -> dict[str, Any]:
    return {field.name: values[field.name] for field in fields(CONTENTS[kind])}
