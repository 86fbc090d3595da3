"""The columns of a table of procedures, and the conversion of cells to values.

A table has a row for each field, procedure version, part, fee, condition and exempt group; the
first column names the kind. The same names are the keys of the JSON form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from office.catalogue.messages import BrokenRule, broken_rule
from office.catalogue.schema import first_control_character

MOST_CHARACTERS: Final = 32_767
"""The longest cell, as in Excel."""
_EXCEL_EPOCH: Final = date(1899, 12, 30)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,6}(\.0+)?", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,18}", re.ASCII)
_LOCAL_DAY: Final = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}", re.ASCII)
_SEPARATORS: Final = re.compile(r"[\s,;|]+")
_LINE_ENDS: Final = re.compile(r"[\t\r\n\x0b\x0c\x85\u2028\u2029 ]+")


class ColumnKind(StrEnum):
    """How the text of a column is read."""

    TEXT = "text"
    CODE = "code"
    """A text that a spreadsheet reads as a number: 2.000640 would lose its last digit."""
    NUMBER = "number"
    YES_NO = "yes_no"
    DAY = "day"
    LIST = "list"


COLUMNS: Final[Mapping[str, ColumnKind]] = {
    "row": ColumnKind.TEXT,
    "procedure": ColumnKind.CODE,
    "version": ColumnKind.NUMBER,
    "code": ColumnKind.CODE,
    "name_vi": ColumnKind.TEXT,
    "name_en": ColumnKind.TEXT,
    "field": ColumnKind.TEXT,
    "unit": ColumnKind.TEXT,
    "units": ColumnKind.LIST,
    "valid_from": ColumnKind.DAY,
    "valid_to": ColumnKind.DAY,
    "level": ColumnKind.TEXT,
    "time_limit": ColumnKind.TEXT,
    "online_time_limit": ColumnKind.TEXT,
    "same_day": ColumnKind.YES_NO,
    "channels": ColumnKind.LIST,
    "result_channels": ColumnKind.LIST,
    "result_kind": ColumnKind.TEXT,
    "process": ColumnKind.TEXT,
    "resume_policy": ColumnKind.TEXT,
    "supplement_rounds": ColumnKind.NUMBER,
    "supplement_period": ColumnKind.TEXT,
    "fee_timing": ColumnKind.TEXT,
    "kind": ColumnKind.TEXT,
    "copies": ColumnKind.NUMBER,
    "required": ColumnKind.YES_NO,
    "form": ColumnKind.TEXT,
    "amount": ColumnKind.NUMBER,
    "per": ColumnKind.TEXT,
}
_NAMES: Final = ("name_vi", "name_en")
_OF_VERSION: Final = ("procedure", "version")
USED: Final[Mapping[str, tuple[str, ...]]] = {
    "field": ("code", *_NAMES),
    "procedure": (
        *_OF_VERSION,
        *_NAMES,
        *tuple(COLUMNS)[tuple(COLUMNS).index("field") : tuple(COLUMNS).index("kind")],
    ),
    "part": (*_OF_VERSION, "code", *_NAMES, "kind", "copies", "required", "form"),
    "fee": (*_OF_VERSION, *_NAMES, "kind", "amount", "per"),
    "condition": (*_OF_VERSION, *_NAMES),
    "exempt": (*_OF_VERSION, "code", *_NAMES),
}
"""The columns that each kind of row uses, beside ``row``."""
LISTS: Final = {"part": "parts", "fee": "fees", "condition": "conditions", "exempt": "exempt"}
"""The key under which a version holds the rows of a kind."""


@dataclass(slots=True)
class Corrections:
    """Corrections made while reading."""

    composed: int = 0
    """Cells in Unicode's decomposed form, as some systems write Vietnamese."""


def value_of(kind: ColumnKind, raw: Any, corrections: Corrections) -> Any:
    """Return the value of a cell, or the ``BrokenRule`` if it can't be one of its kind.

    ``raw`` is a text, or a number, truth value, day or list where the file's form has such; None
    and an empty text become None.
    """
    if isinstance(raw, str):
        if "\0" in raw:
            return broken_rule("file.nul")
        if len(raw) > MOST_CHARACTERS:
            return broken_rule("cell.long", MOST_CHARACTERS)
        raw = _tidy(raw, corrections)
    if raw is None or raw == "":
        return None
    match kind:
        case ColumnKind.TEXT:
            if isinstance(raw, int) and not isinstance(raw, bool):
                return str(raw)
            return raw if isinstance(raw, str) else broken_rule("text")
        case ColumnKind.CODE:
            return raw if isinstance(raw, str) else broken_rule("code.number")
        case ColumnKind.NUMBER:
            return _number(raw)
        case ColumnKind.YES_NO:
            return _yes_no(raw)
        case ColumnKind.DAY:
            return _day(raw)
    return _list(raw, corrections)


def _tidy(text: str, corrections: Corrections) -> str:
    """Return a text composed, with line ends as blanks; the schema checks the rest."""
    if text.isascii() and text.isprintable():
        return text.strip()
    if not unicodedata.is_normalized("NFC", text):
        corrections.composed += 1
        text = unicodedata.normalize("NFC", text)
    return _LINE_ENDS.sub(" ", text).strip() if first_control_character(text) else text.strip()


def _number(raw: Any) -> Any:
    if isinstance(raw, bool):
        return broken_rule("number")
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return int(raw)
    if isinstance(raw, int) and abs(raw) < 10**18:
        return raw
    if isinstance(raw, str) and _WHOLE.fullmatch(raw):
        return int(raw)
    return broken_rule("number")


def _yes_no(raw: Any) -> Any:
    if isinstance(raw, bool):
        return raw
    meanings = {"yes": True, "true": True, "có": True, "no": False, "false": False, "không": False}
    found = meanings.get(raw.lower()) if isinstance(raw, str) else None
    return broken_rule("yes_no") if found is None else found


def _day(raw: Any) -> Any:
    if isinstance(raw, datetime):
        return raw.date() if raw == datetime.combine(raw.date(), datetime.min.time()) else _clock()
    if isinstance(raw, date):
        return raw
    text = str(raw) if isinstance(raw, str | int | float) and not isinstance(raw, bool) else ""
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return broken_rule("date")
    if _NUMBER.fullmatch(text) and int(float(text)) > 0:
        return broken_rule("date.excel", _EXCEL_EPOCH + timedelta(days=int(float(text))))
    return broken_rule("date.local" if _LOCAL_DAY.fullmatch(text) else "date")


def _clock() -> BrokenRule:
    return broken_rule("date.time")


def _list(raw: Any, corrections: Corrections) -> Any:
    if isinstance(raw, str):
        return [item for item in _SEPARATORS.split(raw) if item]
    if not isinstance(raw, list):
        return broken_rule("list")
    found = [value_of(ColumnKind.TEXT, item, corrections) for item in raw]
    return next((item for item in found if isinstance(item, BrokenRule)), found)
