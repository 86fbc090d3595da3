"""Validates the parts of a page token, which anybody can make up."""

from __future__ import annotations

_LIMIT = 2**63


def number(value: int | str) -> int:
    """Return a whole number of a page token; raise ``ValueError`` beyond 64 bits."""
    found = int(value)
    if not -_LIMIT <= found < _LIMIT:
        raise ValueError("beyond 64 bits")
    return found


def name(text: str) -> str:
    """Return a text of a page token; raise ``ValueError`` for one with a NUL, which databases
    refuse.
    """
    if "\0" in text:
        raise ValueError("has a NUL")
    return text
