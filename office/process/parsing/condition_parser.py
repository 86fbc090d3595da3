"""Reader of the conditions of a process: the tables under ``when``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from office.process.model.conditions import (
    ALWAYS,
    CHANNELS,
    LEVELS,
    RESULT_CHANNELS,
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
from office.process.parsing.locations import ReferenceKind, SourceLocations
from office.process.parsing.yaml_nodes import TableReader, TextForm

_UNIT: Final = r"[0-9A-Z]+(\.[0-9A-Z]+)*"
UNIT: Final = TextForm(_UNIT, "the code of a unit such as H22.12")
UNIT_RULE: Final = TextForm(rf"dossier|parent|{_UNIT}", f"dossier, parent, or {UNIT.description}")
PROCEDURE: Final = TextForm(
    r"[0-9]\.[0-9]{6}(\.[0-9A-Z]+)*", "the code of a procedure such as 1.012766"
)
_CHOICES: Final = {"channel": CHANNELS, "level": LEVELS, "result_channel": RESULT_CHANNELS}


def condition_reader(
    facts: tuple[Fact, ...], places: SourceLocations
) -> Callable[[TableReader], Condition]:
    """Return a reader of the conditions of transitions, consultations and children."""
    known = {fact.name: fact for fact in facts}

    def of(table: TableReader) -> Condition:
        inner = table.inner("when")
        return ALWAYS if inner is None else read_condition(inner, known, places)

    return of


def read_condition(
    table: TableReader, facts: dict[str, Fact], places: SourceLocations
) -> Condition:
    """Read a condition: every key of the table has to hold."""
    parts: list[Condition] = []
    for key, allowed in _CHOICES.items():
        if table.has(key):
            parts.append(OneOf(key, _read_choices(table, key, allowed)))
    for key, form in (("procedure", PROCEDURE), ("unit", UNIT)):
        if table.has(key):
            values = tuple(value for value in table.texts(key))
            for value in values:
                if not re.fullmatch(form.pattern, value):
                    text = f"{key}: {value!r} must be {form.description}"
                    table.wrong("wrong-value", text, table.at(key))
                else:
                    places.add_references(table, key, ReferenceKind(key), value)
            parts.append(Within(values) if key == "unit" else OneOf(key, values))
    if (rounds := table.inner("supplement_rounds")) is not None:
        parts.append(_read_between(rounds, "supplement_rounds"))
    if (stated := table.inner("stated")) is not None:
        parts += _read_stated(stated, facts)
    if (part := table.inner("not")) is not None:
        parts.append(Not(read_condition(part, facts, places)))
    if table.has("any"):
        either = [read_condition(row, facts, places) for row in table.tables("any", "any")]
        parts.append(Either(tuple(either)))
    if not table.names():
        table.wrong("wrong-value", "a condition without a key: leave it out")
    table.done()
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def _read_choices(table: TableReader, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = tuple(table.texts(key))
    for value in values:
        if value not in allowed:
            text = f"{key}: {value!r} is none of {', '.join(allowed)}"
            table.wrong("wrong-value", text, table.at(key))
    return values


def _read_between(table: TableReader, fact: str) -> Between:
    low = table.number("min", -(10**9), 10**9, default=0) if table.has("min") else None
    high = table.number("max", -(10**9), 10**9, default=0) if table.has("max") else None
    if low is None and high is None:
        table.wrong("wrong-value", "min or max is missing")
    for key in ("min", "max"):
        if not table.has(key):
            table.get(key)
    table.done()
    return Between(fact, low, high)


def _read_stated(table: TableReader, facts: dict[str, Fact]) -> list[Condition]:
    parts: list[Condition] = []
    for name in table.names():
        fact = facts.get(name)
        if fact is None:
            table.get(name)
            if "" not in facts:  # a fact without a name might be it
                table.wrong("unknown-fact", f"there is no fact {name}", table.at(name))
        elif fact.kind is FactKind.NUMBER:
            inner = table.inner(name)
            assert inner is not None
            parts.append(_read_between(inner, STATED + name))
        else:
            values = tuple(table.texts(name))
            for value in values:
                if fact.values and value not in fact.values:
                    text = f"{name}: {value!r} is none of {', '.join(fact.values)}"
                    table.wrong("wrong-value", text, table.at(name))
            parts.append(OneOf(STATED + name, values))
    return parts
