"""Tables in CSV files: each row becomes a table of a document, by the names in the heading."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kernel.documents.mistakes import KeyPath, Position
from kernel.documents.reading import NOTED, DocumentReader
from kernel.documents.toml_files import unreadable
from kernel.messages.texts import TEXTS

_LONGEST_CELL: Final = 131_072
"""Characters; the csv module's own limit, which other readers of the process may raise."""


@dataclass(frozen=True, slots=True)
class CsvColumns:
    """The columns of a table."""

    names: Sequence[str]
    required: Sequence[str]
    convert: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    """Turns the texts of some columns into values."""


def open_csv(path: Path, key: str, columns: CsvColumns) -> DocumentReader:
    """Return a reader of the rows of a file as tables under a key, with the mistakes of the file
    itself; it is not ``complete`` when some rows could not be read.

    An empty cell is a key that is missing. A place is the line on which a row begins, and the
    number of a cell.
    """
    rows: list[dict[str, Any]] = []
    places: dict[KeyPath, Position] = {}
    reader = DocumentReader(path.name, {key: rows}, lambda: places)
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.reader(file, strict=True)
            heading: list[str] = []
            for cells in table:
                if any(len(cell) > _LONGEST_CELL for cell in cells):
                    raise csv.Error("field larger")
                if not heading:
                    heading = _read_heading(cells, columns, reader)
                elif len(cells) != len(heading) and any(cell.strip() for cell in cells):
                    text = TEXTS.text("csv.cells", found=len(cells), wanted=len(heading))
                    reader.note((line, 1), "", "cells", text)
                    reader.complete = False
                elif any(cell.strip() for cell in cells):
                    at = (key, len(rows))
                    places[at] = (line, 1)
                    places |= {(*at, name): (line, n) for n, name in enumerate(heading, start=1)}
                    absent = (name for name in columns.required if name not in heading)
                    rows.append(
                        dict.fromkeys(absent, NOTED) | dict(_values(heading, cells, columns))
                    )
                line = table.line_num + 1
            if not heading:
                _read_heading([], columns, reader)
    except OSError as error:
        reader.note((0, 0), "", "file", unreadable(error))
        reader.complete = False
    except UnicodeDecodeError as error:
        reader.note((0, 0), "", "file", unreadable(_in_file(path, error)))
        reader.complete = False
    except csv.Error as error:
        long = "field larger" in str(error)
        text = TEXTS.text("csv.long", limit=_LONGEST_CELL) if long else TEXTS.text("csv.quotes")
        reader.note((line, 1), "", "csv", text)
        reader.complete = False
    reader.index()
    return reader


def _in_file(path: Path, error: UnicodeDecodeError) -> UnicodeDecodeError:
    """Return an error of decoding by its place in the file, not in the part that was read last."""
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError as whole:
        return whole
    return error


def _read_heading(cells: list[str], columns: CsvColumns, reader: DocumentReader) -> list[str]:
    heading = [cell.strip() for cell in cells]
    for name in dict.fromkeys(heading):
        place = (1, heading.index(name) + 1)
        if name not in columns.names:
            text = TEXTS.text("csv.column", known=", ".join(columns.names))
            reader.note(place, name, "column", text)
        elif heading.count(name) > 1:
            reader.note(place, name, "column", TEXTS.text("csv.column_twice"))
    for name in columns.required:
        if name not in heading:
            reader.note((1, 1), name, "column", TEXTS.text("csv.column_missing"))
    return heading


def _values(heading: list[str], cells: list[str], columns: CsvColumns) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(heading, cells, strict=True):
        if cell.strip() and name in columns.names:
            yield name, columns.convert.get(name, str)(cell.strip())
