"""Words that lines about events are made of: instants, dates, sums of money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from services.audit.state.local_days import zone_of

Text = tuple[str, str]
"""Vietnamese and English."""
NOTHING: Final[Text] = ("", "")
Line = Callable[[Any, str], Text]
"""Makes the line from an event's payload and the time zone of its dossier."""


def moment(at: Timestamp, time_zone: str) -> Text:
    """Say an instant: as Vietnamese write it, and in English with the offset of the zone."""
    try:
        local = datetime.fromtimestamp(at.seconds, zone_of(time_zone))
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
        return "?", "?"
    iso = local.isoformat(" ", "minutes")
    return f"{local:%d/%m/%Y %H:%M}", f"{iso[:16]} {iso[16:]}"


def due(said: Any, time_zone: str) -> Text:
    """Say the date of a promise, or that there is none."""
    if not said.HasField("due_at"):
        return "không có hạn trả", "no due date"
    vi, en = moment(said.due_at, time_zone)
    return f"hẹn trả {vi}", f"due {en}"


def dong(amount: int) -> str:
    """Write a sum in đồng, with dots as Vietnamese do."""
    return f"{amount:,}".replace(",", ".")


def fixed(vi: str, en: str, *fields: str) -> Line:
    """Make a line from fields of the payload, put in where the text has ``{}``."""

    def line(said: Any, _time_zone: str) -> Text:
        values = [getattr(said, name) for name in fields]
        return vi.format(*values), en.format(*values)

    return line
