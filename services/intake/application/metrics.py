"""The metrics of access by PIN."""

from __future__ import annotations

from typing import Final

from kernel.telemetry.metrics import Counter

PIN_FAILURES: Final = Counter(
    "motcua.intake.pin_failures", "{try}", "Wrong PINs, by length: short ones can be guessed."
)
PIN_ALARMS: Final = Counter(
    "motcua.intake.pin_alarms", "{try}", "Wrong PINs that reached a limit, by limit: guessing."
)
METRICS: Final = (PIN_FAILURES, PIN_ALARMS)
