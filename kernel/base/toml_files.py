"""Reads TOML files that people write, with errors in plain words."""

from __future__ import annotations

import errno
import re
import tomllib
from pathlib import Path
from typing import Any, Final

_CAUSES: Final = {
    errno.ENOENT: "there is no such file",
    errno.EACCES: "this user may not read it",
    errno.EISDIR: "is a folder, not a file",
    errno.ENOTDIR: "there is no such folder",
}
_PLACE: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_TOML: Final = (
    ("Unclosed array", "a list is not closed: ] or a comma is missing"),
    ("Unclosed inline table", "a table is not closed: } or a comma is missing"),
    ("Unterminated string", "a quotation mark is not closed"),
    ("Expected '\"", "a quotation mark is not closed"),
    ("Expected \"'", "a quotation mark is not closed"),
    ("Illegal character '\\n'", "a quotation mark is not closed on its line"),
    ("Illegal character", "a control character stands here"),
    ("Found invalid character", "a control character stands here"),
    ("Expected '='", "a key is followed by = and a value"),
    ("Invalid initial character", "a key, made of letters, digits, - and _, is missing here"),
    ("Invalid statement", "neither a key nor a [table] begins here"),
    ("Expected newline", "after a value the line must end: a text needs quotes, a day looks like "
     "2021-08-09"),
    ("Invalid value", "no value stands here: a text needs quotes, a day looks like 2021-08-09"),
    ("Invalid date", "there is no such day or time"),
    ("Expected ']' at", "a [table] is not closed by ]"),
    ("Expected ']]'", "a [[table]] is not closed by ]]"),
    ("Cannot overwrite", "this key stands here twice"),
    ("Duplicate inline", "this key stands here twice"),
    ("Cannot declare", "this [table] stands here twice (one of several is written [[table]])"),
    ("Cannot mutate", "this table was closed before"),
    ("Cannot redefine", "this [table] stands here twice"),
    ("Unescaped '\\'", "after \\ stands a letter without a meaning: write \\\\"),
)  # fmt: skip
_OTHER: Final = "this can't be read"
_NUMBER_TOO_LONG: Final = "a number is too long"
_MAX_BITS: Final = 4096
"""Bits of a whole number at most; Python writes none of over 4,300 digits."""
_GIANT_WRITTEN: Final = re.compile(r"[=\[,]\s*([+-]?(?:0[xob])?[\dA-Fa-f_]{1000,})")


class FileUnreadable(ValueError):
    """A file can't be read or parsed; the message names the reason and the place."""


def unreadable(error: OSError | ValueError) -> str:
    """Return why a file can't be read, as the end of a sentence that begins with its name."""
    if isinstance(error, UnicodeDecodeError):
        return f"is no text in UTF-8 (byte {error.start + 1})"
    if isinstance(error, ValueError):
        return "no file can have this name"
    return _CAUSES.get(error.errno or 0) or error.strerror or "can't be read"


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raise ``FileUnreadable`` naming line and column."""
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        raise FileUnreadable(unreadable(error)) from error
    return parse_toml(raw)


def parse_toml(raw: bytes) -> dict[str, Any]:
    """Return the content of a TOML file's bytes; raise ``FileUnreadable``."""
    text = ""
    try:
        text = raw.decode()
        content = tomllib.loads(text)
        giant = _holds_giant(content)
    except UnicodeDecodeError as error:
        raise FileUnreadable(unreadable(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise FileUnreadable(f"is no TOML, {_in_words(str(error), text)}") from error
    except RecursionError as error:
        raise FileUnreadable("is no TOML: nested too deeply") from error
    except ValueError as error:
        raise FileUnreadable(_too_long(text)) from error
    if giant:
        raise FileUnreadable(_too_long(text))
    return content


def _holds_giant(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_giant, value.values()))
    if isinstance(value, list):
        return any(map(_holds_giant, value))
    return isinstance(value, int) and value.bit_length() > _MAX_BITS


def _too_long(text: str) -> str:
    found = _GIANT_WRITTEN.search(text)
    if found is None:
        return f"is no TOML: {_NUMBER_TOO_LONG}"
    return f"is no TOML, {_at(text, found.start(1))}: {_NUMBER_TOO_LONG}"


def _at(text: str, place: int) -> str:
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    return f"line {line}, column {column}"


def _in_words(message: str, text: str) -> str:
    found = _PLACE.fullmatch(message)
    problem, line, column = found.groups() if found else (message, None, None)
    at = f"line {line}, column {column}" if line else _at(text, len(text))
    words = next((words for begins, words in _TOML if problem.startswith(begins)), _OTHER)
    return f"{at}: {words}"
