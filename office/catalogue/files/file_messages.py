"""Why a file can't be parsed."""

from __future__ import annotations

import csv
import json
from typing import Final

from kernel.messages.catalogue import CatalogueText
from office.catalogue.messages import TEXTS

SEPARATORS: Final = TEXTS.text("csv.separators")
_JSON_CAUSES: Final = (
    ("Expecting ','", "json.comma"),
    ("Expecting ':'", "json.colon"),
    ("Expecting property name", "json.name"),
    ("Illegal trailing comma", "json.trailing"),
    ("Expecting value", "json.value"),
    ("Extra data", "json.extra"),
    ("Unterminated string", "json.quote"),
    ("Invalid control", "json.quote_line"),
    ("Invalid \\", "json.escape"),
    ("", "json.other"),
)
"""How the messages of the parser begin, and the texts that stand for them."""


class InvalidJsonConstant(ValueError):
    """A constant such as NaN, which JSON does not have."""


def json_cause(error: ValueError | RecursionError) -> CatalogueText:
    """Return where a text is no JSON, and why."""
    if isinstance(error, RecursionError):
        return TEXTS.text("json.deep")
    if isinstance(error, InvalidJsonConstant):
        return TEXTS.text("json.constant", value=error)
    if not isinstance(error, json.JSONDecodeError):
        return TEXTS.text("json.number")
    key = next(key for begins, key in _JSON_CAUSES if error.msg.startswith(begins))
    return TEXTS.text("json.at", line=error.lineno, column=error.colno, cause=TEXTS.text(key))


def csv_cause(error: csv.Error) -> CatalogueText:
    """Return why the rest of a table can't be read."""
    return TEXTS.text("csv.quote" if "unexpected end" in str(error) else "csv.quotes")
