"""How often a wrong PIN may be tried: by one caller, for one code, and in all.

Each limit has tries that cost nothing, and then a wait that grows with each further one. Wrong
tries are forgotten one by one as time passes. PINs had four digits, which can be guessed, so that
everybody's tries together are limited; PINs of ten digits can't be, and hardly anybody but who
guesses is kept waiting for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from kernel.base.instants import DAY, HOUR, MINUTE
from office.normalization.codes import PIN_DIGITS


@dataclass(frozen=True, slots=True)
class PinLimit:
    """A limit on wrong tries; times are in microseconds."""

    name: str
    free: int
    """Wrong tries without a wait."""
    first: int
    """The wait after the last of them; each further one doubles it."""
    longest: int
    forgotten: int
    """After so long one wrong try is forgotten."""
    alarm: bool = True
    """Whether it is a matter of security when it is reached, and not a person who mistypes."""

    def left(self, failures: int, since: int, now: int) -> int:
        """Return how many wrong tries are not forgotten; ``since`` is the time of the last."""
        return max(0, failures - max(0, now - since) // self.forgotten)

    def wait(self, failures: int, since: int, now: int) -> int:
        """Return how long the next try has to wait."""
        left = self.left(failures, since, now)
        if left < self.free:
            return 0
        wait = min(self.first << min(left - self.free, 32), self.longest)
        return max(0, since + wait - now)


CALLER_AND_CODE: Final = PinLimit("caller_and_code", 5, MINUTE, HOUR, HOUR, alarm=False)
CALLER: Final = PinLimit("caller", 20, MINUTE, HOUR, 15 * MINUTE)
CODE: Final = PinLimit("code", 200, MINUTE, 15 * MINUTE, 5 * MINUTE)
ALL: Final = PinLimit("all", 1000, 0, 0, MINUTE)
"""Keeps nobody waiting, and is an alarm."""
SHORT_CODE: Final = PinLimit("short_code", 10, 15 * MINUTE, DAY, DAY)
SHORT_ALL: Final = PinLimit("short_all", 100, MINUTE, HOUR, 10 * MINUTE)
LIMITS: Final = (CALLER_AND_CODE, CALLER, CODE, ALL, SHORT_CODE, SHORT_ALL)


def is_short(pin: str) -> bool:
    """Return whether a PIN can be guessed: those of dossiers from before they had ten digits."""
    return len(pin) < PIN_DIGITS


def limits_on(caller: str, code: str, pin: str) -> Mapping[str, PinLimit]:
    """Return the limits that hold for a try, by the keys of their rows, sorted.

    What was typed as a code, and an address, may name a person: only hashes are kept.
    """
    found = {
        _digest(CALLER_AND_CODE, caller, code): CALLER_AND_CODE,
        _digest(CALLER, caller): CALLER,
    }
    if is_short(pin):
        found |= {_digest(SHORT_CODE, code): SHORT_CODE, _digest(SHORT_ALL): SHORT_ALL}
    else:
        found |= {_digest(CODE, code): CODE, _digest(ALL): ALL}
    return dict(sorted(found.items()))


def _digest(limit: PinLimit, *parts: str) -> str:
    return sha256("\0".join((limit.name, *parts)).encode()).hexdigest()
