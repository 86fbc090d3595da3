"""The words for what a refusal names. A decision names steps, roles, units and officers by their
codes; people read titles and names. What has none keeps its code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from kernel.base.errors import Refusal
from kernel.messages.catalogue import BilingualText, CatalogueText, FixedText, listed
from office.catalogue.known_units import known_units
from office.people.directory import Directory
from office.permissions import role_title
from office.process.model.process import Fact, Process
from office.process.rendering.wording import value_title
from services.routing.domain.refusals.case import TEXTS

_SEPARATOR: Final = ", "


@dataclass(frozen=True)
class RefusalWords:
    """What has a name; ``process`` is None where no case is meant."""

    people: Directory | None
    process: Process | None = None

    def of(self, refusal: Refusal) -> Refusal:
        """Return a refusal with titles and names for the codes in its text."""
        text = refusal.text
        if not isinstance(text, CatalogueText) or not isinstance(text.params, dict):
            return refusal
        params = {**text.params}
        for name, words in _WORDS.items():
            if name in params:
                params[name] = words(self, str(text.params[name]), text.params)
        return replace(refusal, text=replace(text, params=params))

    def role(self, role: str, _params: Mapping[str, object]) -> BilingualText:
        """Return what the table of permissions calls a role."""
        return role_title(role)

    def unit(self, code: str, _params: Mapping[str, object]) -> BilingualText:
        """Return the name of a unit; it has one in Vietnamese only."""
        found = known_units(self.people).get(code)
        return _same(found.name if found and found.name else code)

    def officer(self, officer: str, _params: Mapping[str, object]) -> BilingualText:
        """Return the name of an officer; a dash stands for nobody known."""
        found = self.people.officers.get(officer) if self.people else None
        return _same(found.name if found and found.name else officer)

    def step(self, step: str, _params: Mapping[str, object]) -> BilingualText:
        """Return the title of a step."""
        found = self.process and self.process.has(step)
        return self.process.step(step).title if self.process and found else _same(step)

    def transitions(self, names: str, params: Mapping[str, object]) -> BilingualText:
        """Return the titles of transitions of the refusal's step."""
        step = str(params.get("step", ""))
        known = self.process.step(step) if self.process and self.process.has(step) else None
        found = [known.transition(name) if known else None for name in names.split(_SEPARATOR)]
        return listed(
            each.title if each else _same(name)
            for each, name in zip(found, names.split(_SEPARATOR), strict=True)
        )

    def part_of_process(self, name: str, _params: Mapping[str, object]) -> BilingualText:
        """Return the title of a stated fact, a consultation or a child dossier."""
        if self.process is None:
            return _same(name)
        steps = self.process.steps
        facts = {fact.name: fact.title for fact in self.process.facts}
        asked = {each.name: each.title for step in steps for each in step.consultations}
        children = {each.name: each.title for step in steps for each in step.children}
        return {**children, **asked, **facts}.get(name) or _same(name)

    def values(self, values: str, params: Mapping[str, object]) -> BilingualText:
        """Return the titles of the values of the refusal's fact."""
        fact = self.process.fact(str(params.get("name", ""))) if self.process else None
        return listed(_value(fact, value) for value in values.split(_SEPARATOR))

    def document(self, kind: str, _params: Mapping[str, object]) -> BilingualText:
        """Return what a kind of outgoing document is called."""
        return TEXTS.text(f"document.{kind}")

    def title(self, name: str, _params: Mapping[str, object]) -> BilingualText:
        """Return the title of the process."""
        known = self.process is not None and self.process.name == name
        return self.process.title if self.process and known else _same(name)


def _same(text: str) -> BilingualText:
    return FixedText(text, text)


def _value(fact: Fact | None, value: str) -> BilingualText:
    return value_title(fact, value) if fact and value in fact.values else _same(value)


_WORDS: Final[Mapping[str, Callable[[RefusalWords, str, Mapping[str, object]], BilingualText]]] = {
    **dict.fromkeys(("step", "current", "next", "target"), RefusalWords.step),
    **dict.fromkeys(("transition", "transitions"), RefusalWords.transitions),
    **dict.fromkeys(("officer", "assignee", "who", "by", "substitute"), RefusalWords.officer),
    **dict.fromkeys(("value", "values"), RefusalWords.values),
    "unit": RefusalWords.unit,
    "role": RefusalWords.role,
    "name": RefusalWords.part_of_process,
    "kind": RefusalWords.document,
    "process": RefusalWords.title,
}
"""The words for a parameter of routing's refusals, by its name."""
