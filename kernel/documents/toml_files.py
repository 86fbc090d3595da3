"""Parses TOML files that people write, with errors in plain words."""

from __future__ import annotations

import errno
import re
import tomllib
from typing import Any, Final

from kernel.messages.catalogue import BilingualText, FixedText
from kernel.messages.texts import TEXTS

_CAUSES: Final = {
    errno.ENOENT: "file.none",
    errno.EACCES: "file.forbidden",
    errno.EISDIR: "file.folder",
    errno.ENOTDIR: "file.no_folder",
}
_PLACE: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_TOML: Final = (
    ("Unclosed array", "toml.array"),
    ("Unclosed inline table", "toml.inline_table"),
    ("Unterminated string", "toml.quote"),
    ("Expected '\"", "toml.quote"),
    ("Expected \"'", "toml.quote"),
    ("Illegal character '\\n'", "toml.quote_line"),
    ("Illegal character", "toml.control"),
    ("Found invalid character", "toml.control"),
    ("Expected '='", "toml.equals"),
    ("Invalid initial character", "toml.key"),
    ("Invalid statement", "toml.statement"),
    ("Expected newline", "toml.newline"),
    ("Invalid value", "toml.value"),
    ("Invalid date", "toml.date"),
    ("Expected ']' at", "toml.bracket"),
    ("Expected ']]'", "toml.brackets"),
    ("Cannot overwrite", "toml.twice"),
    ("Duplicate inline", "toml.twice"),
    ("Cannot declare", "toml.table_twice"),
    ("Cannot mutate", "toml.closed"),
    ("Cannot redefine", "toml.table_twice_again"),
    ("Unescaped '\\'", "toml.escape"),
    ("", "toml.other"),
)
"""How the messages of the parser begin, and the texts that stand for them."""
_MAX_BITS: Final = 4096
"""Bits of a whole number at most; Python writes none of over 4,300 digits."""
_GIANT_WRITTEN: Final = re.compile(r"[=\[,]\s*([+-]?(?:0[xob])?[\dA-Fa-f_]{1000,})")


class FileUnreadable(ValueError):
    """A file can't be read or parsed: why, and where (line and column, 0 for the whole file)."""

    def __init__(self, cause: BilingualText, line: int = 0, column: int = 0) -> None:
        super().__init__(cause, line, column)
        self.cause, self.line, self.column = cause, line, column


def unreadable(error: OSError | ValueError) -> BilingualText:
    """Return why a file can't be read, as the end of a sentence that begins with its name."""
    if isinstance(error, UnicodeDecodeError):
        return TEXTS.text("file.encoding", byte=error.start + 1)
    if isinstance(error, ValueError):
        return TEXTS.text("file.name")
    cause = _CAUSES.get(error.errno or 0)
    if cause is None and error.strerror:
        return FixedText(error.strerror, error.strerror)
    return TEXTS.text(cause or "file.unreadable")


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
        raise _syntax_error(str(error), text) from error
    except RecursionError as error:
        raise FileUnreadable(TEXTS.text("toml.deep")) from error
    except ValueError as error:
        raise _too_long(text) from error
    if giant:
        raise _too_long(text)
    return content


def _holds_giant(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_giant, value.values()))
    if isinstance(value, list):
        return any(map(_holds_giant, value))
    return isinstance(value, int) and value.bit_length() > _MAX_BITS


def _too_long(text: str) -> FileUnreadable:
    found = _GIANT_WRITTEN.search(text)
    if found is None:
        return FileUnreadable(TEXTS.text("toml.long_number"))
    return FileUnreadable(TEXTS.text("toml.number"), *_place(text, found.start(1)))


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _syntax_error(message: str, text: str) -> FileUnreadable:
    found = _PLACE.fullmatch(message)
    problem, line, column = found.groups() if found else (message, None, None)
    place = (int(line), int(column)) if line and column else _place(text, len(text))
    key = next(key for begins, key in _TOML if problem.startswith(begins))
    return FileUnreadable(TEXTS.text(key), *place)
