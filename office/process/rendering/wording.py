"""The labels of a drawing in Vietnamese and English: roles, units, limits, conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

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
from office.process.model.process import Process, Title

ROLES: Final[Mapping[str, Title]] = {
    "receptionist": Title("cán bộ một cửa", "receptionist"),
    "specialist": Title("chuyên viên", "specialist"),
    "head": Title("trưởng phòng", "head"),
    "leader": Title("lãnh đạo", "leader"),
    "clerk": Title("văn thư", "clerk"),
    "accountant": Title("kế toán", "accountant"),
    "inspector": Title("thanh tra", "inspector"),
}
_UNITS: Final = {"dossier": Title("", ""), "parent": Title("cấp trên", "unit above")}
"""The unit that answers for the dossier goes without saying."""
_LENGTHS: Final = {
    "wd": (Title("ngày làm việc", "working day"), "working days"),
    "wh": (Title("giờ làm việc", "working hour"), "working hours"),
    "cd": (Title("ngày", "calendar day"), "calendar days"),
}
_LENGTH: Final = re.compile(r"(.+?)(wd|wh|cd)")
_FACTS: Final = {
    "channel": Title("kênh nộp", "channel"),
    "level": Title("mức độ", "level"),
    "result_channel": Title("kênh trả", "result channel"),
    "procedure": Title("thủ tục", "procedure"),
    "supplement_rounds": Title("số lần bổ sung", "supplements"),
}
_VALUES: Final = {
    "online": Title("trực tuyến", "online"),
    "counter": Title("tại quầy", "counter"),
    "post": Title("bưu chính", "post"),
    "email": Title("thư điện tử", "e-mail"),
    "internal": Title("nội bộ", "internal"),
    "whole": Title("toàn trình", "whole"),
    "partial": Title("một phần", "partial"),
}
_AND, _OR = Title(", ", ", "), Title(" hoặc ", " or ")
_NOT, _IN = Title("không phải", "not"), Title("đơn vị thuộc", "unit in")


@dataclass(frozen=True, slots=True)
class Wording:
    """Labels in one language, ``vi`` or ``en``; ``facts`` are the titles of stated facts."""

    language: str
    facts: Mapping[str, Title] = field(default_factory=dict)

    def word(self, title: Title) -> str:
        """Return the title in the language."""
        return title.vi if self.language == "vi" else title.en

    def who(self, unit: str, role: str) -> str:
        """Return the role, and the unit where it is not the dossier's own."""
        title = _UNITS.get(unit, Title(unit, unit))
        named = self.word(ROLES.get(role, Title(role, role)))
        return " · ".join(part for part in (named, self.word(title)) if part)

    def procedure(self, code: str) -> str:
        """Return the label of a child dossier's procedure."""
        return f"{self.word(_FACTS['procedure'])} {code}"

    def length(self, text: str) -> str:
        """Return a duration such as ``3wd`` in words; empty for none."""
        return " + ".join(self._part(part) for part in text.split("+")) if text != "none" else ""

    def _part(self, text: str) -> str:
        found = _LENGTH.fullmatch(text)
        if found is None:
            return text
        amount, unit = found.groups()
        singular, plural = _LENGTHS[unit]
        if self.language == "vi":
            return f"{amount} {singular.vi}"
        return f"{amount} {singular.en if amount == '1' else plural}"

    def condition(self, condition: Condition) -> str:
        """Return a condition on one line, as diagrams show it; empty for always."""
        match condition:
            case OneOf(fact, values):
                return f"{self._fact(fact)} = {' / '.join(map(self._value, values))}"
            case Between(fact, low, high):
                name = self._fact(fact)
                if low is not None and low == high:
                    return f"{name} = {low}"
                lower = "" if low is None else f"{low} ≤ "
                return f"{lower}{name}{'' if high is None else f' ≤ {high}'}"
            case Within(units):
                return f"{self.word(_IN)} {' / '.join(units)}"
            case Both(parts):
                return self.word(_AND).join(self.condition(part) for part in parts)
            case Either(parts):
                return f"({self.word(_OR).join(self.condition(part) for part in parts)})"
            case Not(part):
                return f"{self.word(_NOT)} ({self.condition(part)})"

    def _fact(self, fact: str) -> str:
        name = fact.removeprefix(STATED)
        return self.word(self.facts.get(name) or _FACTS.get(fact) or Title(name, name))

    def _value(self, value: str) -> str:
        return self.word(_VALUES.get(value, Title(value, value)))


def wording_of(process: Process, language: str) -> Wording:
    """Return the wording for a process."""
    return Wording(language, {fact.name: fact.title for fact in process.facts})
