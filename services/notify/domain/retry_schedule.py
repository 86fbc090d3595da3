"""The retry schedule of mails that were not accepted (back-off), in real time.

docs/notify.md has it as a table.
"""

from __future__ import annotations

MINUTE = 60.0
HOUR = 60 * MINUTE
RETRY_SCHEDULE: tuple[float, ...] = (
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    4 * HOUR,
    12 * HOUR,
    24 * HOUR,
)
"""Seconds to wait after the first attempt, the second, and so on; after the last one there is one
more attempt, and when that fails too the message has failed.
"""


def attempts(waits: tuple[float, ...]) -> int:
    """Return how many attempts a schedule allows."""
    return len(waits) + 1


def wait_after(waits: tuple[float, ...], attempt: int) -> float:
    """Return the seconds between an attempt, counted from 1, and the next one."""
    return waits[min(attempt, len(waits)) - 1]
