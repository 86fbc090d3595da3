"""When to warn of a due date: ``4wh`` or ``1wd`` before it, or at ``75%`` of the limit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from kernel.base.instants import HOUR
from office.worktime import working_time
from office.worktime.durations import NO_DURATION, Duration, DurationError, DurationUnit
from office.worktime.working_time import Calendar

_PERCENT = re.compile(r"([1-9]\d?)%", re.ASCII)
_SHARE_OF_A_SHORT_LIMIT = Fraction(3, 4)


@dataclass(frozen=True, slots=True)
class WarningRule:
    """When to warn of a due date: ``lead`` before it, or when ``share`` (0 to 1) of its limit is
    used.

    With neither, there is no warning.
    """

    lead: Duration | None = None
    share: Fraction | None = None

    @classmethod
    def parse(cls, text: str) -> WarningRule:
        """Read ``4wh``, ``75%`` or ``none``; raise ``ValueError``."""
        if match := _PERCENT.fullmatch(text):
            return cls(share=Fraction(int(match[1]), 100))
        try:
            lead = Duration.parse(text)
        except DurationError as error:
            raise ValueError(f"{text!r} must look like 4wh, 1wd, 75% or none") from error
        return cls() if lead == NO_DURATION else cls(lead=lead)

    def __str__(self) -> str:
        """Print the form that ``parse`` reads back."""
        if self.share is not None:
            return f"{self.share * 100}%"
        return "none" if self.lead is None else str(self.lead)


def warn_at(calendar: Calendar, rule: WarningRule, start_at: int, due_at: int) -> int | None:
    """Return the instant of the warning for a limit from ``start_at`` to ``due_at``, in
    microseconds UTC; None for no warning.

    A lead that is not shorter than the limit would warn at its very beginning: then the warning
    comes when three quarters of the limit are used.
    """
    work = working_time.working_us(calendar, start_at, due_at)
    if work <= 0:
        return None
    if rule.lead is not None:
        at = working_time.latest_start(calendar, due_at, rule.lead)
        if at > start_at:
            return at
    elif rule.share is None:
        return None
    used = work * (rule.share or _SHARE_OF_A_SHORT_LIMIT)
    return working_time.due_at(calendar, start_at, Duration(used / HOUR, DurationUnit.WORKING_HOUR))
