"""Cells of files that a spreadsheet opens. Pure."""

from __future__ import annotations

import re
from typing import Final

_DANGEROUS: Final = re.compile(r"[=+\-@＝＋－＠\t\r]|'[=+\-@＝＋－＠'\t\r]")


def guarded(cell: str) -> str:
    """Keep a spreadsheet from computing a cell: an apostrophe goes before what it might compute,
    and before a cell that begins as a guarded one does, so that the guard can be taken away.
    """
    return f"'{cell}" if _DANGEROUS.match(cell) else cell
