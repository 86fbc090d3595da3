"""Item numbers after the standard UPU S10, such as RR123456785VN.

That is a service indicator, a serial of 8 digits, its check digit, and the country.
"""

from __future__ import annotations

import re
from functools import lru_cache

from zint import Symbol, Symbology

SERVICE = "RR"
COUNTRY = "VN"
MAX_SERIAL = 99_999_999
_FORM = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")


def item_number(serial: int) -> str:
    """Return the number of a registered Vietnamese item.

    Raise ``ValueError`` for a serial of more than 8 digits.
    """
    if not 0 <= serial <= MAX_SERIAL:
        raise ValueError(f"serial {serial} has more than 8 digits")
    return _complete(f"{SERVICE}{serial:08d}{COUNTRY}")


def well_formed(number: str) -> bool:
    """Return whether a text has the shape of an item number; its check digit is another matter."""
    return _FORM.fullmatch(number) is not None


def expected_digit(number: str) -> str:
    """Return the check digit that a number of the right shape must have."""
    return _complete(number[:10] + number[11:])[10]


@lru_cache(maxsize=4096)
def _complete(text: str) -> str:
    symbol = Symbol()
    symbol.symbology = Symbology.UPU_S10
    symbol.encode(text)
    return symbol.text.replace(" ", "")
