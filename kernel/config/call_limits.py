"""How much one caller may call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator


@dataclass(frozen=True)
class CallLimits:
    """The limits on one caller of a service; rates are in the notation of the library ``limits``,
    such as ``150/5second``: so many at once, and on average so many in that time.
    """

    person: str = "150/5second"
    """Calls of one person, known by a token."""
    address: str = "1000/5second"
    """Calls of one network address whose callers show no valid token: many may stand behind it."""
    program: str = "10000/5second"
    """Calls of one program, known by a credential; the application says which kinds of callers are
    programs.
    """
    calls_at_once: int = 64
    """Calls of one caller that are being answered."""
    streams_at_once: int = 16
    """Streams of one caller that are open."""


def _rate(text: str) -> str:
    from limits import parse  # when it is needed: it imports a hundred modules

    try:
        usable = parse(text).amount > 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must be a number of calls and a time, such as 150/5second")
    return text


CallRate = Annotated[str, AfterValidator(_rate)]
"""A rate as in ``CallLimits``."""
