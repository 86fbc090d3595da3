"""Names of callers that are personal data, which may not stand in events."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SCHEME: Final = re.compile(r"(tel|mailto):", re.IGNORECASE)
_DIGITS: Final = re.compile(r"(0084)?[0-9]{9,12}")
"""Identity numbers have 9 or 12 digits, telephone numbers 10 or 11, or 84 before them."""
_ADDRESS: Final = re.compile(r"[^@]+@[^@]+")


def personal(name: str) -> bool:
    """Return whether a name is an identity number, a telephone number or an e-mail address.

    However it is written: with +84, with blanks, dots, hyphens or brackets between the digits, with
    digits of another script or width.
    """
    text = unicodedata.normalize("NFKC", name)
    scheme = _SCHEME.match(text)
    if scheme:
        text = text[scheme.end() :]
    if _ADDRESS.fullmatch(text):
        return True
    digits = "".join(_digit(sign) for sign in text if not _between(sign))
    return bool(_DIGITS.fullmatch(digits))


def _digit(sign: str) -> str:
    return str(unicodedata.digit(sign, sign))


def _between(sign: str) -> bool:
    """Return whether a character may stand between digits: punctuation, a blank, a plus, or an
    invisible one.
    """
    return (
        sign == "+" or unicodedata.category(sign)[0] in "PZ" or unicodedata.category(sign) == "Cf"
    )
