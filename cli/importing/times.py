"""Times as other systems write them: in the formats that the mapping names, never guessed. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from typing import Final

ISO: Final = "iso"
EXCEL: Final = "excel"
"""The number of days since 30/12/1899, as spreadsheets count them."""
_EXCEL_BEGIN: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - local time of the source
_EXCEL_LAST: Final = 2_958_465
_MIDNIGHT: Final = re.compile(r"([ T])24:00((?::00)?(?![:.,]))")
"""The end of a day, which is the beginning of the next one (ISO 8601-1, 5.3.2)."""
_HALF_DAY: Final = re.compile(r"\b(?:SA|CH)\b", re.IGNORECASE)
_HALVES: Final = {"SA": "AM", "CH": "PM"}
"""Sáng and chiều, as Windows writes them in Vietnamese."""
_DAY_FIELDS: Final = frozenset("YymdbBj")


def parse_time(text: str, formats: Sequence[str]) -> date | datetime:
    """Return a day, or an instant with or without its offset; raise ``ValueError``."""
    midnight, ends_day = _MIDNIGHT.subn(r"\g<1>00:00\g<2>", text)
    for known in formats:
        with suppress(ValueError, OverflowError):
            moment = _PARSERS[known](midnight) if known in _PARSERS else _strptime(midnight, known)
            return moment + timedelta(days=ends_day)
    raise ValueError(text)


def is_format(text: str) -> bool:
    """Return whether a text is a format: ``iso``, ``excel``, or one of ``strptime`` with a day."""
    if text in _PARSERS:
        return True
    sample = datetime(2021, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=7)))
    try:
        written = sample.strftime(text)
        return _strptime(written, text).isoformat()[:10] == sample.date().isoformat()
    except ValueError:
        return False


def _strptime(text: str, known: str) -> date | datetime:
    if "%p" in known:
        text = _HALF_DAY.sub(lambda found: _HALVES[found[0].upper()], text)
    moment = datetime.strptime(text, known)  # noqa: DTZ007 - the caller knows the zone
    fields = {known[place + 1] for place, sign in enumerate(known[:-1]) if sign == "%"}
    return moment.date() if fields <= _DAY_FIELDS else moment


def _iso(text: str) -> date | datetime:
    with suppress(ValueError):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text)


def _excel(text: str) -> date | datetime:
    number = float(text)
    if not 1 <= number <= _EXCEL_LAST:
        raise ValueError(text)
    if number.is_integer():
        return (_EXCEL_BEGIN + timedelta(days=number)).date()
    seconds = round(number * 86_400)
    return _EXCEL_BEGIN + timedelta(seconds=seconds)


_PARSERS: Final = {ISO: _iso, EXCEL: _excel}
