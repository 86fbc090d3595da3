"""Lines of text: blanks folded, and the signs that stand for a hyphen."""

from __future__ import annotations

import unicodedata
from typing import Final

_HYPHENS: Final = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
)
"""Word processors write a dash where a hyphen was typed."""


def line(text: str) -> str:
    """Return a text in NFC as one line, each run of blanks, tabs and line ends as one blank."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def folded(text: str) -> str:
    """Return a line of text as it is compared: capitals as small letters."""
    return line(text).casefold()


def hyphenated(text: str) -> str:
    """Return a line of text with plain hyphens."""
    return line(text).translate(_HYPHENS)


def compact(text: str) -> str:
    """Return the signs of a number or code: no blanks, plain hyphens, digits and letters of full
    width as ordinary ones.
    """
    return "".join(unicodedata.normalize("NFKC", text.translate(_HYPHENS)).split())


def digits_only(text: str) -> bool:
    """Return whether a text is digits 0 to 9."""
    return text.isascii() and text.isdigit()
