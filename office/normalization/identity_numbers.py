"""Numbers by which a person or a business is known.

A personal identity number (số định danh cá nhân, on the căn cước) has 12 digits: three of the
province or country where the birth was registered, one of sex and century, two of the year, six at
random. The identity card before it (chứng minh nhân dân) has 9. A business has its tax code.
Passports and other papers have letters.
"""

from __future__ import annotations

import re
from typing import Final

from stdnum.vn import mst

from kernel.rpc.validation.normalizers import Malformed
from office.normalization.lines import compact, digits_only
from office.normalization.texts import malformed

_PROVINCES: Final = """
001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033
034 035 036 037 038 040 042 044 045 046 048 049 051 052 054 056 058 060 062 064 066
067 068 070 072 074 075 077 079 080 082 083 084 086 087 089 091 092 093 094 095 096
"""
"""The codes of the provinces where births were registered (Circular 59/2021/TT-BCA); countries have
higher ones.
"""
_PROVINCE_CODES: Final = frozenset(_PROVINCES.split())
_OTHER_PAPER: Final = range(6, 21)
_TAX_CODES: Final = (10, 13)
_CENTURIES: Final = "0123"
"""The fourth digit: of men and women born in the 20th and in the 21st century."""
_PAPER: Final = re.compile(
    "(?:SỐ|MÃ|THẺ)?(?:ĐỊNHDANH(?:CÁNHÂN)?|S?ĐDCN|CĂNCƯỚC(?:CÔNGDÂN)?|CCCD|CC(?=[:.]?[0-9]{12}$)"
    "|CHỨNGMINHNHÂNDÂN|GCMND|CMND|CMTND|CMT|HỘCHIẾU|HC(?=[:.])|PASSPORT|MST|MÃSỐTHUẾ|MSDN"
    "|MÃSỐDOANHNGHIỆP)(?:SỐ|NO)?[:.]*"
)
"""The name of the paper, which some type before the number."""
_AROUND: Final = "'`.,;:"
"""What a spreadsheet or a sentence puts around a number."""
_LOOK_ALIKE: Final = str.maketrans("OIL", "011")


def identity_number(text: str) -> str | Malformed:
    """Return a number without its paper's name, blanks and separators, in capital letters."""
    number = compact(text).upper().strip(_AROUND)
    number = number[found.end() :] if (found := _PAPER.match(number)) else number
    digits = number.replace(".", "").replace("-", "")
    if not digits_only(digits):
        return _with_letters(number)
    if not digits.strip("0"):
        return malformed("identity_number.zeros")
    if len(digits) in _TAX_CODES:
        return digits if mst.is_valid(digits) else malformed("identity_number.tax_code")
    if len(digits) == 12:
        return _personal(digits)
    return digits if len(digits) == 9 else malformed("identity_number.length", digits=len(digits))


def _personal(digits: str) -> str | Malformed:
    if digits[0] == "0" and digits[:3] not in _PROVINCE_CODES:
        return malformed("identity_number.province")
    return digits if digits[3] in _CENTURIES else malformed("identity_number.century")


def _with_letters(number: str) -> str | Malformed:
    plain = number.replace("-", "")
    if len(plain) in (9, 12) and digits_only(plain.translate(_LOOK_ALIKE)):
        return malformed("identity_number.look_alike")
    fits = len(number) in _OTHER_PAPER and plain.isascii() and plain.isalnum()
    if fits and any(map(str.isdigit, plain)):
        return number
    return malformed("identity_number.form")
