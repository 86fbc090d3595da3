"""The encoding of a file of text: recognised by its mark, stated in the mapping, or UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from cli.importing.rows import SourceError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CODECS: Final = {"utf-8": "utf-8-sig", "windows-1258": "cp1258"}
"""The encodings that a mapping may name, beside UTF-16."""
_ADVICE: Final = (
    "save it again as UTF-8 (Excel: 'CSV UTF-8'), or say source.encoding = \"utf-16\" or"
    ' "windows-1258" in the mapping; TCVN3 or VNI letters must be converted to Unicode first'
)


def encoding_of(path: Path, stated: str) -> str:
    """Return the codec of a file; raise ``SourceError`` for UTF-16 that nobody has stated, and for
    what is stated to be UTF-16 and is not.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return codec
    utf16 = _utf16_of(start)
    if stated == "utf-16" and not utf16:
        raise SourceError(f"{path}: can't be read as csv: it is not UTF-16; {_ADVICE}")
    if utf16 and not stated:
        raise SourceError(f"{path}: looks like UTF-16 without its mark; {_ADVICE}")
    return utf16 if stated == "utf-16" else _CODECS[stated or "utf-8"]


def _utf16_of(start: bytes) -> str:
    """Return the codec when most characters have an empty byte on one side, and few on the other:
    empty bytes alone may stand in a broken cell, or fill the end of a file.
    """
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) <= len(start) // 8 or min(first, second) * 4 > max(first, second):
        return ""
    return "utf-16-be" if first > second else "utf-16-le"


def not_encoded(path: Path, stated: str, error: UnicodeDecodeError) -> SourceError:
    """Return the error of a file that is not in its encoding, with what to do."""
    byte = error.object[error.start : error.start + 1].hex()
    name = (stated or "utf-8").upper()
    return SourceError(f"{path}: can't be read as csv: it is not {name} (byte {byte}); {_ADVICE}")
