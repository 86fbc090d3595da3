"""Reads another system's log row by row: CSV, XLSX, and XES (IEEE 1849)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException

from cli.importing.readers.csv_rows import csv_rows
from cli.importing.readers.xes_events import xes_events
from cli.importing.readers.xlsx_rows import xlsx_rows
from cli.importing.rows import Layout, SourceError, SourceRow


def read_rows(path: Path, layout: Layout) -> Iterator[SourceRow]:
    """Read a file; raise ``SourceError``, also when it has no rows.

    Of an XES trace, the attributes become columns with ``case:`` before their names.
    """
    none = True
    try:
        if path.is_file() and path.stat().st_size == 0:
            raise SourceError(f"{path}: is empty")
        for row in _rows(path, layout):
            none = False
            yield row
    except DefusedXmlException:
        raise SourceError(f"{path}: has a document type definition, which is not read") from None
    except (ParseError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: can't be read as {layout.kind}: {error}") from None
    except OSError as error:
        reason = error.strerror or f"can't be read as {layout.kind}: {error}"
        raise SourceError(f"{path}: {reason}") from None
    if none:
        what = "no events" if layout.kind == "xes" else "no rows after the heading"
        raise SourceError(f"{path}: has {what}, so there is nothing to bring in")


def _rows(path: Path, layout: Layout) -> Iterator[SourceRow]:
    if layout.kind == "csv":
        return csv_rows(path, layout)
    return xlsx_rows(path, layout) if layout.kind == "xlsx" else xes_events(path)
