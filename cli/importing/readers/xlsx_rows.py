"""Reads a sheet of an XLSX file row by row; what the file unpacks to is bounded."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import WINDOWS_EPOCH
from openpyxl.utils.exceptions import InvalidFileException

from cli.importing.readers.table import heading_of, is_blank
from cli.importing.rows import Layout, SourceError, SourceRow

MOST_UNPACKED: Final = 512 * 2**20
_EXACT_DIGITS: Final = 15
"""Of a number; a spreadsheet makes zeros of those behind, so that it is shown as no code can be."""
_FROM_1904: Final = (
    "counts its days from 1904, not from 1900: give the cells of days a date format, or turn off"
    " the 1904 date system, and save it again"
)
_UNREADABLE: Final = (
    InvalidFileException,
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    NotImplementedError,
)
"""What openpyxl raises for a file that is no workbook, or a damaged one."""


def xlsx_rows(path: Path, layout: Layout) -> Iterator[SourceRow]:
    """Yield the rows of a sheet, dates as ISO 8601; raise ``SourceError``."""
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > MOST_UNPACKED:
            raise SourceError(f"{path}: unpacks to more than {MOST_UNPACKED // 2**20} MiB")
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        with closing(book):
            yield from _rows(path, book, layout)
    except _UNREADABLE as error:
        raise SourceError(f"{path}: can't be read as xlsx: {error}") from None


def _rows(path: Path, book: Workbook, layout: Layout) -> Iterator[SourceRow]:
    if layout.sheet and layout.sheet not in book.sheetnames:
        raise SourceError(f"{path}: has no sheet {layout.sheet!r}")
    if layout.serial_days and book.epoch != WINDOWS_EPOCH:
        raise SourceError(f"{path}: {_FROM_1904}")
    sheet: Any = book[layout.sheet or book.sheetnames[0]]
    # What the file states of its own size is often wrong, or a cell far away makes it huge.
    sheet.reset_dimensions()
    heading = None
    for number, cells in enumerate(sheet.iter_rows(), 1):
        texts = [_text(cell) for cell in cells]
        if heading is not None:
            # A sheet leaves out the empty cells at the end of a row.
            texts += [""] * (heading.width - len(texts))
            if (row := heading.row(number, texts)) is not None:
                yield row
        elif not is_blank(texts):
            heading = heading_of(path, texts, layout)


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime) and "h" not in str(cell.number_format).lower():
        value = value.date() if value == datetime.combine(value, datetime.min.time()) else value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is int and abs(value) >= 10**_EXACT_DIGITS:
        return f"{value:.{_EXACT_DIGITS - 1}E}"
    return str(value)
