"""Conditions on the facts of a case: pure values, evaluation, and the cases they tell apart.

``circumstances`` map the names of facts to their values as texts; ``supplement_rounds`` is a number
in text. A fact that nobody stated is absent, and no condition on it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

Circumstances = Mapping[str, str]

CHANNELS: Final = ("online", "counter", "post", "email", "internal")
LEVELS: Final = ("whole", "partial")
RESULT_CHANNELS: Final = ("online", "counter", "post")
STATED: Final = "stated."
"""The prefix of facts that officers state."""
OTHERWISE: Final = "(any other)"
NOT_STATED: Final = "(not stated)"
MOST_COMBINATIONS: Final = 50_000


@dataclass(frozen=True, slots=True)
class OneOf:
    """A fact has one of these values."""

    fact: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A fact is a whole number that is not below ``low`` and not above ``high``."""

    fact: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """The dossier's unit is one of these or lies below one."""

    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds; without parts, always."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition = OneOf | Between | Within | Both | Either | Not
ALWAYS: Final = Both()


def holds(condition: Condition, circumstances: Circumstances) -> bool:
    """Return whether a condition holds."""
    match condition:
        case OneOf(fact, values):
            return circumstances.get(fact) in values
        case Between(fact, low, high):
            number = _number(circumstances.get(fact))
            above = low is None or (number is not None and number >= low)
            return number is not None and above and (high is None or number <= high)
        case Within(units):
            unit = circumstances.get("unit", "")
            return any(unit == top or unit.startswith(f"{top}.") for top in units)
        case Both(parts):
            return all(holds(part, circumstances) for part in parts)
        case Either(parts):
            return any(holds(part, circumstances) for part in parts)
        case Not(part):
            return not holds(part, circumstances)


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def comparisons_in(condition: Condition) -> Iterator[OneOf | Between | Within]:
    """Yield every comparison inside a condition."""
    match condition:
        case Both(parts) | Either(parts):
            for part in parts:
                yield from comparisons_in(part)
        case Not(part):
            yield from comparisons_in(part)
        case _:
            yield condition


def fact_of(leaf: OneOf | Between | Within) -> str:
    """Return the fact that a comparison tests."""
    return "unit" if isinstance(leaf, Within) else leaf.fact


def without_unstated(case: Circumstances) -> dict[str, str]:
    """Return one of the ``combinations`` without the facts that are not stated in it."""
    return {fact: value for fact, value in case.items() if value != NOT_STATED}


def combinations(
    conditions: Iterable[Condition], domains: Mapping[str, Sequence[str]], known: Iterable[str]
) -> list[dict[str, str]] | None:
    """Return circumstances that cover every case which the conditions can tell apart.

    ``domains`` are the values of facts with a few known ones; for other facts, the values in the
    conditions and one more stand for all. Stated facts that are not ``known`` may be missing.
    Return None for more than ``MOST_COMBINATIONS``.
    """
    comparisons = [leaf for condition in conditions for leaf in comparisons_in(condition)]
    given = set(known)
    choices: dict[str, list[str]] = {}
    for fact in dict.fromkeys(map(fact_of, comparisons)):
        values = list(domains.get(fact, ())) or _distinct_values(fact, comparisons)
        if fact.startswith(STATED) and fact not in given:
            values.append(NOT_STATED)
        choices[fact] = values
    count = 1
    for values in choices.values():
        count *= len(values)
    if count > MOST_COMBINATIONS:
        return None
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def can_hold(
    condition: Condition, domains: Mapping[str, Sequence[str]], known: Iterable[str]
) -> bool | None:
    """Return whether a condition holds in one of its ``combinations``; None for too many."""
    found = combinations([condition], domains, known)
    return None if found is None else any(holds(condition, without_unstated(c)) for c in found)


def _distinct_values(fact: str, comparisons: Iterable[OneOf | Between | Within]) -> list[str]:
    numbers: set[int] = set()
    texts: dict[str, None] = {}
    for comparison in comparisons:
        match comparison:
            case Within(units) if fact == "unit":
                texts.update(dict.fromkeys(units))
            case Between(name, low, high) if name == fact:
                numbers |= {n + d for n in (low, high) if n is not None for d in (-1, 0, 1)}
            case OneOf(name, values) if name == fact:
                texts.update(dict.fromkeys(values))
    if numbers:
        return [str(number) for number in sorted(numbers)]
    return [*texts, OTHERWISE]
