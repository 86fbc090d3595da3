"""How values look: instants in the office's time, JSON for scripts, CSV for spreadsheets."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from cli.options import OFFICE
from kernel.base.instants import isoformat, to_datetime, to_us, zone
from kernel.base.spreadsheet_escape import escape_cell

OFFSET = "+07:00"
"""What ``moment`` leaves out, where each line stands for itself."""
ZONE = f"times in {OFFSET}"
"""The same for a heading."""
ESTIMATED = "estimated"
"""What English texts call a day that is not decreed yet (dự kiến)."""


def moment(timestamp: Timestamp) -> str:
    """Show an instant to a person: day and minute, by the office's clock; empty for none."""
    if not timestamp.seconds:
        return ""
    return to_datetime(to_us(timestamp), OFFICE).strftime("%Y-%m-%d %H:%M")


def local(text: str) -> str:
    """Show a person an instant in ISO 8601, as ``moment`` does."""
    return datetime.fromisoformat(text).astimezone(zone(OFFICE)).strftime("%Y-%m-%d %H:%M")


def hours_and_minutes(minutes: int) -> str:
    """Show a length of time: 14:05 for 14 hours and 5 minutes."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def iso(timestamp: Timestamp) -> str | None:
    """Return an instant for scripts: ISO 8601 with the office's offset; None for none."""
    return isoformat(to_us(timestamp), OFFICE) if timestamp.seconds or timestamp.nanos else None


def word(enum: Any, value: int) -> str:
    """Return the name of an enumerated value without that of its enum: FINDING_KIND_GAP as gap."""
    name: str = enum.Name(value)
    return name.removeprefix(enum.Name(0).removesuffix("UNSPECIFIED")).lower()


def print_json(document: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(document, ensure_ascii=False, indent=1))


def print_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as CSV with a heading; no text in them can become a formula."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: escape_cell(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in rows
    )
