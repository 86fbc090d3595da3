"""Parser of processes from the tables of a file; docs/processes.md explains the keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Final, TypeVar

from kernel.documents.reading import DocumentTable, read_document
from office.process.model.process import (
    Child,
    Consultation,
    DocumentRule,
    Fact,
    FactKind,
    Process,
    Step,
    Timer,
    Title,
    Transition,
)
from office.process.parsing.condition_parser import condition_of
from office.process.parsing.entries import (
    ChildEntry,
    ConsultationEntry,
    DocumentEntry,
    FactEntry,
    ProcessEntry,
    StepEntry,
    SupplementEntry,
    TimerEntry,
    TransitionEntry,
)
from office.process.parsing.parsed_process import ParsedParts, ParsedProcess
from office.process.parsing.process_file import ProcessReader
from office.texts import OFFICE_TEXTS
from office.worktime.durations import NO_DURATION
from office.worktime.warning_rule import WarningRule

_Part = TypeVar("_Part", Process, Step, Transition, Consultation, Child, Fact)
_PLACEHOLDERS: Final[Mapping[str, Any]] = {
    "version": 1,
    "kind": FactKind.CHOICE,
    "time_limit": NO_DURATION,
    "first_action_within": NO_DURATION,
    "warning": WarningRule(),
    "waits": True,
    "back": False,
    "resolves": True,  # what can't be read might be true: then the step is no dead end
}
"""For values with mistakes; an empty text for all others."""
ENFORCED: Final = ("result", "supplement")
"""The kinds of documents that can be required."""


def read_process(reader: ProcessReader) -> ParsedProcess | None:
    """Return the process in one document; placeholders stand for values with mistakes. Return None
    for what is no table.
    """
    entry = read_document(ProcessEntry, reader)
    return None if entry is None else _Parser(reader).process(entry)


class _Parser:
    def __init__(self, reader: ProcessReader) -> None:
        self._reader = reader
        self._parts = ParsedParts(reader)
        self._facts: dict[str, Fact] = {}

    def process(self, entry: ProcessEntry) -> ParsedProcess:
        if not (hasattr(entry, "process") and hasattr(entry, "version")):
            self._parts.unsound.add(())
        facts = tuple(self._fact(each) for each in getattr(entry, "facts", ()))
        self._facts = {fact.name: fact for fact in facts}
        documents = self._documents(entry)
        supplement = getattr(entry, "supplement", SupplementEntry())
        process = _made(
            Process,
            entry,
            name=self._reader.name_at(("process",)),
            steps=tuple(self._step(each) for each in getattr(entry, "steps", ())),
            supplement_rounds=getattr(supplement, "rounds", 0),
            supplement_period=getattr(supplement, "period", NO_DURATION),
            facts=facts,
            documents=documents,
        )
        return ParsedProcess(process, self._parts)

    def _name(self, entry: DocumentTable, key: str = "name") -> str:
        """Return a name, also one of a wrong form, so that references to it resolve."""
        return self._reader.name_at((*entry.path, key)) or getattr(entry, key, "")

    def _fact(self, entry: FactEntry) -> Fact:
        name, values = self._name(entry), getattr(entry, "values", [])
        with self._reader.rule():
            if entry.kind is FactKind.CHOICE and len(entry.values) < 2:
                self._wrong(entry, "values", "missing", "choices")
            if entry.kind is FactKind.NUMBER and values:
                self._wrong(entry, "values", "wrong-value", "no_choices")
        if self._reader.has_mistake(entry.path):
            self._parts.unsound_facts.add(name)
        titles = {value: _title(found) for value, found in getattr(entry, "titles", {}).items()}
        for value in titles:
            if value not in values:
                known = ", ".join(values) or "-"
                text = OFFICE_TEXTS.text("process.no_value", value=value, known=known)
                self._reader.wrong((*entry.path, "titles"), "wrong-value", text)
        return _made(Fact, entry, name=name, values=tuple(values), titles=titles)

    def _documents(self, entry: ProcessEntry) -> dict[str, DocumentRule]:
        found: dict[str, DocumentRule] = {}
        each: DocumentEntry
        for each in getattr(entry, "documents", ()):
            kind, review = getattr(each, "name", ""), getattr(each, "review", "")
            sign, required = getattr(each, "sign", ""), getattr(each, "required", False)
            self._refer(each, "role", "review", "sign")
            self._parts.paths.setdefault(("", "document", kind), each.path)
            if required and kind and kind not in ENFORCED:
                self._wrong(each, "required", "wrong-value", "required")
            if kind in found:
                self._wrong(each, "name", "duplicate", "document_twice")
            found[kind] = DocumentRule(kind, "" if review == "none" else review, sign, required)
        return found

    def _step(self, entry: StepEntry) -> Step:
        name = self._name(entry)
        self._parts.paths.setdefault((name,), entry.path)
        transitions: list[TransitionEntry] = getattr(entry, "transitions", [])
        listed = self._reader.value_at((*entry.path, "transitions")) or ()
        if not hasattr(entry, "transitions") or len(transitions) < len(listed):
            self._parts.unsound.add((name,))
        self._refer(entry, "unit", "unit")
        self._refer(entry, "role", "role")
        return _made(
            Step,
            entry,
            name=name,
            transitions=tuple(self._transition(each, name) for each in transitions),
            national_state=int(getattr(entry, "national_state", 0)),
            states=tuple(self._states(entry)),
            timers=tuple(self._timer(each, name) for each in getattr(entry, "timers", ())),
            consultations=tuple(
                self._consultation(each, name) for each in getattr(entry, "consultations", ())
            ),
            children=tuple(self._child(each, name) for each in getattr(entry, "children", ())),
        )

    def _states(self, entry: StepEntry) -> Iterator[str]:
        for place, stated in enumerate(getattr(entry, "states", self._facts)):
            if stated not in self._facts and "" not in self._facts:
                text = OFFICE_TEXTS.text("process.unknown_fact", fact=stated)
                self._reader.wrong((*entry.path, "states", place), "unknown-fact", text)
            yield stated

    def _transition(self, entry: TransitionEntry, step: str) -> Transition:
        name = self._name(entry)
        if not (hasattr(entry, "to") and hasattr(entry, "back")):
            self._parts.unsound.add((step,))
        when = self._condition(entry, step, name)
        return _made(Transition, entry, name=name, to=self._name(entry, "to"), when=when)

    def _condition(self, entry: Any, *place: str) -> Any:
        """Return the condition of a part; one with a mistake is marked and not checked further."""
        self._parts.paths.setdefault(place, entry.path)
        condition = condition_of(getattr(entry, "when", None), self._facts, self._parts)
        if not hasattr(entry, "when") or self._reader.has_mistake((*entry.path, "when")):
            self._parts.unsound.add(place)
        return condition

    def _timer(self, entry: TimerEntry, step: str) -> Timer:
        take = self._name(entry, "take")
        self._parts.paths.setdefault((step, "timer", take), entry.path)
        for key, missing in (("after", NO_DURATION), ("take", "")):
            if getattr(entry, key, None) == missing:
                self._wrong(entry, key, "timer", f"timer_{key}")
        return Timer(getattr(entry, "after", NO_DURATION), take)

    def _consultation(self, entry: ConsultationEntry, step: str) -> Consultation:
        name = self._name(entry)
        self._refer(entry, "unit", "unit")
        self._refer(entry, "role", "role")
        when = self._condition(entry, step, "consultation", name)
        return _made(Consultation, entry, name=name, when=when)

    def _child(self, entry: ChildEntry, step: str) -> Child:
        name = self._name(entry)
        self._refer(entry, "procedure", "procedure")
        when = self._condition(entry, step, "child", name)
        return _made(Child, entry, name=name, when=when)

    def _refer(self, entry: DocumentTable, kind: str, *keys: str) -> None:
        for key in keys:
            self._parts.refer(kind, getattr(entry, key, ""), (*entry.path, key))

    def _wrong(self, entry: DocumentTable, key: str, rule: str, text: str) -> None:
        self._reader.wrong((*entry.path, key), rule, OFFICE_TEXTS.text(f"process.{text}"))


def _title(entry: object) -> Title:
    return Title(getattr(entry, "vi", ""), getattr(entry, "en", ""))


def _made(kind: type[_Part], entry: Any, **own: Any) -> _Part:
    """Return a part of a process: the sound values of its table, and placeholders for others."""
    own["title"] = _title(getattr(entry, "title", None))
    names = [each.name for each in fields(kind) if each.init and each.name not in own]
    values = {name: getattr(entry, name, _PLACEHOLDERS.get(name, "")) for name in names}
    return kind(**values, **own)
