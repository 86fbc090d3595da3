"""Makes processes of a YAML tree. What a key means is told in docs/processes.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from services.kernel.durations import NO_DURATION, Duration, Unit
from services.kernel.warning import WarningRule
from services.routing.process import (
    Child,
    Consultation,
    Fact,
    FactKind,
    Paper,
    Process,
    Step,
    Timer,
    Title,
    Transition,
)
from services.routing.processes.conditions import (
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
from services.routing.processes.nodes import Findings, Node, Table
from services.routing.processes.places import Kind, Place, Places, Word

NAME: Final = r"[a-z][a-z0-9-]{0,39}"
UNIT: Final = r"[0-9A-Z]+(\.[0-9A-Z]+)*"
PAPERS: Final = ("result", "supplement", "return", "apology")
ENFORCED: Final = ("result", "supplement")
"""The kinds of paper without which something can be refused."""
NATIONAL_STATES: Final = (2, 4, 6, 8)
"""What a step can be on the national portal; the others are beginnings, ends and supplements."""
PERIOD: Final = Duration(Fraction(30), Unit.CALENDAR_DAY)
_WORDS: Final = {"channel": CHANNELS, "level": LEVELS, "result_channel": RESULT_CHANNELS}


@dataclass
class Read:
    """A process as it was read, and the lines of its parts: (step,), (step, part), ()."""

    process: Process
    lines: dict[Place, int] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    """Everything in it that the office has to know."""


def read_process(node: Node, findings: Findings) -> Read:
    """Read one document; what is wrong is noted, and a value that holds its place is used."""
    table = Table(node, "", findings)
    name = table.text("process", NAME)
    table.where = f"process {name}" if name else "process"
    table.line = table.at("process")
    version = table.number("version", 1, 10_000)
    title = _title(table)
    warning = table.parsed("warning", WarningRule.parse, WarningRule.parse("4wh"))
    touch = table.parsed("touch_within", Duration.parse, Duration(Fraction(1), Unit.WORKING_DAY))
    supplement = table.inner("supplement")
    rounds, period = 3, PERIOD
    if supplement is not None:
        rounds = supplement.number("rounds", 0, 20, default=3)
        period = supplement.parsed("period", Duration.parse, PERIOD)
        supplement.done()
    facts = tuple(_fact(row) for row in table.tables("facts", "fact"))
    places = Places({(): table.line})
    papers = _papers(table, places)
    steps = tuple(_step(row, facts, places) for row in table.tables("steps", "step", needed=True))
    table.done()
    process = Process(name, version, title, steps, warning, rounds, period, facts, papers, touch)
    return Read(process, places.lines, places.words)


def _title(table: Table) -> Title:
    node = table.get("title", needed=True)
    if node is None:
        return Title("", "")
    if node.text is not None:
        table.wrong("wrong-type", "title must have vi and en", node.line)
        return Title("", "")
    inner = Table(node, f"{table.where}, title", table.findings)
    title = Title(inner.text("vi"), inner.text("en"))
    inner.done()
    return title


def _fact(table: Table) -> Fact:
    name = table.text("name", NAME)
    title = _title(table)
    kind = table.choice("kind", [*FactKind], default=FactKind.CHOICE.value)
    values = tuple(table.words("values"))
    if kind == FactKind.CHOICE and len(values) < 2:
        table.wrong("missing", "values must name at least two choices", table.at("values"))
    if kind == FactKind.NUMBER and values:
        table.wrong("wrong-value", "a number has no values", table.at("values"))
    table.done()
    return Fact(name, title, FactKind(kind), values)


def _papers(table: Table, places: Places) -> dict[str, Paper]:
    found: dict[str, Paper] = {}
    for row in table.tables("papers", "paper"):
        kind = row.choice("name", PAPERS)
        review = row.text("review", rf"{NAME}|none", default="head")
        sign = row.text("sign", NAME, default="leader")
        places.names(row, "review", Kind.ROLE, review)
        places.names(row, "sign", Kind.ROLE, sign)
        required = row.flag("required", default=False)
        if required and kind and kind not in ENFORCED:
            row.wrong("wrong-value", f"required: only {' and '.join(ENFORCED)} can be")
        if kind in found:
            row.wrong("duplicate", f"there are two papers {kind}")
        found[kind] = Paper(kind, "" if review == "none" else review, sign, required)
        row.done()
    return found


def _national_state(table: Table) -> int:
    said, allowed = table.text("national_state", default=""), [str(n) for n in NATIONAL_STATES]
    if not table.has("national_state"):
        table.wrong("no-national-state", "has no national_state (2, 4, 6 or 8)")
    elif said and said not in allowed:
        text = f"national_state: {said!r} is none of {', '.join(allowed)}"
        table.wrong("no-national-state", text, table.at("national_state"))
    return int(said) if said in allowed else 0


def _step(table: Table, facts: tuple[Fact, ...], places: Places) -> Step:
    name = table.text("name", NAME)
    places.line(table, name)
    state = _national_state(table)
    when = _conditions(facts, places)
    step = Step(
        name,
        _title(table),
        table.text("unit", rf"dossier|parent|{UNIT}"),
        table.text("role", NAME),
        table.parsed("limit", Duration.parse, NO_DURATION),
        tuple(_transition(row, name, when, places) for row in table.tables("transitions", "way")),
        table.flag("resolves", default=False),
        _own_warning(table),
        state,
        tuple(table.words("states")),
        tuple(_timer(row, name, places) for row in table.tables("timers", "timer")),
        tuple(
            _consultation(row, name, when, places)
            for row in table.tables("consultations", "consultation")
        ),
        tuple(_child(row, name, when, places) for row in table.tables("children", "child")),
    )
    places.names(table, "unit", Kind.UNIT, step.unit)
    places.names(table, "role", Kind.ROLE, step.role)
    for stated in step.states:
        if stated not in {fact.name for fact in facts}:
            table.wrong("unknown-fact", f"states: there is no fact {stated}", table.at("states"))
    table.done()
    return step


def _own_warning(table: Table) -> WarningRule | None:
    own = table.parsed("warning", WarningRule.parse, WarningRule())
    return own if table.has("warning") else None


def _transition(
    table: Table, step: str, when: Callable[[Table], Condition], places: Places
) -> Transition:
    name = table.text("name", NAME)
    places.line(table, step, name)
    made = Transition(
        name, _title(table), table.text("to", NAME), when(table), table.flag("back", default=False)
    )
    table.done()
    return made


def _timer(table: Table, step: str, places: Places) -> Timer:
    after = table.parsed("after", Duration.parse, NO_DURATION)
    if not table.has("after") or after == NO_DURATION:
        table.wrong("timer", "after is missing: how long the step has been current")
    take = table.text("take", NAME, default="")
    if not take:
        table.wrong("timer", "take is missing: the way that it takes")
    places.line(table, step, "timer", take)
    table.done()
    return Timer(after, take)


def _consultation(
    table: Table, step: str, when: Callable[[Table], Condition], places: Places
) -> Consultation:
    made = Consultation(
        table.text("name", NAME),
        _title(table),
        table.text("unit", rf"dossier|parent|{UNIT}"),
        table.text("role", NAME, default="specialist"),
        table.parsed("limit", Duration.parse, NO_DURATION),
        table.flag("waits", default=True),
        when(table),
    )
    places.line(table, step, "consultation", made.name)
    places.names(table, "unit", Kind.UNIT, made.unit)
    places.names(table, "role", Kind.ROLE, made.role)
    table.done()
    return made


def _child(table: Table, step: str, when: Callable[[Table], Condition], places: Places) -> Child:
    made = Child(
        table.text("name", NAME),
        _title(table),
        table.text("procedure", r"[0-9]\.[0-9]{6}(\.[0-9A-Z]+)*"),
        table.flag("waits", default=True),
        when(table),
    )
    places.line(table, step, "child", made.name)
    places.names(table, "procedure", Kind.PROCEDURE, made.procedure)
    table.done()
    return made


def _conditions(facts: tuple[Fact, ...], places: Places) -> Callable[[Table], Condition]:
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
    for key, form in (("procedure", r"[0-9]\.[0-9]{6}(\.[0-9A-Z]+)*"), ("unit", UNIT)):
        if table.has(key):
            words = tuple(word for word in table.words(key))
            for word in words:
                if not re.fullmatch(form, word):
                    table.wrong("wrong-value", f"{key}: {word!r} is no code", table.at(key))
                else:
                    places.names(table, key, Kind(key), word)
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
