"""Codes of dossiers, units, procedures, receipts, systems, events; secrets and digests."""

from __future__ import annotations

from typing import Final

from kernel.rpc.validation.normalizers import Malformed
from office.catalogue.agency_codes import is_agency, is_old_agency
from office.catalogue.dossier_code import parse_code
from office.normalization.lines import compact, digits_only, hyphenated, line
from office.normalization.texts import malformed

_LONGEST: Final = 64
_RECEIPT_LONGEST: Final = 40
_EVENT_LONGEST: Final = 16
PIN_DIGITS: Final = 10
_SHORT_PIN_DIGITS: Final = 4
"""On older receipts."""
_AROUND: Final = ".,;:*#'\"()<>"
"""What a sentence, a list or a barcode puts around a code."""
_SHA256_SIGNS: Final = frozenset("0123456789abcdef")


def dossier_code(text: str) -> str | Malformed:
    """Return a dossier's code: ours in capital letters and without blanks.

    Another system's keeps its letters, Vietnamese ones too, and its blanks, folded.
    """
    ours = compact(text).upper().strip(_AROUND)
    if parse_code(ours) is not None:
        return ours
    return _made_of(hyphenated(text), " ._/#-", _LONGEST) or malformed("dossier_code")


def unit_code(text: str) -> str:
    """Return a unit's code in capital letters without blanks; another system's name as a line."""
    code = compact(text).upper().strip(".")
    return code if is_unit_code(code) else line(text)


def is_unit_code(text: str) -> bool:
    """Return whether a text has the form of an agency's code, old or new.

    The first group of a new one is a province's or ministry's: a letter and two digits.
    """
    first = text.partition(".")[0]
    begins = len(first) == 3 and first[0].isalpha() and first[1:].isdigit()
    return is_old_agency(text) or (begins and is_agency(text))


def agency_code(text: str) -> str | Malformed:
    """Return the code of an agency in capital letters without blanks."""
    code = compact(text).upper()
    return code if is_agency(code) else malformed("agency_code")


def procedure_code(text: str) -> str:
    """Return a procedure's code without blanks; another system's, which is no number, as a line."""
    code = compact(text)
    return code if code.isascii() and code.replace(".", "").isdigit() else line(text)


def receipt_number(text: str) -> str | Malformed:
    """Return the number of a receipt without blanks."""
    return _made_of(compact(text), "./-", _RECEIPT_LONGEST) or malformed("receipt_number")


def system_name(text: str) -> str | Malformed:
    """Return the name of another system."""
    name = hyphenated(text)
    found = _made_of(name, "._-", _LONGEST) if name.isascii() else ""
    return found or malformed("system_name")


def tracking_event(text: str) -> str | Malformed:
    """Return the code of a tracking event (EMSEVT) in capital letters."""
    code = compact(text).upper()
    found = _made_of(code, "", _EVENT_LONGEST) if code.isascii() else ""
    return found or malformed("tracking_event")


def pin(text: str) -> str | Malformed:
    """Return a citizen's secret without blanks and separators."""
    digits = compact(text).replace("-", "").replace(".", "")
    fits = len(digits) in (PIN_DIGITS, _SHORT_PIN_DIGITS) and digits_only(digits)
    return digits if fits else malformed("pin", digits=PIN_DIGITS, older=_SHORT_PIN_DIGITS)


def sha256(text: str) -> str | Malformed:
    """Return a SHA-256 in lower-case hexadecimal."""
    digest = compact(text).lower()
    return digest if len(digest) == 64 and _SHA256_SIGNS.issuperset(digest) else malformed("sha256")


def _made_of(text: str, signs: str, longest: int) -> str:
    """Return a text of letters, digits and signs, which begins with one of the first two; empty for
    any other.
    """
    fits = len(text) <= longest and text[:1].isalnum()
    return text if fits and all(sign.isalnum() or sign in signs for sign in text) else ""
