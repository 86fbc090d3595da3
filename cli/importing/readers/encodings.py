"""The encoding of a file of text: recognised by its mark, stated in the mapping, or UTF-8."""

from __future__ import annotations

import codecs
from itertools import pairwise
from pathlib import Path
from typing import Final

from cli.importing.rows import SourceError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CODECS: Final = {"utf-8": "utf-8-sig", "utf-16": "utf-16-le", "windows-1258": "cp1258"}
"""The encodings that a mapping may name. UTF-16 with its mark is recognised before."""
_ADVICE: Final = (
    "save it again as UTF-8 (Excel: 'CSV UTF-8'), or say source.encoding = \"utf-16\" or"
    ' "windows-1258" in the mapping; TCVN3 or VNI letters must be converted to Unicode first'
)


def encoding_of(path: Path, stated: str) -> str:
    """Return the codec of a file; raise ``SourceError`` for UTF-16 that nobody has stated."""
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return codec
    if not stated and _is_utf16(start):
        raise SourceError(f"{path}: looks like UTF-16 without its mark; {_ADVICE}")
    return _CODECS[stated or "utf-8"]


def _is_utf16(start: bytes) -> bool:
    """Return whether most characters have an empty byte: one alone may stand in a broken cell."""
    return max(start[::2].count(0), start[1::2].count(0)) > len(start) // 4


def not_encoded(path: Path, stated: str, error: UnicodeDecodeError) -> SourceError:
    """Return the error of a file that is not in its encoding, with what to do."""
    byte = error.object[error.start : error.start + 1].hex()
    name = (stated or "utf-8").upper()
    return SourceError(f"{path}: can't be read as csv: it is not {name} (byte {byte}); {_ADVICE}")


def is_tcvn3(text: str) -> bool:
    """Return whether a text has the signs that letters of TCVN3 (ABC) fonts turn into.

    They are signs that no language writes before a letter.
    """
    pairs = () if text.isascii() else pairwise(text)
    return any(sign in "¨¸®¬¶¹" and following.isalpha() for sign, following in pairs)
