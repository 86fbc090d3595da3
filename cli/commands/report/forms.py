"""The official forms 06a (by unit) and 06b (by field), in Vietnamese, from a report's figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple

from cli.commands.report.indicators import By

_NAME: Final = "Tình hình, kết quả giải quyết thủ tục hành chính"


class Form(StrEnum):
    """An official form of a report."""

    by_unit = "06a"
    by_field = "06b"


class Layout(NamedTuple):
    """How a form is laid out."""

    by: By
    title: str
    first: str
    """The heading of the first column."""


LAYOUTS: Final[Mapping[Form, Layout]] = {
    Form.by_unit: Layout(By.unit, f"Biểu 06a. {_NAME} theo đơn vị", "Đơn vị"),
    Form.by_field: Layout(By.field, f"Biểu 06b. {_NAME} theo lĩnh vực", "Lĩnh vực"),
}

Figure = Callable[[Mapping[str, Any]], int | float | None]
COLUMNS: Final[tuple[tuple[str, str, Figure], ...]] = (
    ("Số hồ sơ nhận giải quyết", "Tổng số", lambda row: row["carried_over"] + row["received"]),
    ("Số hồ sơ nhận giải quyết", "Trực tuyến", lambda row: row["received_online"]),
    (
        "Số hồ sơ nhận giải quyết",
        "Trực tiếp, bưu chính",
        lambda row: row["received"] - row["received_online"],
    ),
    ("Số hồ sơ nhận giải quyết", "Từ kỳ trước", lambda row: row["carried_over"]),
    ("Đã giải quyết", "Tổng số", lambda row: row["resolved"]),
    ("Đã giải quyết", "Trước hạn", lambda row: row["early"]),
    ("Đã giải quyết", "Đúng hạn", lambda row: row["on_time"]),
    ("Đã giải quyết", "Quá hạn", lambda row: row["late"]),
    ("Đang giải quyết", "Tổng số", lambda row: row["pending"]),
    ("Đang giải quyết", "Trong hạn", lambda row: row["pending_in_time"]),
    ("Đang giải quyết", "Quá hạn", lambda row: row["pending_overdue"]),
    ("Không có kết quả", "Trả lại, rút", lambda row: row["returned"]),
    ("Tỷ lệ (%)", "Trước hạn và đúng hạn", lambda row: row["in_time_share"]),
    ("Tỷ lệ (%)", "Trực tuyến", lambda row: row["online_share"]),
)
"""The group of each column, its heading, and its figure."""


def period(document: Mapping[str, Any]) -> str:
    """Return a report's period in Vietnamese."""
    first, last = (date.fromisoformat(document[name]) for name in ("from", "to"))
    return f"Kỳ báo cáo: từ ngày {first:%d/%m/%Y} đến ngày {last:%d/%m/%Y}"


def lines(document: Mapping[str, Any], names: Mapping[str, str]) -> list[list[Any]]:
    """Return the lines of a form: a name and its figures; the total last.

    ``names`` are those of the keys; a key without one stands for itself.
    """
    total = document["total"] | {"key": "Tổng cộng"}
    return [
        [names.get(row["key"], _UNKNOWN.get(row["key"], row["key"]))]
        + [figure(row) for _, _, figure in COLUMNS]
        for row in [*document["rows"], total]
    ]


_UNKNOWN: Final = {"unknown": "Không rõ"}
