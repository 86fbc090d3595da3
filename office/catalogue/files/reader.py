"""Reads a file of procedures: CSV, XLSX or JSON, by its name. Files come from anywhere.

What a file may cost is bounded before it is looked at: its size, what it unpacks to, its columns,
its rows and the length of a cell. Formulas are refused and never computed; nothing that a workbook
links to is opened.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook

from office.catalogue.files.columns import MOST_CHARACTERS
from office.catalogue.files.document import FORMAT, Document
from office.catalogue.files.file_errors import Fault, FileError, whole
from office.catalogue.files.file_messages import SEPARATORS, NoValue, no_csv, no_json, unreadable
from office.catalogue.files.json_format import read_json
from office.catalogue.files.table_format import MOST_COLUMNS, Row, read
from office.catalogue.messages import broken

MOST_BYTES: Final = 32 * 2**20
MOST_UNPACKED: Final = 96 * 2**20
MOST_MEMBERS: Final = 1_000
SHEET: Final = "procedures"
_DELIMITERS: Final = ",;\t"
_GUARDED: Final = re.compile(r"'[=+\-@＝＋－＠'\t\r]")
"""An apostrophe that stands before what a spreadsheet might compute; the export puts it there."""


def read_file(path: Path) -> Document:
    """Read a file, mistakes included; raise ``FileError`` for one in which nothing can be read."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".xlsx", ".json"):
        raise whole("file", broken("file.kind"))
    raw = _bytes(path)
    if kind == ".xlsx":
        return read(_xlsx_rows(raw))
    text = _text(raw)
    return read(_csv_rows(text)) if kind == ".csv" else parse_json(text)


def parse_json(text: str) -> Document:
    """Read the JSON form, mistakes included; raise ``FileError`` for what is none."""
    try:
        content = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise whole("file", broken("file.json", *no_json(error))) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise whole("format", broken("file.shape", FORMAT))
    return read_json(content)


def _no_constant(name: str) -> Any:
    raise NoValue(name)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise whole("file", broken("file.unreadable", *unreadable(error))) from error
    if len(raw) > MOST_BYTES:
        raise whole("file", broken("file.big", MOST_BYTES // 2**20))
    return raw


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise whole("file", broken("file.encoding", error.start)) from error


# -- CSV ------------------------------------------------------------------------------------------


def _csv_rows(text: str) -> Iterator[Row]:
    """Return the rows with the lines on which they begin; an Excel's ``sep=`` line is skipped."""
    first, _, rest = text.partition("\n")
    delimiter, skipped = _delimiter(first), 0
    if first.lower().startswith("sep="):
        delimiter, skipped, text = first.rstrip("\r\n")[4:5] or ",", 1, rest
    if delimiter not in _DELIMITERS:
        raise whole("file", broken("file.csv", *SEPARATORS))
    before = csv.field_size_limit(2**30)  # a long cell is told with its place, not as an error
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        begins = skipped + 1
        for cells in reader:
            yield begins, [_unguarded(cell) for cell in cells[: MOST_COLUMNS + 1]]
            begins = skipped + reader.line_num + 1
    except csv.Error as error:
        line = skipped + reader.line_num
        raise FileError([Fault(line, "file", "", broken("file.csv", *no_csv(error)))]) from error
    finally:
        csv.field_size_limit(before)


def _delimiter(heading: str) -> str:
    head = heading[:MOST_CHARACTERS]
    return max(_DELIMITERS, key=head.count)


def _unguarded(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


# -- XLSX -----------------------------------------------------------------------------------------


def _xlsx_rows(raw: bytes) -> Iterator[Row]:
    _weigh(raw)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_links=False)
        names = [sheet.title for sheet in book.worksheets]
        if not names:
            raise whole("file", broken("file.empty"))
        sheet = book[SHEET if SHEET in names else names[0]]
        sheet.reset_dimensions()  # what a workbook says of its size need not be so
        for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
            yield number, [_cell(cell) for cell in cells]
    except FileError:
        raise
    except Exception as error:  # whatever a broken workbook makes of the library
        raise whole("file", broken("file.xlsx")) from error


def _weigh(raw: bytes) -> None:
    """Refuse what would unpack to far more than it is; members can't unpack beyond their size."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise whole("file", broken("file.xlsx")) from error
    if len(members) > MOST_MEMBERS or sum(it.file_size for it in members) > MOST_UNPACKED:
        raise whole("file", broken("file.unpacked", MOST_UNPACKED // 2**20))


def _cell(cell: Any) -> Any:
    if cell.data_type == "f":
        return broken("cell.formula")
    if cell.data_type == "e":
        return broken("cell.error", cell.value)
    return cell.value
