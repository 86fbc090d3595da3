"""The conditions of a process from its tables under ``when``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kernel.documents.mistakes import KeyPath
from kernel.documents.reading import read_document
from office.process.model.conditions import (
    ALWAYS,
    STATED,
    Between,
    Both,
    Condition,
    Either,
    Not,
    OneOf,
    Within,
)
from office.process.model.process import Fact, FactKind
from office.process.parsing.entries import BetweenEntry, ConditionEntry
from office.process.parsing.parsed_process import ParsedParts
from office.texts import OFFICE_TEXTS

Facts = Mapping[str, Fact]
_ONE_OF = ("channel", "level", "result_channel", "procedure")


def condition_of(entry: ConditionEntry | None, facts: Facts, parts: ParsedParts) -> Condition:
    """Return a condition as far as it is sound; every key of its table has to hold."""
    if entry is None:
        return ALWAYS
    for key in ("procedure", "unit"):
        for place, name in enumerate(getattr(entry, key, ())):
            parts.refer(key, name, (*entry.path, key, place))
    if parts.reader.value_at(entry.path) == {}:
        text = OFFICE_TEXTS.text("process.condition_empty")
        parts.reader.wrong(entry.path, "wrong-value", text)
    found = list(_parts(entry, facts, parts))
    return found[0] if len(found) == 1 else Both(tuple(found))


def _parts(entry: ConditionEntry, facts: Facts, parts: ParsedParts) -> Iterator[Condition]:
    given = entry.model_fields_set
    for key in _ONE_OF:
        if key in given:
            yield OneOf(key, tuple(getattr(entry, key)))
    if "unit" in given:
        yield Within(tuple(entry.unit))
    if "supplement_rounds" in given:
        yield _between("supplement_rounds", entry.supplement_rounds, parts)
    if "stated" in given:
        for name, value in entry.stated.items():
            yield from _stated(name, value, (*entry.path, "stated", name), facts, parts)
    if "negated" in given:
        yield Not(condition_of(entry.negated, facts, parts))
    if "any" in given:
        yield Either(tuple(condition_of(each, facts, parts) for each in entry.any))


def _stated(
    name: str, value: object, path: KeyPath, facts: Facts, parts: ParsedParts
) -> Iterator[Condition]:
    fact, reader = facts.get(name), parts.reader
    values: list[Any] = value if isinstance(value, list) else [value]
    if fact is None:
        if "" not in facts:  # a fact without a name might be it
            text = OFFICE_TEXTS.text("process.unknown_fact", fact=name)
            reader.wrong(path, "unknown-fact", text)
    elif fact.kind is FactKind.NUMBER:
        yield _between(STATED + name, read_document(BetweenEntry, reader, path), parts)
    elif not all(isinstance(each, str) for each in values):
        reader.wrong(path, "wrong-type", OFFICE_TEXTS.text("process.texts"))
    else:
        strange = [each for each in values if fact.values and each not in fact.values]
        again = [each for each in values if values.count(each) > 1]
        if strange:
            known = ", ".join(fact.values)
            text = OFFICE_TEXTS.text("process.no_value", value=strange[0], known=known)
            reader.wrong(path, "wrong-value", text)
        elif again:
            text = OFFICE_TEXTS.text("process.value_twice", value=again[0])
            reader.wrong(path, "duplicate", text)
        yield OneOf(STATED + name, tuple(values))


def _between(fact: str, entry: BetweenEntry | None, parts: ParsedParts) -> Condition:
    low = high = None
    if entry is not None:
        with parts.reader.rule():
            low, high = entry.min, entry.max
            if low is None and high is None:
                text = OFFICE_TEXTS.text("process.bounds")
                parts.reader.wrong(entry.path, "wrong-value", text)
    return Between(fact, low, high)
