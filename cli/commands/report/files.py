"""A report as a file: CSV or XLSX for spreadsheets. No text in them can become a formula."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from cli.commands.report import forms
from cli.commands.report.forms import Form
from cli.commands.report.indicators import BESIDE, COUNTS, SHARES
from cli.formatting import csv_text

_BOLD: Final = Font(bold=True)


def columns(document: Mapping[str, Any]) -> list[str]:
    """Return the names of a report's columns."""
    return ["key", *(["cross"] if "cross" in document else []), *COUNTS, *BESIDE, *SHARES]


def rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a report's rows with their total."""
    crossed = {"cross": ""} if "cross" in document else {}
    return [*document["rows"], {"key": "total", **crossed} | document["total"]]


def report_csv(document: Mapping[str, Any]) -> str:
    """Return a report as CSV."""
    return csv_text(columns(document), rows(document))


def report_xlsx(document: Mapping[str, Any]) -> bytes:
    """Return a report as a workbook: figures are numbers, shares are percent."""
    book, sheet = _book(f"{document['from']} – {document['to']}")
    names = columns(document)
    sheet.append(names)
    for row in rows(document):
        _append(sheet, [row[name] for name in names])
    _finish(sheet, headings=1)
    return _bytes(book)


def form_xlsx(form: Form, document: Mapping[str, Any], names: Mapping[str, str]) -> bytes:
    """Return an official form as a workbook."""
    layout = forms.LAYOUTS[form]
    book, sheet = _book(form.value)
    sheet.append([layout.title])
    sheet.append([forms.period(document)])
    sheet.append([layout.first, *(group for group, _, _ in forms.COLUMNS)])
    sheet.append(["", *(heading for _, heading, _ in forms.COLUMNS)])
    for line in forms.lines(document, names):
        _append(sheet, line)
    _merge_headings(sheet)
    for place in (1, 2):
        sheet.merge_cells(
            start_row=place, end_row=place, start_column=1, end_column=len(forms.COLUMNS) + 1
        )
        sheet.cell(place, 1).alignment = Alignment(horizontal="center")
    _finish(sheet, headings=4)
    return _bytes(book)


def _merge_headings(sheet: Any) -> None:
    sheet.merge_cells(start_row=3, end_row=4, start_column=1, end_column=1)
    place = 2
    for _, members in groupby(forms.COLUMNS, key=lambda column: column[0]):
        width = len(list(members))
        sheet.merge_cells(start_row=3, end_row=3, start_column=place, end_column=place + width - 1)
        place += width


def _book(name: str) -> tuple[Workbook, Any]:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = name
    return book, sheet


def _append(sheet: Any, values: Sequence[Any]) -> None:
    sheet.append([None if isinstance(value, str) else value for value in values])
    for place, value in enumerate(values, 1):
        if isinstance(value, str) and value:
            cell = sheet.cell(sheet.max_row, place)
            cell.value = value
            cell.data_type = "s"  # the library reads "=..." as a formula
        elif isinstance(value, float):
            sheet.cell(sheet.max_row, place).number_format = "0.00"


def _finish(sheet: Any, *, headings: int) -> None:
    for number, row in enumerate(sheet.iter_rows(max_row=headings), 1):
        for cell in row:
            cell.font = _BOLD
            if number > headings - 2 and cell.column > 1:
                cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for cell in sheet[sheet.max_row]:
        cell.font = _BOLD
    sheet.freeze_panes = sheet.cell(headings + 1, 2)
    sheet.column_dimensions["A"].width = 40
    for place in range(2, sheet.max_column + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 14


def _bytes(book: Workbook) -> bytes:
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()
