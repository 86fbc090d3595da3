"""How far ahead of this machine's clock an instant may lie that should be past. Pure.

What has happened lies in the past. Instants from other systems and this machine's own clock are
held to the same limit; dates that are meant to lie ahead, such as due dates, are not.
"""

from __future__ import annotations

from typing import Final

from kernel.base.errors import Violation
from kernel.base.instants import MINUTE
from kernel.messages.texts import TEXTS

MAX_AHEAD: Final = 5 * MINUTE
"""Clocks that are kept by NTP differ by less than a second, and one that drifts for a month by a
minute or two. A clock that is set wrong (a time zone, an hour of summer time, another day) differs
by half an hour or more. Kerberos has the same limit. The broker refuses records an hour ahead:
whatever passes here passes there.
"""


def lies_ahead(at: int, now: int) -> bool:
    """Return whether an instant that should be past lies more than ``MAX_AHEAD`` after ``now``;
    both in microseconds UTC.
    """
    return at > now + MAX_AHEAD


def in_future(field: str) -> Violation:
    """Return the violation of a field whose instant lies ahead."""
    return Violation(field, "instant.future", TEXTS.text("instant.future"))
