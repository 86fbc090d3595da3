"""The rows of another system's log: flat texts with their number, of any kind of file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

MALFORMED = "#malformed"
"""The column that says why a row as a whole can't be used."""


class SourceError(Exception):
    """The file can't be read in its mapping's format; the text names the file and the place."""


class SourceRow(NamedTuple):
    """One row: its number in the file, its values by column, and cells beyond the last column.

    In a table the heading is row 1, as spreadsheets count; in XES the first event is.
    """

    number: int
    values: dict[str, str]
    beyond: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a file is to be read."""

    kind: Literal["csv", "xes", "xlsx"]
    delimiter: str = ""
    """Of a CSV file; empty for the comma, semicolon or tab of which its heading has most."""
    encoding: str = ""
    """Of a CSV file; empty for UTF-8, or UTF-16 with its mark."""
    sheet: str = ""
    """Of an XLSX file; empty for the first one."""
    serial_days: bool = False
    """Whether numbers of an XLSX file may be days, counted from 1900."""
    columns: frozenset[str] = frozenset()
    """Columns that are asked for, each of which may be there only once."""
