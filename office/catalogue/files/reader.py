"""Reader of files of procedures: CSV, XLSX or JSON, by their names. Files are not trusted.

The cost of a file is bounded before it is parsed: its size, what it unpacks to, its columns,
its rows and the length of a cell. Formulas are refused and never computed; nothing that a workbook
links to is opened.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook

from kernel.documents.json_positions import json_positions
from kernel.documents.toml_files import unreadable
from office.catalogue.files.columns import MOST_CHARACTERS
from office.catalogue.files.document import FORMAT, ProcedureDocument
from office.catalogue.files.file_errors import ProcedureFileError, whole_file_error
from office.catalogue.files.file_messages import (
    SEPARATORS,
    InvalidJsonConstant,
    csv_cause,
    json_cause,
)
from office.catalogue.files.json_format import read_json
from office.catalogue.files.table_format import MOST_COLUMNS, Row, read_table
from office.catalogue.messages import broken_rule

MOST_BYTES: Final = 32 * 2**20
MOST_UNPACKED: Final = 32 * 2**20
MOST_TAGS: Final = 2_400_000
"""Tags in a workbook; a cell and its text have up to eight."""
MOST_MEMBERS: Final = 1_000
_BROKEN_ZIP: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError),
    *(ValueError, NotImplementedError, RuntimeError),
)
SHEET: Final = "procedures"
_DELIMITERS: Final = ",;\t"
_GUARDED: Final = re.compile(r"'[=+\-@＝＋－＠'\t\r]")
"""An apostrophe, as the export puts it, before a text that a spreadsheet might compute."""


def read_file(path: Path) -> ProcedureDocument:
    """Return the document with its mistakes; raise ``ProcedureFileError`` if it can't be read."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".xlsx", ".json"):
        raise whole_file_error("file", broken_rule("file.kind"))
    raw = _bytes(path)
    if kind == ".xlsx":
        return read_table(_xlsx_rows(raw))
    text = _text(raw)
    return read_table(_csv_rows(text)) if kind == ".csv" else parse_json(text)


def parse_json(text: str) -> ProcedureDocument:
    """Return the document in a JSON text; raise ``ProcedureFileError`` for other texts."""
    try:
        content = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise whole_file_error("file", broken_rule("file.json", json_cause(error))) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise whole_file_error("format", broken_rule("file.shape", FORMAT))
    return read_json(content, cache(partial(json_positions, text)))


def _no_constant(name: str) -> Any:
    raise InvalidJsonConstant(name)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise whole_file_error("file", broken_rule("file.unreadable", unreadable(error))) from error
    if len(raw) > MOST_BYTES:
        raise whole_file_error("file", broken_rule("file.big", MOST_BYTES // 2**20))
    return raw


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise whole_file_error("file", broken_rule("file.encoding", error.start)) from error


# -- CSV ------------------------------------------------------------------------------------------


def _csv_rows(text: str) -> Iterator[Row]:
    """Yield the rows with the lines on which they begin, without Excel's ``sep=`` line."""
    first, _, rest = text.partition("\n")
    delimiter, skipped = _delimiter(first), 0
    if first.lower().startswith("sep="):
        delimiter, skipped, text = first.rstrip("\r\n")[4:5] or ",", 1, rest
    if delimiter not in _DELIMITERS:
        raise whole_file_error("file", broken_rule("file.csv", SEPARATORS))
    before = csv.field_size_limit(2**30)  # a long cell is reported with its place
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        begins = skipped + 1
        for cells in reader:
            yield begins, [_without_guard(cell) for cell in cells[: MOST_COLUMNS + 1]]
            begins = skipped + reader.line_num + 1
    except csv.Error as error:
        rule = broken_rule("file.csv", csv_cause(error))
        raise whole_file_error("file", rule, skipped + reader.line_num) from error
    finally:
        csv.field_size_limit(before)


def _delimiter(heading: str) -> str:
    head = heading[:MOST_CHARACTERS]
    return max(_DELIMITERS, key=head.count)


def _without_guard(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


# -- XLSX -----------------------------------------------------------------------------------------


def _xlsx_rows(raw: bytes) -> Iterator[Row]:
    _check_unpacked_size(raw)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_links=False)
        names = [sheet.title for sheet in book.worksheets]
        if not names:
            raise whole_file_error("file", broken_rule("file.empty"))
        sheet = book[SHEET if SHEET in names else names[0]]
        sheet.reset_dimensions()  # the size in a workbook may be wrong
        for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
            yield number, [_cell(cell) for cell in cells]
    except ProcedureFileError:
        raise
    except Exception as error:  # a broken workbook may raise anything in the library
        raise whole_file_error("file", broken_rule("file.xlsx")) from error


def _check_unpacked_size(raw: bytes) -> None:
    """Raise for a workbook that unpacks to too much, or has too many cells; members can't exceed
    their stated size. Counting is a hundred times faster than reading.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            members = packed.infolist()
            size = sum(member.file_size for member in members)
            fits = len(members) <= MOST_MEMBERS and size <= MOST_UNPACKED
            tags = sum(packed.read(member).count(b"<") for member in members) if fits else 0
    except _BROKEN_ZIP as error:
        raise whole_file_error("file", broken_rule("file.xlsx")) from error
    if not fits:
        raise whole_file_error("file", broken_rule("file.unpacked", MOST_UNPACKED // 2**20))
    if tags > MOST_TAGS:
        raise whole_file_error("file", broken_rule("file.cells", f"{MOST_TAGS // 8:,}"))


def _cell(cell: Any) -> Any:
    if cell.data_type == "f":
        return broken_rule("cell.formula")
    if cell.data_type == "e":
        return broken_rule("cell.error", cell.value)
    return cell.value
