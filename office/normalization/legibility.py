"""Whether the letters of a text are what was written: not garbled by a font or an encoding."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from kernel.rpc.validation.normalizers import Malformed
from office.normalization.lines import line
from office.normalization.old_letters import old_encoding
from office.normalization.texts import malformed

_LOST: Final = re.compile(r"\ufffd|[^\W\d_]\?[^\W\d_]|\?\?[^\W\d_]")
"""What a conversion leaves of a letter that it does not know."""
_ENTITY: Final = re.compile(r"&(?:#\d{2,7}|#x[0-9a-f]{2,6}|[a-z]{2,8});", re.IGNORECASE)
"""A character as web pages are written."""


def legible_line(text: str) -> str | Malformed:
    """Return a text as one line; refuse one whose letters are not what was written."""
    return garbled(text) or line(text)


def garbled(text: str) -> Malformed | None:
    """Return why a text can't be what was written; None for one that can."""
    if _LOST.search(text):
        return malformed("letters.lost")
    if any(_is_letter(found) for found in _ENTITY.findall(text)):
        return malformed("letters.entities")
    encoding = old_encoding(text)
    return malformed("letters.old", encoding=encoding) if encoding else None


def _is_letter(entity: str) -> bool:
    """Return whether an entity stands for a letter that Unicode has: others, such as ``&amp;``, a
    person may have written.
    """
    character = unescape(entity)
    return len(character) == 1 and character.isalpha() and not character.isascii()
