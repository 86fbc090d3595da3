"""Lines of text: blanks folded, and the signs that stand for a hyphen or for Đ."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HYPHENS: Final = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
)
"""Word processors write a dash where a hyphen was typed."""
_ETH: Final = re.compile(r"(?<![^\W\d_])[Ðð]")
"""Old keyboards and conversions write the Icelandic letter for Đ, which looks the same. No word of
Icelandic begins with it, and in Vietnamese Đ stands only there.
"""
_TONE: Final = re.compile(r"([\u0300\u0301\u0303\u0309\u0323])(\w+)")


def line(text: str) -> str:
    """Return a text in NFC as one line, each run of blanks, tabs and line ends as one blank."""
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return composed if composed.isascii() else _with_stroke(composed)


def folded(text: str) -> str:
    """Return a line of text as it is compared: capitals as small letters, and the tone of a
    syllable behind it, so that "hủy" and "huỷ", which are one word, are one text.
    """
    composed = line(text).casefold()
    if composed.isascii():
        return composed
    return _TONE.sub(r"\2\1", unicodedata.normalize("NFD", composed))


def _with_stroke(text: str) -> str:
    return _ETH.sub(lambda found: "Đ" if found[0] == "Ð" else "đ", text)


def hyphenated(text: str) -> str:
    """Return a line of text with plain hyphens."""
    return line(text).translate(_HYPHENS)


def compact(text: str) -> str:
    """Return the signs of a number or code: no blanks, plain hyphens, digits and letters of full
    width as ordinary ones.
    """
    if text.isascii():
        return "".join(text.split())
    return "".join(_with_stroke(unicodedata.normalize("NFKC", text.translate(_HYPHENS))).split())


def digits_only(text: str) -> bool:
    """Return whether a text is digits 0 to 9."""
    return text.isascii() and text.isdigit()
