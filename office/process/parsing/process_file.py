"""A document with a process: its mistakes, and the words for what is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from kernel.documents.mistakes import DocumentMistake, KeyPath, Position
from kernel.documents.reading import DocumentReader
from kernel.documents.rules import rule_of
from kernel.messages.catalogue import BilingualText
from office.texts import OFFICE_TEXTS

_NOUNS: Final = {
    "facts": "fact",
    "documents": "document",
    "steps": "step",
    "transitions": "transition",
    "timers": "timer",
    "consultations": "consultation",
    "children": "child",
    "any": "any",
}
_RULES: Final = {
    "unknown": "unknown-key",
    "missing": "missing",
    "empty": "missing",
    "short_list": "missing",
    "duplicate": "duplicate",
}
"""The codes of mistakes for the toolkit's rules; those of all others begin with ``wrong-``."""


@dataclass(frozen=True, slots=True)
class ProcessMistake(DocumentMistake):
    """A mistake, shown with the code of its rule, which docs/processes.md explains."""

    def shown(self, place: str, rule: str) -> str:
        """Return it on one line."""
        where = f"{self.where}: " if self.where else ""
        return f"{place}: [{self.rule}] {where}{rule}"


class ProcessReader(DocumentReader):
    """The mistakes of one process, whose parts are called by their names."""

    mistake: ClassVar[type[DocumentMistake]] = ProcessMistake

    def __init__(
        self, file: str, content: Any, positions: Callable[[], Mapping[KeyPath, Position]] = dict
    ) -> None:
        super().__init__(file, content, positions, words=_words)

    def name_at(self, path: KeyPath) -> str:
        """Return the text at a path, also one of a wrong form; empty for none."""
        value = self.value_at(path)
        return value if isinstance(value, str) else ""

    def where(self, path: KeyPath) -> str:
        """Return a path in words: ``process standard, step review, limit``."""
        words = [f"process {self.name_at(('process',))}".rstrip()]
        for place, part in enumerate(path, start=1):
            if part == "process" and place == 1:
                continue
            if isinstance(part, str):
                words.append(part)
            elif words[-1] in _NOUNS:
                name = self.name_at((*path[:place], "name"))
                words[-1] = f"{_NOUNS[words[-1]]} {name or f'number {part + 1}'}"
        return ", ".join(words)


def _words(problem: Mapping[str, Any]) -> tuple[str, BilingualText]:
    rule, text = rule_of(problem)
    if problem["type"] == "string_type":
        text = OFFICE_TEXTS.text("process.text")
    plain = isinstance(problem["input"], str)
    code = _RULES.get(rule) or (
        "wrong-value" if plain and rule not in ("list", "table") else "wrong-type"
    )
    if problem["loc"][-1:] == ("national_state",) and code in ("missing", "wrong-value"):
        code = "no-national-state"
    return code, text
