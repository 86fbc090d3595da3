"""Reads a sheet of an XLSX file row by row; what the file unpacks to is bounded."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from cli.importing.readers.table import Heading
from cli.importing.rows import Layout, SourceError, SourceRow

MOST_UNPACKED: Final = 512 * 2**20
_UNREADABLE: Final = (
    InvalidFileException,
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    NotImplementedError,
)
"""What openpyxl raises for a file that is no workbook."""


def xlsx_rows(path: Path, layout: Layout) -> Iterator[SourceRow]:
    """Yield the rows of a sheet, dates as ISO 8601; raise ``SourceError``."""
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > MOST_UNPACKED:
            raise SourceError(f"{path}: unpacks to more than {MOST_UNPACKED // 2**20} MiB")
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except _UNREADABLE as error:
        raise SourceError(f"{path}: can't be read as xlsx: {error}") from None
    try:
        if layout.sheet and layout.sheet not in book.sheetnames:
            raise SourceError(f"{path}: has no sheet {layout.sheet!r}")
        sheet = book[layout.sheet or book.sheetnames[0]]
        rows = sheet.iter_rows()
        heading = Heading([_text(cell) for cell in next(rows, ())], layout.columns)
        if twice := heading.repeated & layout.columns:
            raise SourceError(f"{path}: has the column {min(twice)!r} twice")
        for number, cells in enumerate(rows, 2):
            texts = [_text(cell) for cell in cells]
            # A sheet leaves out the empty cells at the end of a row.
            texts += [""] * (heading.width - len(texts))
            if (row := heading.row(number, texts)) is not None:
                yield row
    finally:
        book.close()


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
    return str(value)
