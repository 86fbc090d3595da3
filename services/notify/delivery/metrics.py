"""The metrics of the delivery of messages."""

from __future__ import annotations

from typing import Final

from kernel.telemetry.metrics import Counter

ATTEMPTS: Final = Counter(
    "motcua.notify.attempts", "{attempt}", "Attempts to send a message, by channel and outcome."
)
METRICS: Final = (ATTEMPTS,)
