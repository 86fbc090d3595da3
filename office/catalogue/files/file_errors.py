"""Mistakes in a file of procedures: in which row and column, which rule, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from office.catalogue.messages import BrokenRule

MOST_SHOWN: Final = 1000
"""A file can have millions of mistakes; nobody reads more of them than this."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake. ``row`` counts from 1, the heading included; 0 means the whole file.

    ``column`` is the name of a column; in JSON the path of the value within entry number ``row``.
    """

    row: int
    column: str
    entry: str
    """The code of the procedure or field, as far as it is known."""
    broken: BrokenRule

    def text(self, language: str = "en") -> str:
        """Say it on one line."""
        rule = self.broken.vi if language == "vi" else self.broken.en
        row = "dòng" if language == "vi" else "row"
        place = f"{row} {self.row}, {self.column}" if self.row else self.column
        return f"{place}: {rule}" + (f" ({self.entry})" if self.entry else "")

    def document(self) -> dict[str, Any]:
        """Return it to scripts."""
        return {
            "row": self.row,
            "column": self.column,
            "entry": self.entry,
            "rule": self.broken.code,
            "vi": self.broken.vi,
            "en": self.broken.en,
        }


class FileError(ValueError):
    """A file of procedures that can't be taken; ``faults`` names every mistake, in order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.text() for fault in faults[:10]))
        self.faults = tuple(faults)


def whole(column: str, broken: BrokenRule) -> FileError:
    """Refuse a file as a whole."""
    return FileError([Fault(0, column, "", broken)])
