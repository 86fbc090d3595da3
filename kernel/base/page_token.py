"""Page tokens: behind what a page of a list begins, as an opaque text.

Anybody can make one up, so that what is read from one is checked.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from kernel.base.errors import Invalid, Violation

_LIMIT: Final = 2**63


def pack(*parts: int | str) -> str:
    """Return the token of some numbers and texts; only the last text may hold a vertical bar."""
    return base64.urlsafe_b64encode("|".join(map(str, parts)).encode()).decode()


def unpack(token: str, *kinds: type) -> list[Any]:
    """Return the parts of a token; raise ``ValueError`` for a text that is none with such parts.

    ``kinds`` are ``int``, within 64 bits, or ``str``, without a NUL, which databases refuse.
    """
    texts = base64.urlsafe_b64decode(token.encode()).decode().split("|", len(kinds) - 1)
    return [_part(text, kind) for text, kind in zip(texts, kinds, strict=True)]


def place(token: str, wrong: Violation, *kinds: type) -> tuple[Any, ...]:
    """Return the parts of a token as ``unpack`` does; raise ``Invalid`` with ``wrong``."""
    try:
        return tuple(unpack(token, *kinds))
    except ValueError:
        raise Invalid([wrong]) from None


def _part(text: str, kind: type) -> int | str:
    if kind is int:
        number = int(text)
        if not -_LIMIT <= number < _LIMIT:
            raise ValueError("beyond 64 bits")
        return number
    if "\0" in text:
        raise ValueError("has a NUL")
    return text
