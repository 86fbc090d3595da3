"""Escapes cells of files that a spreadsheet opens. Pure."""

from __future__ import annotations

import re
from typing import Final

_DANGEROUS: Final = re.compile(r"[=+\-@＝＋－＠\t\r]|'[=+\-@＝＋－＠'\t\r]")


def escape_cell(cell: str) -> str:
    """Return the cell with an apostrophe before it when a spreadsheet might compute it, or when it
    begins as an escaped one does, so that the apostrophe can be removed again.
    """
    return f"'{cell}" if _DANGEROUS.match(cell) else cell
