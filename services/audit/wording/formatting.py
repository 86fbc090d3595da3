"""Parts of the lines about events: instants, dates, sums of money."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from services.audit.state.local_days import zone_of

Text = tuple[str, str]
"""Vietnamese and English."""
NOTHING: Final[Text] = ("", "")


def moment(at: Timestamp, time_zone: str) -> Text:
    """Write an instant: as Vietnamese write it, and in English with the offset of the zone."""
    try:
        local = datetime.fromtimestamp(at.seconds, zone_of(time_zone))
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
        return "?", "?"
    iso = local.isoformat(" ", "minutes")
    return f"{local:%H:%M} ngày {local:%d/%m/%Y}", f"{iso[:16]} {iso[16:]}"


def dong(amount: int) -> str:
    """Write a sum in đồng, with dots as Vietnamese do."""
    return f"{amount:,}".replace(",", ".")
