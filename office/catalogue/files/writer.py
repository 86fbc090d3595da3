"""Writer of procedures as CSV, XLSX or JSON, which read back as the same ones.

No cell can become a formula where the file is opened: in CSV an apostrophe goes before what might,
in XLSX every cell is a text. The CSV is UTF-8 with its mark, as spreadsheets expect.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from kernel.base.spreadsheet_escape import escape_cell
from office.catalogue.files.columns import COLUMNS
from office.catalogue.files.json_format import json_document
from office.catalogue.files.reader import SHEET
from office.catalogue.files.table_format import table_rows
from office.catalogue.model import Field, Procedure

FORMATS: Final = ("csv", "xlsx", "json")
_TEXT_FORMAT: Final = "@"
_WIDTHS: Final = {"name_vi": 60, "name_en": 50}


def write(form: str, fields: Iterable[Field], versions: Iterable[Procedure]) -> bytes:
    """Return the bytes of entries in one of ``FORMATS``."""
    if form == "csv":
        return _csv(table_rows(fields, versions))
    if form == "xlsx":
        return _xlsx(table_rows(fields, versions))
    text = json.dumps(json_document(fields, versions), ensure_ascii=False, indent=1)
    return f"{text}\n".encode()


def _csv(table: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([escape_cell(cell) for cell in row] for row in table)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(table: Iterable[list[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.freeze_panes = "D2"
    for place, name in enumerate(COLUMNS):
        letter = _letter(place)
        sheet.column_dimensions[letter].width = _WIDTHS.get(name, 14)
        sheet.column_dimensions[letter].number_format = _TEXT_FORMAT
    bold = Font(bold=True)
    for number, row in enumerate(table):
        cells = [_cell(sheet, text) for text in row]
        if not number:
            for cell in cells:
                cell.font = bold
        sheet.append(cells)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def _cell(sheet: Any, text: str) -> Any:
    if not text:
        return None
    cell = WriteOnlyCell(sheet)
    cell.number_format = _TEXT_FORMAT
    cell.value = text
    cell.data_type = "s"  # the library reads "=..." as a formula
    return cell


def _letter(place: int) -> str:
    first, second = divmod(place, 26)
    return (chr(64 + first) if first else "") + chr(65 + second)
