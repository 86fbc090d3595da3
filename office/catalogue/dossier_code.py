"""The dossier code: ``{agency}-{yymmdd}-{number of the day}``, given once and never changed."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple

OFFICE_ZONE: Final = "Asia/Ho_Chi_Minh"
"""The office's wall clock; days of dossiers filed here are counted in it."""
_FORM: Final = re.compile(r"([0-9A-Z]+(?:\.[0-9A-Z]+)*)-(\d{6})-(\d{4,7})")
_AGENCY_LENGTH: Final = 35


class DossierCode(NamedTuple):
    """The parts of a dossier code."""

    agency: str
    day: str
    """The local day of registration as ``yymmdd``."""
    number: int

    def __str__(self) -> str:
        return f"{self.agency}-{self.day}-{self.number:04d}"


@lru_cache(maxsize=64)
def day_of(local: date) -> str:
    """Write a local day as it stands in codes."""
    return local.strftime("%y%m%d")


def parse_code(text: str) -> DossierCode | None:
    """Read a dossier code; None when it has another form, as other systems' may."""
    match = _FORM.fullmatch(text)
    if match is None or len(match[1]) > _AGENCY_LENGTH or not _is_day(match[2]):
        return None
    number = int(match[3])
    return DossierCode(match[1], match[2], number) if number else None


@lru_cache(maxsize=1024)
def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%y%m%d")  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        return False
    return True
