"""A report in a workbook and as an official form, and late dossiers by who answers for them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from openpyxl import load_workbook
from typer.testing import CliRunner

from cli.commands.report.dossiers import Whose, late_groups
from cli.commands.report.files import form_xlsx, report_csv, report_xlsx
from cli.commands.report.forms import Form
from cli.commands.report.indicators import BESIDE, COUNTS, SHARES
from cli.main import app

FIGURES: dict[str, Any] = {
    "carried_over": 2,
    "received": 10,
    "resolved": 8,
    "early": 4,
    "on_time": 2,
    "late": 2,
    "returned": 1,
    "pending": 3,
    "pending_in_time": 2,
    "pending_overdue": 1,
    "checked_late": 0,
    "received_online": 3,
    "received_by_post": 1,
    "share": 100.0,
    "in_time_share": 75.0,
    "online_share": 30.0,
}
NOTHING: dict[str, Any] = dict.fromkeys((*COUNTS, *BESIDE), 0) | dict.fromkeys(SHARES)
DOCUMENT: dict[str, Any] = {
    "from": "2021-08-01",
    "to": "2021-08-31",
    "as_of": None,
    "by": "unit",
    "rows": [{"key": "H22.12"} | FIGURES, {"key": "=1+1"} | NOTHING, {"key": "unknown"} | NOTHING],
    "total": FIGURES,
}


def opened(content: bytes) -> Any:
    """Return the only sheet of a workbook."""
    (sheet,) = load_workbook(io.BytesIO(content)).worksheets
    return sheet


def test_a_workbook_has_numbers_and_no_formula() -> None:
    """Figures can be summed; a name that looks like a formula stays a text."""
    sheet = opened(report_xlsx(DOCUMENT))
    heading, *lines = sheet.iter_rows(values_only=True)
    assert heading == ("key", *COUNTS, *BESIDE, *SHARES)
    assert [dict(zip(heading, line, strict=True)) for line in lines] == [
        *DOCUMENT["rows"],
        {"key": "total"} | FIGURES,
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}


def test_a_form_has_the_official_columns_and_units_by_name() -> None:
    """Form 06a: received online and otherwise, and what was carried over, add up to the total."""
    sheet = opened(form_xlsx(Form.by_unit, DOCUMENT, {"H22.12": "Sở Xây dựng"}))
    title, period, groups, headings, *lines = sheet.iter_rows(values_only=True)
    assert title[0] == "Biểu 06a. Tình hình, kết quả giải quyết thủ tục hành chính theo đơn vị"
    assert period[0] == "Kỳ báo cáo: từ ngày 01/08/2021 đến ngày 31/08/2021"
    assert [name for name in groups if name] == [
        "Đơn vị",
        "Số hồ sơ nhận giải quyết",
        "Đã giải quyết",
        "Đang giải quyết",
        "Không có kết quả",
        "Tỷ lệ (%)",
    ]
    assert headings[1:5] == ("Tổng số", "Trực tuyến", "Trực tiếp, bưu chính", "Từ kỳ trước")
    expected = (12, 3, 7, 2, 8, 4, 2, 2, 3, 2, 1, 1, 75, 30)
    assert lines[0] == ("Sở Xây dựng", *expected)
    assert lines[1][0] == "=1+1"
    assert lines[2] == ("Không rõ", *[0] * 12, None, None)
    assert lines[3] == ("Tổng cộng", *expected)


def test_csv_opens_in_a_spreadsheet() -> None:
    """It begins with the mark of UTF-8, and no cell is computed."""
    mark, *lines = report_csv(DOCUMENT)[0], *report_csv(DOCUMENT)[1:].splitlines()
    assert mark == "\ufeff"
    assert lines[0] == ",".join(("key", *COUNTS, *BESIDE, *SHARES))
    assert lines[2].startswith("'=1+1,0,")
    assert lines[3].endswith(",,,")


def late(code: str, unit: str, officer: str, due: str, finished: str | None) -> dict[str, Any]:
    """Return a late dossier."""
    return {
        "dossier": code,
        "procedure": "p",
        "unit": unit,
        "received_day": "2021-08-01",
        "due_day": due,
        "finished_day": finished,
        "responsible_unit": unit,
        "responsible_officer": officer,
    }


def test_late_dossiers_stand_under_who_answers_for_them() -> None:
    """Whoever has most comes first; what is finished after the period was overdue at its end."""
    report = pb.GetReportRequest(from_date="2021-08-01", to_date="2021-08-31")
    found = [
        late("A", "H22.12", "an", "2021-08-10", "2021-08-12"),
        late("B", "H22.12", "binh", "2021-08-10", None),
        late("C", "H22.31", "", "2021-08-30", "2021-09-02"),
    ]
    by_unit = late_groups(found, Whose.unit, report)
    assert [(g["key"], g["late"], g["pending_overdue"]) for g in by_unit] == [
        ("H22.12", 1, 1),
        ("H22.31", 0, 1),
    ]
    days = {d["dossier"]: d["days_late"] for group in by_unit for d in group["dossiers"]}
    assert days == {"A": 2, "B": 21, "C": 1}
    assert [g["key"] for g in late_groups(found, Whose.officer, report)] == ["", "an", "binh"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ((), "--from"),
        (("--from", "2021-08-01"), "--to"),
        (("--from", "2021-08-01", "--to", "2021-08-02", "--by", "unit", "--form", "06a"), "--by"),
        (("--from", "2021-08-01", "--to", "2021-08-02", "--cross", "unit"), "--cross"),
        (("--from", "2021-08-01", "--to", "2021-08-02", "--format", "xlsx"), "--output"),
        (("--from", "2021-08-01", "--to", "2021-08-02", "--form", "06c"), "--form"),
    ],
)
def test_wrong_usage_names_the_option(options: tuple[str, ...], named: str, tmp_path: Path) -> None:
    """Before anything is asked."""
    done = CliRunner().invoke(app, ["report", *options])
    assert done.exit_code == 2
    assert named in done.output
