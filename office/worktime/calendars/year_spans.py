"""The working time of whole years, as sorted spans of UTC with running totals."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from kernel.base.instants import DAY

MOST_IDLE = 366 * DAY
"""The longest time without any work, in microseconds, that an answer may cross."""

Span = tuple[int, int, int]
"""Start and end (not included) in microseconds UTC, and the local day, counted from 01/01/1970."""


@dataclass(frozen=True, slots=True)
class Spans:
    """The working time of some whole years.

    Instants are microseconds UTC, days are counted from 01/01/1970.
    """

    first_year: int
    last_year: int
    low: int
    """The instant at which the first of these years begins; ``high`` ends the last."""
    high: int
    starts: list[int]
    ends: list[int]
    totals: list[int]
    """The working time up to the end of each span."""
    days: list[int]
    """The local day of each span."""
    first_day: int
    first_from: list[int]
    """For each local day from ``first_day`` the first span not before it; -1: none known."""
    idle: list[int]
    """The spans before which nobody works for more than ``MOST_IDLE``; nearly always empty."""
    offset: int | None
    """The offset from UTC, if it is the same throughout."""

    def place(self, at: int) -> tuple[int, int]:
        """Return the last span begun by an instant (-1: none) and the working time until then."""
        i = bisect_right(self.starts, at) - 1
        if i < 0:
            return i, 0
        end = self.ends[i]
        return i, self.totals[i] - (end - at if at < end else 0)

    def rests_too_long(self, low: int, high: int) -> bool:
        """Return whether nobody works for longer than ``MOST_IDLE`` between two instants."""
        for i in self.idle:
            since = max(low, self.ends[i - 1] if i else self.low)
            if min(high, self.starts[i]) - since > MOST_IDLE:
                return True
        return False


def join_years(
    found: Sequence[Span],
    years: tuple[int, int],
    bounds: tuple[int, int],
    days: tuple[int, int],
    offset: int | None,
) -> Spans:
    """Return the spans of some years with their running totals, from the sorted spans.

    ``years`` are the first and the last, ``bounds`` the instants at which they begin and have
    ended, ``days`` the first local day and the one after the last.
    """
    starts, ends = [s for s, _, _ in found], [e for _, e, _ in found]
    rests = [start - end for start, end in zip(starts, [bounds[0], *ends], strict=False)]
    return Spans(
        first_year=years[0],
        last_year=years[1],
        low=bounds[0],
        high=bounds[1],
        starts=starts,
        ends=ends,
        totals=list(accumulate(end - start for start, end, _ in found)),
        days=[day for _, _, day in found],
        first_day=days[0],
        first_from=_first_from([day - days[0] for _, _, day in found], days[1] - days[0]),
        idle=[i for i, rest in enumerate(rests) if rest > MOST_IDLE],
        offset=offset,
    )


def _first_from(days: list[int], length: int) -> list[int]:
    first = [-1] * length
    for i in range(len(days) - 1, -1, -1):
        first[days[i]] = i
    known = -1
    for day in range(length - 1, -1, -1):
        known = first[day] = first[day] if first[day] >= 0 else known
    return first
