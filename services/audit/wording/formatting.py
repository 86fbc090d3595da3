"""Parts of the lines about events: instants, dates, sums of money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from services.audit.state.local_days import zone_of

Text = tuple[str, str]
"""Vietnamese and English."""
NOTHING: Final[Text] = ("", "")
ToLine = Callable[[Any, str], Text]
"""Makes the line of an event from its payload and the time zone of its dossier."""


def moment(at: Timestamp, time_zone: str) -> Text:
    """Write an instant: as Vietnamese write it, and in English with the offset of the zone."""
    try:
        local = datetime.fromtimestamp(at.seconds, zone_of(time_zone))
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
        return "?", "?"
    iso = local.isoformat(" ", "minutes")
    return f"{local:%d/%m/%Y %H:%M}", f"{iso[:16]} {iso[16:]}"


def due(payload: Any, time_zone: str) -> Text:
    """Write the promised date, or that there is none."""
    if not payload.HasField("due_at"):
        return "không có hạn trả", "no due date"
    vi, en = moment(payload.due_at, time_zone)
    return f"hẹn trả {vi}", f"due {en}"


def dong(amount: int) -> str:
    """Write a sum in đồng, with dots as Vietnamese do."""
    return f"{amount:,}".replace(",", ".")


def fixed(vi: str, en: str, *fields: str) -> ToLine:
    """Return the function that makes a line from fields of the payload, where it has ``{}``."""

    def line(payload: Any, _time_zone: str) -> Text:
        values = [getattr(payload, name) for name in fields]
        return vi.format(*values), en.format(*values)

    return line
