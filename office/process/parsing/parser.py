"""Parser of processes from YAML trees; docs/processes.md explains the keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from office.process.model.conditions import Condition
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
from office.process.parsing.condition_parser import PROCEDURE, UNIT_RULE, condition_reader
from office.process.parsing.locations import ReferenceKind, SourceLocations
from office.process.parsing.yaml_nodes import MistakeList, TableReader, TextForm, YamlNode
from office.worktime.durations import NO_DURATION, Duration, DurationUnit
from office.worktime.warning_rule import WarningRule

NAME: Final = TextForm(
    r"[a-z][a-z0-9-]{0,39}",
    "at most 40 small letters a-z, digits and hyphens, a letter first",
)
REVIEW: Final = TextForm(rf"{NAME.pattern}|none", "a role, or none")
DOCUMENT_KINDS: Final = ("result", "supplement", "return", "apology")
ENFORCED: Final = ("result", "supplement")
"""The kinds of documents that can be required."""
NATIONAL_STATES: Final = (2, 4, 6, 8)
"""The states of a step on the national portal; the others are starts, ends and supplements."""
DEFAULT_SUPPLEMENT_PERIOD: Final = Duration(Fraction(30), DurationUnit.CALENDAR_DAY)
_FACT_KEYS: Final = ("name", "title", "kind", "values")
_STEP_KEYS: Final = (
    *("name", "title", "unit", "role", "limit", "transitions", "resolves", "warning"),
    *("national_state", "states", "timers", "consultations", "children"),
)
_TRANSITION_KEYS: Final = ("name", "title", "to", "when", "back")
_TIMER_KEYS: Final = ("after", "take")


@dataclass
class ParsedProcess:
    """A process as read, with the locations of its parts."""

    process: Process
    places: SourceLocations


def read_process(node: YamlNode, mistake_list: MistakeList) -> ParsedProcess:
    """Return the process in one document; placeholders stand for values with mistakes."""
    before = mistake_list.noted
    table = TableReader(node, "", mistake_list)
    places = SourceLocations({(): table.at("process")})
    name = table.named("process", NAME)
    table.where = f"process {name}" if name else "process"
    table.line = table.at("process")
    version = table.number("version", 1, 10_000)
    if mistake_list.noted > before:
        places.unsound.add(())
    title = _title(table)
    warning = table.parsed("warning", WarningRule.parse, WarningRule.parse("4wh"))
    first_action = table.parsed(
        "first_action_within", Duration.parse, Duration(Fraction(1), DurationUnit.WORKING_DAY)
    )
    supplement = table.inner("supplement")
    rounds, period = 3, DEFAULT_SUPPLEMENT_PERIOD
    if supplement is not None:
        rounds = supplement.number("rounds", 0, 20, default=3)
        period = supplement.parsed("period", Duration.parse, DEFAULT_SUPPLEMENT_PERIOD)
        supplement.done()
    facts = tuple(_fact(row, places) for row in table.tables("facts", "fact"))
    documents = _documents(table, places)
    steps = tuple(_step(row, facts, places) for row in table.tables("steps", "step", needed=True))
    table.done()
    process = Process(
        name, version, title, steps, warning, rounds, period, facts, documents, first_action
    )
    return ParsedProcess(process, places)


def _title(table: TableReader) -> Title:
    node = table.get("title", needed=True)
    if node is None:
        return Title("", "")
    if node.text is not None:
        table.wrong("wrong-type", "title must have vi and en", node.line)
        return Title("", "")
    inner = TableReader(node, f"{table.where}, title", table.mistake_list)
    title = Title(inner.text("vi"), inner.text("en"))
    inner.done()
    return title


def _fact(table: TableReader, places: SourceLocations) -> Fact:
    seen = table.mistake_list.noted
    name = table.named("name", NAME)
    title = _title(table)
    kind = table.choice("kind", [*FactKind], default=FactKind.CHOICE.value)
    values = tuple(table.texts("values"))
    if table.misspelt("values", _FACT_KEYS):
        places.unsound_facts.add(name)
    elif kind == FactKind.CHOICE and len(values) < 2:
        table.wrong("missing", "values must name at least two choices", table.at("values"))
    if kind == FactKind.NUMBER and values:
        table.wrong("wrong-value", "a number has no values", table.at("values"))
    if table.mistake_list.noted > seen:
        places.unsound_facts.add(name)
    table.done()
    return Fact(name, title, FactKind(kind), values)


def _documents(table: TableReader, places: SourceLocations) -> dict[str, DocumentRule]:
    found: dict[str, DocumentRule] = {}
    for row in table.tables("documents", "document"):
        kind = row.choice("name", DOCUMENT_KINDS)
        review = row.text("review", REVIEW, default="head")
        sign = row.text("sign", NAME, default="leader")
        places.add_references(row, "review", ReferenceKind.ROLE, review)
        places.add_references(row, "sign", ReferenceKind.ROLE, sign)
        places.line(row, "", "document", kind)
        required = row.flag("required", default=False)
        if required and kind and kind not in ENFORCED:
            row.wrong("wrong-value", f"required: only {' and '.join(ENFORCED)} can be")
        if kind in found:
            row.wrong("duplicate", f"there are two documents {kind}")
        found[kind] = DocumentRule(kind, "" if review == "none" else review, sign, required)
        row.done()
    return found


def _national_state(table: TableReader) -> int:
    value, allowed = table.text("national_state", default=""), [str(n) for n in NATIONAL_STATES]
    if not table.has("national_state"):
        if not table.misspelt("national_state", _STEP_KEYS):
            table.wrong("no-national-state", "has no national_state (2, 4, 6 or 8)")
    elif value and value not in allowed:
        text = f"national_state: {value!r} is none of {', '.join(allowed)}"
        table.wrong("no-national-state", text, table.at("national_state"))
    return int(value) if value in allowed else 0


def _step(table: TableReader, facts: tuple[Fact, ...], places: SourceLocations) -> Step:
    name = table.named("name", NAME)
    places.line(table, name)
    state = _national_state(table)
    when = condition_reader(facts, places)
    known = tuple(fact.name for fact in facts)
    seen = table.mistake_list.noted
    # An unreadable value might be true: then the step is no dead end.
    resolves = table.flag("resolves", default=False) or table.mistake_list.noted > seen
    resolves = resolves or table.misspelt("resolves", _STEP_KEYS)
    if not table.lists("transitions") or table.misspelt("transitions", _STEP_KEYS):
        places.unsound.add((name,))
    step = Step(
        name,
        _title(table),
        table.text("unit", UNIT_RULE),
        table.text("role", NAME),
        table.parsed("limit", Duration.parse, NO_DURATION),
        tuple(
            _transition(row, name, when, places)
            for row in table.tables("transitions", "transition")
        ),
        resolves,
        _own_warning(table),
        state,
        tuple(table.texts("states")) or (known if table.misspelt("states", _STEP_KEYS) else ()),
        tuple(_timer(row, name, places) for row in table.tables("timers", "timer")),
        tuple(
            _consultation(row, name, when, places)
            for row in table.tables("consultations", "consultation")
        ),
        tuple(_child(row, name, when, places) for row in table.tables("children", "child")),
    )
    places.add_references(table, "unit", ReferenceKind.UNIT, step.unit)
    places.add_references(table, "role", ReferenceKind.ROLE, step.role)
    for stated in step.states:
        if stated not in known and "" not in known:
            table.wrong("unknown-fact", f"states: there is no fact {stated}", table.at("states"))
    table.done()
    return step


def _own_warning(table: TableReader) -> WarningRule | None:
    own = table.parsed("warning", WarningRule.parse, WarningRule())
    return own if table.has("warning") else None


def _transition(
    table: TableReader, step: str, when: Callable[[TableReader], Condition], places: SourceLocations
) -> Transition:
    name = table.named("name", NAME)
    places.line(table, step, name)
    seen = table.mistake_list.noted
    to, back = table.named("to", NAME), table.flag("back", default=False)
    if table.mistake_list.noted > seen or table.misspelt("back", _TRANSITION_KEYS):
        places.unsound.add((step,))
    condition = _read_condition(table, when, places, step, name)
    made = Transition(name, _title(table), to, condition, back)
    table.done()
    return made


def _read_condition(
    table: TableReader,
    when: Callable[[TableReader], Condition],
    places: SourceLocations,
    *place: str,
) -> Condition:
    """Return a condition; with a mistake, its part is marked and not checked further."""
    seen = table.mistake_list.noted
    condition = when(table)
    if table.mistake_list.noted > seen or table.misspelt("when", _TRANSITION_KEYS):
        places.unsound.add(place)
    return condition


def _timer(table: TableReader, step: str, places: SourceLocations) -> Timer:
    seen = table.mistake_list.noted
    after = table.parsed("after", Duration.parse, NO_DURATION)
    noted = table.mistake_list.noted > seen or table.misspelt("after", _TIMER_KEYS)
    if after == NO_DURATION and not noted:
        table.wrong("timer", "after is missing: how long the step has been current")
    take = table.named("take", NAME, default="")
    if not take and not table.misspelt("take", _TIMER_KEYS):
        table.wrong("timer", "take is missing: the transition that it takes")
    places.line(table, step, "timer", take)
    table.done()
    return Timer(after, take)


def _consultation(
    table: TableReader, step: str, when: Callable[[TableReader], Condition], places: SourceLocations
) -> Consultation:
    name = table.named("name", NAME)
    made = Consultation(
        name,
        _title(table),
        table.text("unit", UNIT_RULE),
        table.text("role", NAME, default="specialist"),
        table.parsed("limit", Duration.parse, NO_DURATION),
        table.flag("waits", default=True),
        _read_condition(table, when, places, step, "consultation", name),
    )
    places.line(table, step, "consultation", made.name)
    places.add_references(table, "unit", ReferenceKind.UNIT, made.unit)
    places.add_references(table, "role", ReferenceKind.ROLE, made.role)
    table.done()
    return made


def _child(
    table: TableReader, step: str, when: Callable[[TableReader], Condition], places: SourceLocations
) -> Child:
    name = table.named("name", NAME)
    made = Child(
        name,
        _title(table),
        table.text("procedure", PROCEDURE),
        table.flag("waits", default=True),
        _read_condition(table, when, places, step, "child", name),
    )
    places.line(table, step, "child", made.name)
    places.add_references(table, "procedure", ReferenceKind.PROCEDURE, made.procedure)
    table.done()
    return made
