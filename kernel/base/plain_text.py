"""Plain text: no control characters, no marks that change the direction, no stacks of combining
marks, and no signs that nobody can see.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
"""Line feed and tab are text."""
_LATIN: Final = "[\u0020-\u024f\u0300-\u036f\u1e00-\u1eff]"
_HIDDEN: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    f"|(?:^|{_LATIN})[\u200c\u200d]|[\u200c\u200d](?:{_LATIN}|$)"
)
"""Signs that make two texts differ which look alike: fillers, soft hyphens, spaces of no width and
tags. Joiners (U+200C, U+200D) are left between letters of scripts that need them, and in emoji.
"""
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
    if not _VISIBLE.search(text):
        return ""
    if not ascii_only and (_STACK.search(text) or _HIDDEN.search(text)):
        return None
    return text


def plain_line(text: str) -> str | None:
    """Return a text of one line as ``plain`` does; None for a line end or a tab."""
    return plain(text) if set(text).isdisjoint("\n\t\r") else None


def escaped(text: str) -> str:
    """Return a text with escapes for what is not printable: line ends, controls, marks that change
    the direction.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
