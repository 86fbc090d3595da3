"""Phone numbers, by the numbering plans of all countries."""

from __future__ import annotations

from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from kernel.rpc.validation.normalizers import Malformed
from office.normalization.texts import malformed

_HOME: Final = "VN"
_LONGEST: Final = 40


def phone_number(text: str) -> str | Malformed:
    """Return a number as it is dialled in Viet Nam; another country's with + and its code."""
    wrong = malformed("phone_number")
    if len(text) > _LONGEST or any(sign.isalpha() for sign in text):
        return wrong
    try:
        number = phonenumbers.parse(text, _HOME)
    except NumberParseException:
        return wrong
    if number.extension or not phonenumbers.is_valid_number(number):
        return wrong  # what follows a comma or semicolon is read as an extension
    if number.country_code != phonenumbers.country_code_for_region(_HOME):
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return "".join(filter(str.isdigit, national))
