"""Makes processes of a YAML tree. What a key means is told in docs/processes.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from office.process.model.conditions import Condition
from office.process.model.process import (
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
from office.process.parsing.condition_parser import PROCEDURE, WHERE, conditions_of
from office.process.parsing.locations import LocationKind, Places
from office.process.parsing.yaml_nodes import Findings, Table, YamlForm, YamlNode
from office.worktime.durations import NO_DURATION, Duration, DurationUnit
from office.worktime.warning_rule import WarningRule

NAME: Final = YamlForm(
    r"[a-z][a-z0-9-]{0,39}",
    "at most 40 small letters a-z, digits and hyphens, a letter first",
)
REVIEW: Final = YamlForm(rf"{NAME.pattern}|none", "a role, or none")
PAPERS: Final = ("result", "supplement", "return", "apology")
ENFORCED: Final = ("result", "supplement")
"""The kinds of paper without which something can be refused."""
NATIONAL_STATES: Final = (2, 4, 6, 8)
"""What a step can be on the national portal; the others are beginnings, ends and supplements."""
PERIOD: Final = Duration(Fraction(30), DurationUnit.CALENDAR_DAY)
_FACT: Final = ("name", "title", "kind", "values")
_STEP: Final = (
    *("name", "title", "unit", "role", "limit", "transitions", "resolves", "warning"),
    *("national_state", "states", "timers", "consultations", "children"),
)
_WAY: Final = ("name", "title", "to", "when", "back")
_TIMER: Final = ("after", "take")


@dataclass
class Read:
    """A process as it was read, and what is known of its parts."""

    process: Process
    places: Places


def read_process(node: YamlNode, findings: Findings) -> Read:
    """Read one document; what is wrong is noted, and a value that holds its place is used."""
    seen = findings.times
    table = Table(node, "", findings)
    places = Places({(): table.at("process")})
    name = table.named("process", NAME)
    table.where = f"process {name}" if name else "process"
    table.line = table.at("process")
    version = table.number("version", 1, 10_000)
    if findings.times > seen:
        places.unsound.add(())
    title = _title(table)
    warning = table.parsed("warning", WarningRule.parse, WarningRule.parse("4wh"))
    touch = table.parsed(
        "touch_within", Duration.parse, Duration(Fraction(1), DurationUnit.WORKING_DAY)
    )
    supplement = table.inner("supplement")
    rounds, period = 3, PERIOD
    if supplement is not None:
        rounds = supplement.number("rounds", 0, 20, default=3)
        period = supplement.parsed("period", Duration.parse, PERIOD)
        supplement.done()
    facts = tuple(_fact(row, places) for row in table.tables("facts", "fact"))
    papers = _papers(table, places)
    steps = tuple(_step(row, facts, places) for row in table.tables("steps", "step", needed=True))
    table.done()
    process = Process(name, version, title, steps, warning, rounds, period, facts, papers, touch)
    return Read(process, places)


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


def _fact(table: Table, places: Places) -> Fact:
    seen = table.findings.times
    name = table.named("name", NAME)
    title = _title(table)
    kind = table.choice("kind", [*FactKind], default=FactKind.CHOICE.value)
    values = tuple(table.words("values"))
    if table.misspelt("values", _FACT):
        places.unsound_facts.add(name)
    elif kind == FactKind.CHOICE and len(values) < 2:
        table.wrong("missing", "values must name at least two choices", table.at("values"))
    if kind == FactKind.NUMBER and values:
        table.wrong("wrong-value", "a number has no values", table.at("values"))
    if table.findings.times > seen:
        places.unsound_facts.add(name)
    table.done()
    return Fact(name, title, FactKind(kind), values)


def _papers(table: Table, places: Places) -> dict[str, Paper]:
    found: dict[str, Paper] = {}
    for row in table.tables("papers", "paper"):
        kind = row.choice("name", PAPERS)
        review = row.text("review", REVIEW, default="head")
        sign = row.text("sign", NAME, default="leader")
        places.names(row, "review", LocationKind.ROLE, review)
        places.names(row, "sign", LocationKind.ROLE, sign)
        places.line(row, "", "paper", kind)
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
        if not table.misspelt("national_state", _STEP):
            table.wrong("no-national-state", "has no national_state (2, 4, 6 or 8)")
    elif said and said not in allowed:
        text = f"national_state: {said!r} is none of {', '.join(allowed)}"
        table.wrong("no-national-state", text, table.at("national_state"))
    return int(said) if said in allowed else 0


def _step(table: Table, facts: tuple[Fact, ...], places: Places) -> Step:
    name = table.named("name", NAME)
    places.line(table, name)
    state = _national_state(table)
    when = conditions_of(facts, places)
    known = tuple(fact.name for fact in facts)
    seen = table.findings.times
    # What can't be read might be true: then nothing leads nowhere.
    resolves = table.flag("resolves", default=False) or table.findings.times > seen
    resolves = resolves or table.misspelt("resolves", _STEP)
    if not table.lists("transitions") or table.misspelt("transitions", _STEP):
        places.unsound.add((name,))
    step = Step(
        name,
        _title(table),
        table.text("unit", WHERE),
        table.text("role", NAME),
        table.parsed("limit", Duration.parse, NO_DURATION),
        tuple(_transition(row, name, when, places) for row in table.tables("transitions", "way")),
        resolves,
        _own_warning(table),
        state,
        tuple(table.words("states")) or (known if table.misspelt("states", _STEP) else ()),
        tuple(_timer(row, name, places) for row in table.tables("timers", "timer")),
        tuple(
            _consultation(row, name, when, places)
            for row in table.tables("consultations", "consultation")
        ),
        tuple(_child(row, name, when, places) for row in table.tables("children", "child")),
    )
    places.names(table, "unit", LocationKind.UNIT, step.unit)
    places.names(table, "role", LocationKind.ROLE, step.role)
    for stated in step.states:
        if stated not in known and "" not in known:
            table.wrong("unknown-fact", f"states: there is no fact {stated}", table.at("states"))
    table.done()
    return step


def _own_warning(table: Table) -> WarningRule | None:
    own = table.parsed("warning", WarningRule.parse, WarningRule())
    return own if table.has("warning") else None


def _transition(
    table: Table, step: str, when: Callable[[Table], Condition], places: Places
) -> Transition:
    name = table.named("name", NAME)
    places.line(table, step, name)
    seen = table.findings.times
    to, back = table.named("to", NAME), table.flag("back", default=False)
    if table.findings.times > seen or table.misspelt("back", _WAY):
        places.unsound.add((step,))
    condition = _judged(table, when, places, step, name)
    made = Transition(name, _title(table), to, condition, back)
    table.done()
    return made


def _judged(
    table: Table, when: Callable[[Table], Condition], places: Places, *place: str
) -> Condition:
    """Read a condition; one with a mistake is none of which more can be said."""
    seen = table.findings.times
    condition = when(table)
    if table.findings.times > seen or table.misspelt("when", _WAY):
        places.unsound.add(place)
    return condition


def _timer(table: Table, step: str, places: Places) -> Timer:
    seen = table.findings.times
    after = table.parsed("after", Duration.parse, NO_DURATION)
    noted = table.findings.times > seen or table.misspelt("after", _TIMER)
    if after == NO_DURATION and not noted:
        table.wrong("timer", "after is missing: how long the step has been current")
    take = table.named("take", NAME, default="")
    if not take and not table.misspelt("take", _TIMER):
        table.wrong("timer", "take is missing: the way that it takes")
    places.line(table, step, "timer", take)
    table.done()
    return Timer(after, take)


def _consultation(
    table: Table, step: str, when: Callable[[Table], Condition], places: Places
) -> Consultation:
    name = table.named("name", NAME)
    made = Consultation(
        name,
        _title(table),
        table.text("unit", WHERE),
        table.text("role", NAME, default="specialist"),
        table.parsed("limit", Duration.parse, NO_DURATION),
        table.flag("waits", default=True),
        _judged(table, when, places, step, "consultation", name),
    )
    places.line(table, step, "consultation", made.name)
    places.names(table, "unit", LocationKind.UNIT, made.unit)
    places.names(table, "role", LocationKind.ROLE, made.role)
    table.done()
    return made


def _child(table: Table, step: str, when: Callable[[Table], Condition], places: Places) -> Child:
    name = table.named("name", NAME)
    made = Child(
        name,
        _title(table),
        table.text("procedure", PROCEDURE),
        table.flag("waits", default=True),
        _judged(table, when, places, step, "child", name),
    )
    places.line(table, step, "child", made.name)
    places.names(table, "procedure", LocationKind.PROCEDURE, made.procedure)
    table.done()
    return made
