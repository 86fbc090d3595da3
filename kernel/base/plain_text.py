"""Plain text: no control characters, no marks that change the direction, no stacks of combining
marks.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
"""Line feed and tab are text. Joiners (U+200C, U+200D) are left: some scripts need them."""
_STACK: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5}")
"""Vietnamese needs two marks on a letter."""
_VISIBLE: Final = re.compile(
    r"[^\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Any sign but blanks (the empty braille cell is one) and those that Unicode lets no reader see
(Default_Ignorable_Code_Point).
"""


_BLANK: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
"""Blanks that look like a blank and are none to a comparison; no-break ones come from web pages."""


def plain(text: str) -> str | None:
    """Return a text in NFC with plain blanks and none around it, empty when none of it is visible;
    None when it is not plain.
    """
    ascii_only = text.isascii()
    if not ascii_only:
        text = _BLANK.sub(" ", text)
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
    text = text.strip(" \t\r\n")
    if not text.isprintable() and _CONTROL.search(text):
        return None
    if not ascii_only and _STACK.search(text):
        return None
    return text if _VISIBLE.search(text) else ""


def plain_line(text: str) -> str | None:
    """Return a text of one line as ``plain`` does; None for a line end or a tab."""
    return plain(text) if set(text).isdisjoint("\n\t\r") else None
