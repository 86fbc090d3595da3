"""How values look: instants in the office's time, JSON for scripts, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from cli.options import OFFICE
from kernel.base.instants import from_datetime, to_datetime, to_us, zone
from kernel.base.spreadsheet_escape import escape_cell

OFFSET = "+07:00"
"""What ``moment`` leaves out, where each line stands for itself."""
ZONE = f"times in {OFFSET}"
"""The same for a heading."""
_FIRST = from_datetime(datetime(1, 1, 1, tzinfo=UTC))
_LAST = from_datetime(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
ESTIMATED = "estimated"
"""What English texts call a day that is not decreed yet (dự kiến)."""


def moment(timestamp: Timestamp) -> str:
    """Show an instant to a person: day and minute, by the office's clock; empty for none."""
    if not timestamp.seconds:
        return ""
    return f"{_office_time(timestamp):%Y-%m-%d %H:%M}"


def local(text: str) -> str:
    """Show a person an instant in ISO 8601, as ``moment`` does."""
    return datetime.fromisoformat(text).astimezone(zone(OFFICE)).strftime("%Y-%m-%d %H:%M")


def hours_and_minutes(minutes: int) -> str:
    """Show a length of time: 14:05 for 14 hours and 5 minutes."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def iso(timestamp: Timestamp) -> str | None:
    """Return an instant for scripts: ISO 8601 with the office's offset; None for none."""
    return _office_time(timestamp).isoformat() if timestamp.seconds or timestamp.nanos else None


def _office_time(timestamp: Timestamp) -> datetime:
    """Return an instant by the office's clock; by UTC's, and no further than the years 1 to 9999,
    where the office's has no time.
    """
    us = to_us(timestamp)
    try:
        return to_datetime(us, OFFICE)
    except OverflowError:
        return to_datetime(min(max(us, _FIRST), _LAST))


def word(enum: Any, value: int) -> str:
    """Return the name of an enumerated value without that of its enum: FINDING_KIND_GAP as gap."""
    name: str = enum.Name(value)
    return name.removeprefix(enum.Name(0).removesuffix("UNSPECIFIED")).lower()


def json_text(document: Any) -> str:
    """Return one JSON document as lines."""
    return f"{json.dumps(document, ensure_ascii=False, indent=1)}\n"


def print_json(document: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json_text(document))


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV with a heading; no text in them can become a formula.

    It begins with the byte order mark by which spreadsheets know that it is UTF-8.
    """
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: escape_cell(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in rows
    )
    return text.getvalue()
