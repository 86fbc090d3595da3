"""When a due date is warned of."""

from __future__ import annotations

from fractions import Fraction

from services.kernel import working_time
from services.kernel.durations import Duration, Unit
from services.kernel.instants import HOUR
from services.kernel.working_time import Calendar
from services.routing.process import WarningRule

_SHARE_OF_A_SHORT_LIMIT = Fraction(3, 4)


def warn_at(calendar: Calendar, rule: WarningRule, start_at: int, due_at: int) -> int | None:
    """Give the instant of the warning for a limit that runs from ``start_at``; None for none.

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
    return working_time.due_at(calendar, start_at, Duration(used / HOUR, Unit.WORKING_HOUR))
