"""Text that shows what it holds: no control characters, no marks that turn the direction, no heaps
of combining marks.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
"""Line feed and tab are text. Joiners (U+200C, U+200D) are left: some scripts need them."""
_HEAP: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5}")
"""Vietnamese needs two marks on a letter."""


def plain(text: str) -> str | None:
    """Give a text in NFC; None when it is not plain."""
    if text.isascii():
        return text if text.isprintable() or not _CONTROL.search(text) else None
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if (text.isprintable() or not _CONTROL.search(text)) and not _HEAP.search(text):
        return text
    return None


def plain_line(text: str) -> str | None:
    """Give a text of one line in NFC; None when it is not plain, or has a line feed or tab."""
    return None if "\n" in text or "\t" in text else plain(text)
