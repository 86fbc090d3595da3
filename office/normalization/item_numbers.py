"""Numbers of postal items after the standard UPU S10, such as RR123456785VN.

That is a service indicator, a serial of 8 digits, its check digit, and the country.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from zint import Symbol, Symbology

from kernel.rpc.validation.normalizers import Malformed
from office.normalization.lines import compact, digits_only
from office.normalization.texts import malformed

_PRINTED: Final = str.maketrans("", "", "-.")
"""Labels and lists set them between the parts."""


def item_number(text: str) -> str | Malformed:
    """Return an item number without blanks and separators, in capital letters.

    A wrong check digit is refused with the right one.
    """
    number = compact(text).upper().translate(_PRINTED)
    service, serial, country = number[:2], number[2:11], number[11:]
    if not (len(number) == 13 and digits_only(serial) and _letters(service) and _letters(country)):
        return malformed("s10.form")
    if country not in _countries():
        return malformed("s10.country")
    if number[10] != (expected := with_check_digit(number[:10] + country)[10]):
        return malformed("s10.check_digit", expected=expected)
    return number


@lru_cache(maxsize=4096)
def with_check_digit(text: str) -> str:
    """Return the item number of a service indicator, a serial of 8 digits and a country."""
    symbol = Symbol()
    symbol.symbology = Symbology.UPU_S10
    symbol.encode(text)
    return symbol.text.replace(" ", "")


def _letters(text: str) -> bool:
    return text.isascii() and text.isalpha()


@cache
def _countries() -> frozenset[str]:
    """Return the codes of ISO 3166-1, which UPU uses; the time zone database has the list."""
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8")
    rows = (row.split("\t") for row in table.splitlines() if not row.startswith("#"))
    return frozenset(code for code, *_name in rows if code)
