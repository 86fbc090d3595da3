"""How long to wait before a program that has died is started again. Pure."""

from __future__ import annotations

SETTLED = 10.0
"""A program that ran this long, in seconds, is not in a crash loop."""
LOOP = 3
"""This many deaths in a row, each soon after the start, are a crash loop."""
LONGEST = 30.0


class Backoff:
    """Counts the deaths of one program; the first is answered at once, later ones more slowly."""

    def __init__(self) -> None:
        self.deaths = 0
        """Deaths in a row, none of them more than ``SETTLED`` seconds after the start."""

    @property
    def looping(self) -> bool:
        """Whether it keeps dying soon after its start."""
        return self.deaths >= LOOP

    def died(self, ran: float) -> float:
        """Note a death after ``ran`` seconds, and return the seconds until the next start.

        Two starts lie 1, 2, 4, … seconds apart, so who ran longer than that is back at once.
        """
        self.deaths = self.deaths + 1 if ran < SETTLED else 1
        if self.deaths == 1:
            return 0.0
        return max(0.0, min(2.0 ** (self.deaths - 2), LONGEST) - ran)

    def lives(self, ran: float) -> None:
        """Note that it has run for ``ran`` seconds by now."""
        if ran >= SETTLED:
            self.deaths = 0
