"""Days of the calendar."""

from __future__ import annotations

from typing import Final

from kernel.rpc.validation.normalizers import Malformed
from office.normalization.lines import compact, digits_only
from office.normalization.texts import malformed

_DIGITS: Final = (4, 2, 2)


def day(text: str) -> str | Malformed:
    """Return a day written as YYYY-MM-DD; whether the calendar has it, is not asked."""
    written = compact(text)
    parts = written.split("-")
    fits = tuple(map(len, parts)) == _DIGITS and all(map(digits_only, parts))
    return written if fits else malformed("day")
