"""Reads the claims of a verified token; each function raises ``Unauthenticated``, naming the claim,
when it is not of the agreed form (docs/identity.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from kernel.auth.messages import refused
from kernel.auth.subjects import personal
from kernel.base.plain_text import plain_line

Claims = Mapping[str, Any]
REQUIRED: Final = ("iss", "aud", "exp", "nbf", "sub", "kind")
_UNIT: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]{0,62}[A-Za-z0-9])?")
_ROLE: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_MAX_ROLES: Final = 32


def instant(claims: Claims, name: str) -> float:
    """Return a claim in seconds of Unix time."""
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise refused("TOKEN_CLAIM_WRONG", name)
    return float(value)


def subject(claims: Claims) -> str:
    """Return the caller's name, which may be no personal data."""
    text = claims["sub"]
    valid = isinstance(text, str) and 0 < len(text) <= 64 and text == text.strip()
    if not valid:
        raise refused("TOKEN_CLAIM_WRONG", "sub")
    if personal(text):
        raise refused("TOKEN_SUBJECT_PERSONAL")
    if plain_line(text) != text:
        raise refused("TOKEN_CLAIM_WRONG", "sub")
    return str(text)


def unit(claims: Claims) -> str:
    """Return the caller's organisational unit; empty when the token names none."""
    text = claims.get("unit", "")
    if not isinstance(text, str) or (text and not _UNIT.fullmatch(text)):
        raise refused("TOKEN_CLAIM_WRONG", "unit")
    return text


def roles(claims: Claims) -> frozenset[str]:
    """Return the roles that the token names, known or not."""
    named = claims.get("roles", [])
    if not isinstance(named, list) or len(named) > _MAX_ROLES:
        raise refused("TOKEN_CLAIM_WRONG", "roles")
    if not all(isinstance(role, str) and _ROLE.fullmatch(role) for role in named):
        raise refused("TOKEN_CLAIM_WRONG", "roles")
    return frozenset(named)
