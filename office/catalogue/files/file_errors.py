"""Mistakes in a file of procedures: row, column and broken rule, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from office.catalogue.messages import BrokenRule

MOST_SHOWN: Final = 1000
"""A file can have millions of mistakes; nobody reads more of them than this."""


@dataclass(frozen=True, slots=True, order=True)
class FileMistake:
    """One mistake. ``row`` counts from 1, the heading included; 0 means the whole file.

    ``column`` is the name of a column; in JSON the path of the value within entry number ``row``.
    """

    row: int
    column: str
    entry: str
    """The code of the procedure or field, as far as it is known."""
    broken_rule: BrokenRule

    def text(self, language: str = "en") -> str:
        """Return the mistake on one line, in ``vi`` or ``en``."""
        rule = self.broken_rule.vi if language == "vi" else self.broken_rule.en
        row = "dòng" if language == "vi" else "row"
        place = f"{row} {self.row}, {self.column}" if self.row else self.column
        return f"{place}: {rule}" + (f" ({self.entry})" if self.entry else "")

    def document(self) -> dict[str, Any]:
        """Return the mistake as a JSON object."""
        return {
            "row": self.row,
            "column": self.column,
            "entry": self.entry,
            "rule": self.broken_rule.code,
            "vi": self.broken_rule.vi,
            "en": self.broken_rule.en,
        }


class ProcedureFileError(ValueError):
    """A file of procedures that can't be used; ``mistakes`` are all of them, in order."""

    def __init__(self, mistakes: Sequence[FileMistake]) -> None:
        super().__init__("; ".join(mistake.text() for mistake in mistakes[:10]))
        self.mistakes = tuple(mistakes)


def whole_file_error(column: str, rule: BrokenRule) -> ProcedureFileError:
    """Return the error of a file that can't be read at all."""
    return ProcedureFileError([FileMistake(0, column, "", rule)])
