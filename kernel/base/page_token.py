"""What a page token gave back may hold: anybody can make one up."""

from __future__ import annotations

_MOST = 2**63


def number(value: int | str) -> int:
    """Return a whole number of a page token; raise ``ValueError`` for one no database can hold."""
    found = int(value)
    if not -_MOST <= found < _MOST:
        raise ValueError("beyond 64 bits")
    return found


def name(text: str) -> str:
    """Return a name of a page token; raise ``ValueError`` for one no database can hold."""
    if "\0" in text:
        raise ValueError("has a NUL")
    return text
