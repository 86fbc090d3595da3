"""Reads a CSV file row by row."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from cli.importing.readers.encodings import encoding_of, not_encoded
from cli.importing.readers.table import heading_of, is_blank
from cli.importing.rows import Layout, SourceError, SourceRow

_DELIMITERS: Final = ",;\t"
_SEPARATOR: Final = "sep="
"""A first line that names the delimiter to Excel; it is no row."""


def csv_rows(path: Path, layout: Layout) -> Iterator[SourceRow]:
    """Yield the rows of a CSV file; raise ``SourceError``."""
    # A cell may be as long as it is: a row that can't be used is no reason to stop.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    codec = encoding_of(path, layout.encoding)
    with path.open(encoding=codec, newline="") as file:
        try:
            yield from _rows(path, file, layout)
        except UnicodeDecodeError as error:
            raise not_encoded(path, layout.encoding, error) from None


def _rows(path: Path, file: IO[str], layout: Layout) -> Iterator[SourceRow]:
    first, above = file.readline(), 0
    if first.lower().startswith(_SEPARATOR) and len(first.rstrip("\r\n")) == len(_SEPARATOR) + 1:
        delimiter, above = first[len(_SEPARATOR)], 1
    else:
        while first and is_blank([first]):
            first = file.readline()
        delimiter = layout.delimiter or max(_DELIMITERS, key=first.count)
        file.seek(0)
    reader = csv.reader(file, strict=True, delimiter=delimiter)
    begins = 1 + above
    heading = None
    try:
        for number, cells in enumerate(reader, 1):
            if heading is not None:
                row = heading.row(number, cells)
                if row is not None:
                    yield row
            elif not is_blank(cells):
                heading = heading_of(path, cells, layout)
            begins = reader.line_num + above + 1
    except csv.Error as error:
        reason = str(error)
        if "unexpected end" in reason:
            reason = "a quotation mark in the row that begins here is not closed"
        raise SourceError(f"{path}, line {begins}: {reason}") from None
