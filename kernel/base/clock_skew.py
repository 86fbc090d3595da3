"""How far a clock may be ahead of ours before what it says is refused at the door. Pure.

What has happened lies in the past. Instants of others (a partner's report, another system's
history) and this machine's own clock are held to the same limit; dates that are meant to lie ahead
(due dates, ends of a stop or of an absence) are not measured by it.
"""

from __future__ import annotations

from typing import Final

from kernel.base.errors import Violation
from kernel.base.instants import MINUTE

AHEAD: Final = 5 * MINUTE
"""Clocks that are kept by NTP differ by less than a second, and one that drifts for a month by a
minute or two. A clock that is set wrong (a time zone, an hour of summer time, another day) differs
by half an hour or more. Kerberos draws the line at the same place. The broker refuses records an
hour ahead: whatever passes here passes there.
"""


def lies_ahead(at: int, now: int) -> bool:
    """Return whether an instant that should be past lies further ahead than clocks may differ."""
    return at > now + AHEAD


def in_future(field: str) -> Violation:
    """Return the field of an instant that lies ahead."""
    return Violation(
        field,
        "instant.future",
        "không được ở trong tương lai (đồng hồ được lệch tối đa 5 phút)",
        "may not be in the future (clocks may differ by 5 minutes)",
    )
