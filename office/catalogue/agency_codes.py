"""The two forms of agency codes, and the usual conversion between them.

Old (QCVN 102:2016): 13 characters from the lowest level up, ``000.03.12.H22``. New (Decision
20/2020/QĐ-TTg): up to 35 characters from the top down, ``H22.12.03``. The list of
units has the actual codes; the conversion returns the usual ones.
"""

from __future__ import annotations

import re
from typing import Final

_NEW: Final = re.compile(r"[0-9A-Z]+(?:\.[0-9A-Z]+)*", re.ASCII)
_OLD: Final = re.compile(r"([0-9A-Z]{3})\.([0-9A-Z]{2})\.([0-9A-Z]{2})\.([A-Z][0-9]{2})", re.ASCII)
_NEW_LENGTH: Final = 35
_WIDTHS: Final = (3, 2, 2, 3)
"""Of the groups of the old form, the highest level first."""


def is_old_agency(text: str) -> bool:
    """Return whether a code has the old form."""
    return _OLD.fullmatch(text) is not None


def is_agency(text: str) -> bool:
    """Return whether a code has the old or the new form."""
    return len(text) <= _NEW_LENGTH and _NEW.fullmatch(text) is not None


def to_new_form(old: str) -> str:
    """Return the usual new form of an old code; empty when it is none, or skips a level."""
    match = _OLD.fullmatch(old)
    if match is None:
        return ""
    groups = list(reversed(match.groups()))
    while len(groups) > 1 and not groups[-1].strip("0"):
        groups.pop()
    return "" if any(not group.strip("0") for group in groups) else ".".join(groups)


def to_old_form(new: str) -> str:
    """Return the usual old form of a new code; empty when it has none."""
    groups = new.split(".")
    widths = _WIDTHS[: len(groups)]
    if _NEW.fullmatch(new) is None or len(groups) > len(_WIDTHS):
        return ""
    if any(len(group) > width for group, width in zip(groups, widths, strict=True)):
        return ""
    filled = [group.rjust(width, "0") for group, width in zip(groups, widths, strict=True)]
    filled += ["0" * width for width in _WIDTHS[len(groups) :]]
    old = ".".join(reversed(filled))
    return old if is_old_agency(old) else ""
