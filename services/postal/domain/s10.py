"""The item numbers that the office gives: registered Vietnamese items after UPU S10."""

from __future__ import annotations

from typing import Final

from office.normalization.item_numbers import with_check_digit

SERVICE: Final = "RR"
COUNTRY: Final = "VN"
MAX_SERIAL: Final = 99_999_999


def item_number(serial: int) -> str:
    """Return the number of a registered Vietnamese item.

    Raise ``ValueError`` for a serial of more than 8 digits.
    """
    if not 0 <= serial <= MAX_SERIAL:
        raise ValueError(f"serial {serial} has more than 8 digits")
    return with_check_digit(f"{SERVICE}{serial:08d}{COUNTRY}")
