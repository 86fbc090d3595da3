"""Mistakes in documents that people write: where they are, and which rule is broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kernel.base.plain_text import escaped
from kernel.messages.catalogue import BilingualText

KeyPath = tuple[str | int, ...]
"""The keys that lead to a value; places in lists count from 0."""
Position = tuple[int, int]
"""Line and column, from 1."""
_MOST_IN_TEXT: Final = 10


@dataclass(frozen=True, slots=True)
class _EscapedText:
    """A text whose parameters come from a file."""

    text: BilingualText

    @property
    def vi(self) -> str:
        return escaped(self.text.vi)

    @property
    def en(self) -> str:
        return escaped(self.text.en)


@dataclass(frozen=True, slots=True)
class DocumentMistake:
    """One mistake. ``line`` and ``column`` count from 1; 0 means the whole file.

    ``where`` names the value in the words of the document, such as ``unit 3 (H22.12), name``; it is
    empty for the whole file.
    """

    file: str
    line: int
    column: int
    where: str
    rule: str
    """The stable code of the broken rule."""
    text: BilingualText
    path: KeyPath = ()
    """The keys that lead to the value, as far as it has any."""

    def __post_init__(self) -> None:
        """Show what can't be printed in the file's own words as escapes."""
        object.__setattr__(self, "file", escaped(self.file))
        object.__setattr__(self, "where", escaped(self.where))
        object.__setattr__(self, "text", _EscapedText(self.text))

    def in_language(self, language: str) -> str:
        """Return the mistake on one line, in ``vi`` or ``en``."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return self.shown(place, self.text.vi if language == "vi" else self.text.en)

    def shown(self, place: str, rule: str) -> str:
        """Return the mistake on one line, from its place and the text of the rule."""
        return ": ".join(part for part in (place, self.where, rule) if part)

    def __str__(self) -> str:
        return self.in_language("en")


class DocumentError(ValueError):
    """A document that can't be used; ``mistakes`` are all that were found, in order."""

    def __init__(self, mistakes: Iterable[DocumentMistake], setting: str = "") -> None:
        """``setting`` is the environment variable that names the document, if one does."""
        self.mistakes = tuple(mistakes)
        self.setting = setting
        super().__init__(self.mistakes)

    def in_language(self, language: str) -> str:
        """Return the first mistakes on one line, in ``vi`` or ``en``."""
        found = "; ".join(each.in_language(language) for each in self.mistakes[:_MOST_IN_TEXT])
        return f"{self.setting}: {found}" if self.setting else found

    def __str__(self) -> str:
        return self.in_language("en")
