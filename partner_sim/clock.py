"""The office's time, as a partner keeps it: real, or the accelerated time of a demonstration."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class OfficeClock:
    """Time that was ``start`` at the real time ``anchor`` and runs ``speed`` times as fast.

    Instants are in seconds since 1970.
    """

    start: float
    speed: float
    anchor: float

    def now(self) -> float:
        """Return the present instant."""
        return self.start + (time.time() - self.anchor) * self.speed

    def real_seconds(self, until: float) -> float:
        """Return how many real seconds pass until an instant; 0 when it has passed."""
        return max(0.0, (until - self.now()) / self.speed)


def parse_clock(text: str) -> OfficeClock:
    """Make a clock from ``real``, an empty text, or ``START@SPEED@ANCHOR`` as the office has it.

    Raise ``ValueError`` for anything else.
    """
    if text in ("", "real"):
        now = time.time()
        return OfficeClock(now, 1.0, now)
    start, speed, anchor = text.split("@")
    if float(speed) <= 0:
        raise ValueError(f"the speed must be above 0, got {speed}")
    moment = datetime.fromisoformat(start)
    if moment.tzinfo is None:
        raise ValueError(f"{start} names no time zone")
    return OfficeClock(moment.astimezone(UTC).timestamp(), float(speed), float(anchor))
