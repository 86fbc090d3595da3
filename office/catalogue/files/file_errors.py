"""Mistakes in a file of procedures: row, column and broken rule, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from kernel.documents.mistakes import DocumentError, DocumentMistake
from office.catalogue.messages import TEXTS, BrokenRule

MOST_SHOWN: Final = 1000
"""A file can have millions of mistakes; nobody reads more of them than this."""


@dataclass(frozen=True, slots=True)
class FileMistake(DocumentMistake):
    """One mistake. ``where`` is the name of a column; in JSON the path of the value within entry
    number ``row``.
    """

    row: int = 0
    """Counts from 1, the heading included; 0 means the whole file."""
    entry: str = ""
    """The code of the procedure or field, as far as it is known."""

    def in_language(self, language: str) -> str:
        """Return the mistake on one line, in ``vi`` or ``en``; in JSON its line first."""
        vi = language == "vi"
        row = TEXTS.text("row", row=self.row, column=self.where)
        place = (row.vi if vi else row.en) if self.row else self.where
        rule = self.text.vi if vi else self.text.en
        if self.line and self.line != self.row:
            place = f"{self.line}:{self.column}: {place}"
        return f"{place}: {rule}" + (f" ({self.entry})" if self.entry else "")

    def document(self) -> dict[str, Any]:
        """Return the mistake as a JSON object."""
        return {
            "row": self.row,
            "column": self.where,
            "entry": self.entry,
            "rule": self.rule,
            "vi": self.text.vi,
            "en": self.text.en,
            "place": [self.line, self.column],
        }


class ProcedureFileError(DocumentError):
    """A file of procedures that can't be used; ``mistakes`` are all of them, by row and column."""

    mistakes: tuple[FileMistake, ...]

    def __init__(self, mistakes: Iterable[FileMistake]) -> None:
        def order(mistake: FileMistake) -> tuple[int, str, str, str]:
            return mistake.row, mistake.where, mistake.entry, mistake.rule

        super().__init__(sorted(mistakes, key=order)[:MOST_SHOWN])


def whole_file_error(column: str, rule: BrokenRule, row: int = 0) -> ProcedureFileError:
    """Return the error of a file that can't be read at all, or not from a row on."""
    return ProcedureFileError([FileMistake("", row, 1, column, rule.code, rule, row=row)])
