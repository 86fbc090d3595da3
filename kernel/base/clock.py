"""The clock of a service: real time, or for demonstrations time that starts at a chosen instant and
runs faster.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from kernel.base.instants import SECOND, from_datetime

MAX_SPEED = 1_000_000
"""At this speed a real second is more than eleven days."""


class Clock(Protocol):
    """The time by which a service works. Time-outs, leases and retries use real time instead."""

    def now(self) -> int:
        """Return the present instant in microseconds UTC."""
        ...


class RealClock:
    """This machine's time."""

    def now(self) -> int:
        """Return the present instant in microseconds UTC."""
        return time.time_ns() // 1000


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still; for tests and rebuilds."""

    instant: int

    def now(self) -> int:
        """Return the fixed instant in microseconds UTC."""
        return self.instant


@dataclass(frozen=True)
class ScaledClock:
    """Time that was ``start`` when real time was ``anchor``, and has run ``speed`` times as fast
    since.
    """

    start: int
    speed: float
    anchor: int

    def now(self) -> int:
        """Return the present instant in microseconds UTC."""
        return self.start + int((time.time_ns() // 1000 - self.anchor) * self.speed)


class WaitingClock:
    """Time that stands at ``start`` until a file exists that holds the real time (seconds of Unix
    time) at which it began to run.

    So a demonstration begins when everything is ready, however long that took.
    """

    def __init__(self, start: int, speed: float, path: Path) -> None:
        self._start = start
        self._speed = speed
        self._path = path
        self._running: ScaledClock | None = None

    def now(self) -> int:
        """Return the present instant in microseconds UTC."""
        if self._running is None:
            try:
                anchor = float(self._path.read_text())
            except FileNotFoundError:
                return self._start
            self._running = ScaledClock(self._start, self._speed, int(anchor * SECOND))
        return self._running.now()


def parse_clock(text: str) -> Clock:
    """Return the clock of a setting: empty or ``real``, or ``START@SPEED@ANCHOR``.

    START is ISO 8601 with an offset, SPEED a positive number, ANCHOR the real time in seconds since
    1970 at which START holds, or the path of a file that will hold it. All services of a stack get
    the same text. Raise ``ValueError`` that names what is wrong.
    """
    if text in ("", "real"):
        return RealClock()
    fields = text.split("@")
    if len(fields) != 3:
        raise ValueError(f"expected START@SPEED@ANCHOR, got {text!r}")
    speed = _number(fields[1], "SPEED")
    if not 0 < speed <= MAX_SPEED:
        raise ValueError(f"the speed must be above 0 and at most {MAX_SPEED}, got {fields[1]}")
    try:
        start = from_datetime(datetime.fromisoformat(fields[0]))
    except ValueError as error:
        raise ValueError(f"START: {error}") from error
    if "/" in fields[2]:
        return WaitingClock(start, speed, Path(fields[2]))
    return ScaledClock(start, speed, int(_number(fields[2], "ANCHOR") * SECOND))


def _number(text: str, name: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"{name} must be a number, got {text!r}")
    return found
