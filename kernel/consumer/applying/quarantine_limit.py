"""How many records may be quarantined before the consumer stops and says so.

A fault of ours, such as a release that can't read what everybody else writes, must not empty the
log into the quarantine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class QuarantineBounds:
    """The limits."""

    share: float = 0.1
    """Share of the last ``WINDOW`` records."""
    least: int = 20
    """Records quarantined before the share counts."""
    run: int = 20
    """Records one after the other."""


WINDOW = 1_000


class Tripped(Exception):
    """A batch would pass a limit with its record number ``index``."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


@dataclass
class QuarantineLimit:
    """Counts what was committed, and checks what is about to be."""

    bounds: QuarantineBounds

    def __post_init__(self) -> None:
        self._window: deque[bool] = deque(maxlen=WINDOW)
        self._bad = 0
        self._run = 0

    def check(self, outcomes: Sequence[bool]) -> None:
        """Raise ``Tripped`` when these outcomes (True: quarantined), in order, would pass a
        limit.
        """
        if not any(outcomes):
            return
        window, bad, run = self._window.copy(), self._bad, self._run
        for index, outcome in enumerate(outcomes):
            bad += _push(window, outcome)
            run = run + 1 if outcome else 0
            if run >= self.bounds.run:
                raise Tripped(index, f"{run} records one after the other would be quarantined")
            if bad >= self.bounds.least and bad > self.bounds.share * len(window):
                raise Tripped(
                    index, f"{bad} of the last {len(window)} records would be quarantined"
                )

    def count(self, outcomes: Sequence[bool]) -> None:
        """Remember outcomes that were committed."""
        if not any(outcomes) and not self._bad:
            self._window.extend(outcomes)
            self._run = 0
            return
        for outcome in outcomes:
            self._bad += _push(self._window, outcome)
            self._run = self._run + 1 if outcome else 0


def _push(window: deque[bool], outcome: bool) -> int:
    """Add an outcome and give the change in the number of records quarantined."""
    gone = window[0] if len(window) == window.maxlen else False
    window.append(outcome)
    return int(outcome) - int(gone)
