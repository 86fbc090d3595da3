"""Reads the conditions of a process: the tables under ``when``."""

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
from office.process.parsing.locations import LocationKind, Places
from office.process.parsing.yaml_nodes import Table, YamlForm

_UNIT: Final = r"[0-9A-Z]+(\.[0-9A-Z]+)*"
UNIT: Final = YamlForm(_UNIT, "the code of a unit such as H22.12")
WHERE: Final = YamlForm(rf"dossier|parent|{_UNIT}", f"dossier, parent, or {UNIT.words}")
PROCEDURE: Final = YamlForm(
    r"[0-9]\.[0-9]{6}(\.[0-9A-Z]+)*", "the code of a procedure such as 1.012766"
)
_WORDS: Final = {"channel": CHANNELS, "level": LEVELS, "result_channel": RESULT_CHANNELS}


def conditions_of(facts: tuple[Fact, ...], places: Places) -> Callable[[Table], Condition]:
    """Return what reads the condition of a way, a consultation or a child."""
    known = {fact.name: fact for fact in facts}

    def of(table: Table) -> Condition:
        inner = table.inner("when")
        return ALWAYS if inner is None else condition(inner, known, places)

    return of


def condition(table: Table, facts: dict[str, Fact], places: Places) -> Condition:
    """Read a condition: every key of the table has to hold."""
    parts: list[Condition] = []
    for key, allowed in _WORDS.items():
        if table.has(key):
            parts.append(OneOf(key, _words(table, key, allowed)))
    for key, form in (("procedure", PROCEDURE), ("unit", UNIT)):
        if table.has(key):
            words = tuple(word for word in table.words(key))
            for word in words:
                if not re.fullmatch(form.pattern, word):
                    text = f"{key}: {word!r} must be {form.words}"
                    table.wrong("wrong-value", text, table.at(key))
                else:
                    places.names(table, key, LocationKind(key), word)
            parts.append(Within(words) if key == "unit" else OneOf(key, words))
    if (rounds := table.inner("supplement_rounds")) is not None:
        parts.append(_between(rounds, "supplement_rounds"))
    if (stated := table.inner("stated")) is not None:
        parts += _stated(stated, facts)
    if (part := table.inner("not")) is not None:
        parts.append(Not(condition(part, facts, places)))
    if table.has("any"):
        either = [condition(row, facts, places) for row in table.tables("any", "any")]
        parts.append(Either(tuple(either)))
    if not table.names():
        table.wrong("wrong-value", "a condition without a key: leave it out")
    table.done()
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def _words(table: Table, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(table.words(key))
    for word in words:
        if word not in allowed:
            text = f"{key}: {word!r} is none of {', '.join(allowed)}"
            table.wrong("wrong-value", text, table.at(key))
    return words


def _between(table: Table, fact: str) -> Between:
    low = table.number("min", -(10**9), 10**9, default=0) if table.has("min") else None
    high = table.number("max", -(10**9), 10**9, default=0) if table.has("max") else None
    if low is None and high is None:
        table.wrong("wrong-value", "min or max is missing")
    for key in ("min", "max"):
        if not table.has(key):
            table.get(key)
    table.done()
    return Between(fact, low, high)


def _stated(table: Table, facts: dict[str, Fact]) -> list[Condition]:
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
            parts.append(_between(inner, STATED + name))
        else:
            words = tuple(table.words(name))
            for word in words:
                if fact.values and word not in fact.values:
                    text = f"{name}: {word!r} is none of {', '.join(fact.values)}"
                    table.wrong("wrong-value", text, table.at(name))
            parts.append(OneOf(STATED + name, words))
    return parts
