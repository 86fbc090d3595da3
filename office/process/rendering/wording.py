"""The labels of a drawing in Vietnamese and English: roles, units, limits, conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kernel.messages.catalogue import BilingualText, FixedText
from office.process.model.conditions import (
    STATED,
    Between,
    Both,
    Condition,
    Either,
    Not,
    OneOf,
    Within,
)
from office.process.model.process import Fact, Process
from office.texts import OFFICE_TEXTS

_LENGTH: Final = re.compile(r"(.+?)(wd|wh|cd)")


@dataclass(frozen=True, slots=True)
class Wording:
    """Labels in one language, ``vi`` or ``en``; ``facts`` are the stated facts by name."""

    language: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def word(self, text: BilingualText) -> str:
        """Return a text in the language."""
        return text.vi if self.language == "vi" else text.en

    def named(self, key: str, name: str) -> str:
        """Return the words for a name; the name itself where there are none."""
        key = f"drawing.{key}.{name}"
        return self.word(OFFICE_TEXTS.text(key)) if key in OFFICE_TEXTS else name

    def who(self, unit: str, role: str) -> str:
        """Return the role, and the unit where it is not the dossier's own."""
        # The unit that answers for the dossier goes without saying.
        units = [] if unit == "dossier" else [self.named("unit", unit)]
        return " · ".join([self.named("role", role), *units])

    def procedure(self, code: str) -> str:
        """Return the label of a child dossier's procedure."""
        return f"{self.named('fact', 'procedure')} {code}"

    def length(self, text: str) -> str:
        """Return a duration such as ``3wd`` in words; empty for none."""
        return " + ".join(self._part(part) for part in text.split("+")) if text != "none" else ""

    def _part(self, text: str) -> str:
        found = _LENGTH.fullmatch(text)
        if found is None:
            return text
        return self.word(OFFICE_TEXTS.text(f"drawing.length.{found[2]}", count=found[1]))

    def condition(self, condition: Condition) -> str:
        """Return a condition on one line, as diagrams show it; empty for always."""
        match condition:
            case OneOf(fact, values):
                return f"{self._fact(fact)} = {' / '.join(self._value(fact, it) for it in values)}"
            case Between(fact, low, high):
                name = self._fact(fact)
                if low is not None and low == high:
                    return f"{name} = {low}"
                lower = "" if low is None else f"{low} ≤ "
                return f"{lower}{name}{'' if high is None else f' ≤ {high}'}"
            case Within(units):
                return self.word(OFFICE_TEXTS.text("drawing.within", units=" / ".join(units)))
            case Both(parts):
                return ", ".join(self.condition(part) for part in parts)
            case Either(parts):
                found = self.word(OFFICE_TEXTS.text("drawing.or"))
                return f"({f' {found} '.join(self.condition(part) for part in parts)})"
            case Not(part):
                return self.word(OFFICE_TEXTS.text("drawing.not", condition=self.condition(part)))

    def _fact(self, fact: str) -> str:
        name = fact.removeprefix(STATED)
        found = self.facts.get(name)
        return self.named("fact", name) if found is None else self.word(found.title)

    def _value(self, fact: str, value: str) -> str:
        found = self.facts.get(fact.removeprefix(STATED))
        return self.named("value", value) if found is None else self.word(value_title(found, value))


def value_title(fact: Fact, value: str) -> BilingualText:
    """Return the title that a value of a stated fact has; the value itself where it has none."""
    return fact.titles.get(value) or FixedText(value, value)


class AsWritten(Wording):
    """Labels with the names of facts and values that a file has."""

    def named(self, key: str, name: str) -> str:
        """Return the name."""
        return name


def wording_of(process: Process, language: str) -> Wording:
    """Return the wording for a process."""
    return Wording(language, {fact.name: fact for fact in process.facts})
