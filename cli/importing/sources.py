"""Reads another system's log row by row: CSV, and XES (IEEE 1849).

Rows are flat texts with their number in the source.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

MALFORMED = "#malformed"
"""The column that says why a row as a whole can't be used."""
_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})


class SourceError(Exception):
    """The file can't be read in its mapping's format; the text names the file and the place."""


class SourceRow(NamedTuple):
    """One row: its number in the file, its values by column, and cells beyond the last column.

    In a CSV the heading is row 1, as spreadsheets count; in XES the first event is.
    """

    number: int
    values: dict[str, str]
    beyond: tuple[str, ...] = ()


def read_rows(path: Path, kind: str, delimiter: str = ",") -> Iterator[SourceRow]:
    """Read a file of kind ``csv`` or ``xes``; raise ``SourceError``, also when it has no rows.

    Of an XES trace, the attributes become columns with ``case:`` before their names.
    """
    none = True
    try:
        if path.is_file() and path.stat().st_size == 0:
            raise SourceError(f"{path}: is empty")
        for row in _csv(path, delimiter) if kind == "csv" else _xes(path):
            none = False
            yield row
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except DefusedXmlException:
        raise SourceError(f"{path}: has a document type definition, which is not read") from None
    except (csv.Error, UnicodeDecodeError, ParseError) as error:
        raise SourceError(f"{path}: can't be read as {kind}: {error}") from None
    if none:
        what = "no rows after the heading" if kind == "csv" else "no events"
        raise SourceError(f"{path}: has {what}, so there is nothing to bring in")


def _csv(path: Path, delimiter: str) -> Iterator[SourceRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True, delimiter=delimiter)
        heading = next(reader, [])
        if twice := {name for name in heading if heading.count(name) > 1}:
            raise SourceError(f"{path}: has the column {min(twice)!r} twice")
        try:
            for number, cells in enumerate(reader, 2):
                if not cells:
                    continue
                values = dict(zip(heading, cells, strict=False))
                if len(cells) != len(heading):
                    values[MALFORMED] = f"has {len(cells)} cells, the heading has {len(heading)}"
                yield SourceRow(number, values, tuple(cells[len(heading) :]))
        except csv.Error as error:
            raise SourceError(f"{path}, line {reader.line_num}: {error}") from None


def _xes(path: Path) -> Iterator[SourceRow]:
    number = 0
    for _event, element in iterparse(str(path), events=("end",), forbid_dtd=True):
        if _name(element) != "trace":
            continue
        case = {f"case:{k}": v for k, v in _attributes(element).items()}
        for child in element:
            if _name(child) == "event":
                number += 1
                yield SourceRow(number, case | _attributes(child))
        element.clear()


def _attributes(element: Element) -> dict[str, str]:
    return {
        child.attrib["key"]: child.attrib.get("value", "")
        for child in element
        if _name(child) in _VALUES and "key" in child.attrib
    }


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
