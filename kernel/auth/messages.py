"""Failures of callers whose token is refused."""

from __future__ import annotations

from kernel.base.errors import Unauthenticated
from kernel.messages.texts import TEXTS


def missing() -> Unauthenticated:
    """Return the failure of a caller without a token where one is needed."""
    return refused("TOKEN_MISSING")


def refused(code: str, claim: str = "") -> Unauthenticated:
    """Return the failure of a reason; ``claim`` is the one that is missing or wrong."""
    return Unauthenticated(*TEXTS.both(code, claim=claim), code)
