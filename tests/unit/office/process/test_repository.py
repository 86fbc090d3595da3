"""Processes as data: what is shipped, and every mistake named with its file, line and rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from office.catalogue.loader import shipped_catalogue
from office.process.model.process import Process, UnknownProcess
from office.process.repository import (
    STANDARD_FOLDER,
    ProcessError,
    check_files,
    check_text,
    files_in,
    load_processes,
)
from tests.support.office_files import standard_processes
from tests.support.process_texts import AREA, FACTS, HEAD, mistakes, process, step, way

MISTAKES = Path(__file__).parent / "data" / "every-mistake.yaml"


def read(text: str) -> Process:
    found, wrong = check_text(text, "p.yaml")
    assert not wrong, [str(w) for w in wrong]
    return found[0].process


def test_the_shipped_processes_are_those_that_procedures_name() -> None:
    """Each of them has a procedure in the catalogue, but for the one of imported dossiers."""
    versions = [v for found in shipped_catalogue().procedures.values() for v in found]
    names = {p.name for p in standard_processes().all()}
    assert names == {v.process for v in versions} | {"imported"}
    steps = [s.name for s in standard_processes().latest("standard").steps]
    assert steps == ["appraise", "review", "approve", "seal"]


def test_the_shipped_processes_name_units_that_exist() -> None:
    """What they ask of other departments goes to units and procedures of the catalogue."""
    catalogue = shipped_catalogue()
    files = files_in(STANDARD_FOLDER)
    assert check_files(files, set(catalogue.units), procedures=set(catalogue.procedures))[1] == []
    wrong = check_files(files, set(catalogue.units), procedures={"1.000000"})[1]
    assert [m.rule for m in wrong] == ["unknown-procedure"]


def test_the_process_of_imported_dossiers_limits_and_warns_of_nothing() -> None:
    """Another system's steps were not promised here."""
    imported = standard_processes().latest("imported")
    assert [str(s.time_limit) for s in imported.steps] == ["none"]
    assert str(imported.warning) == "none"


def test_the_latest_version_opens_cases_and_the_older_ones_remain(tmp_path: Path) -> None:
    """A case stays on the version with which it was opened; a file holds several versions."""
    first, second = process(step("a")), process(step("z")).replace("version: 1", "version: 2")
    (tmp_path / "p.yaml").write_text(f"{second}---\n{first}", encoding="utf-8")
    found = load_processes(files_in(tmp_path))
    assert found.latest("p").first.name == "z"
    assert found.get("p", 1).first.name == "a"
    assert [(p.name, p.version) for p in found.all()] == [("p", 1), ("p", 2)]
    with pytest.raises(UnknownProcess, match="'q' is not defined"):
        found.latest("q")
    with pytest.raises(UnknownProcess, match="'p' in version 7 is not defined"):
        found.get("p", 7)


def test_defaults_are_what_an_office_usually_does() -> None:
    """A warning of 4wh, three rounds of 30 days, a review by the head and a leader's signature."""
    found = read(process())
    assert (str(found.warning), found.supplement_rounds) == ("4wh", 3)
    assert str(found.supplement_period) == "30cd"
    rule = found.document("result")
    assert (rule.review, rule.sign, rule.required) == ("head", "leader", False)


@pytest.mark.parametrize(("text", "shown"), [("75%", "75%"), ("1wd", "1wd"), ("none", "none")])
def test_a_warning_is_a_lead_a_share_or_none(text: str, shown: str) -> None:
    """The three forms are read and printed alike."""
    assert str(read(process(head=f"{HEAD}warning: {text}\n")).warning) == shown


LOOP = process(
    step("a", way("b")),
    step("b", way("c"), "resolves: false"),
    step("c", way("b"), "resolves: false"),
)
TWO = "when: {channel: [online]}"
OTHERS = "when: {channel: [counter, post, email, internal]}"


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (process(step("a", way("x"), "resolves: true")), "unknown-step", 11),
        (process(step("a", way("a"), "resolves: true")), "self-loop", 11),
        (process(step("a"), step("b")), "unreachable", 11),
        (process(step("a", more="resolves: false")), "dead-end", 5),
        (LOOP, "no-exit", 12),
        (process(step("a", way("b", ", back: true"), "resolves: true"), step("b")), "back-", 11),
        (process(step("a"), step("a")), "duplicate", 5),
        (process(step("a", more="timers: [{after: 1wd, take: on}]")), "timer", 11),
        (process(step("a", more="timers: [{after: 1wd}]")), "timer", 11),
        (process(step("a").replace("national_state: 4", "")), "no-national-state", 5),
        (process(step("a").replace("national_state: 4", "national_state: 9")), "no-national", 9),
        (process(step("a").replace("role: specialist", "role: wizard")), "unknown-role", 8),
        (process(step("a").replace("unit: dossier", "unit: H22.99")), "unknown-unit", 7),
        (process(step("a").replace("unit: dossier", "unit: nowhere")), "wrong-value", 7),
        (process(step("a", more="limit: 2 days")), "wrong-value", 11),
        (process(step("a", more="colour: red")), "unknown-key", 11),
        (process(step("a", more="resolve: true")), "unknown-key", 11),
        (process(step("a", more="resolves: maybe")), "wrong-value", 10),
        (process(head=HEAD.replace("version: 1", "version: one")), "wrong-value", 2),
        (process(head=HEAD.replace("version: 1\n", "")), "missing", 1),
        (process(head=f"{HEAD}version: 1\n"), "duplicate", 4),
        (f"{HEAD}steps: none\n", "wrong-type", 4),
        (f"{HEAD}steps: []\n", "missing", 4),
        ("[1, 2]", "wrong-type", 1),
        ("a: [", "yaml", 1),
        ("a: &x {b: 1}\nc: *x\n", "yaml", 1),
        ("a: " + "[" * 5000, "yaml", 1),
        ("", "missing", 0),
    ],
)
def test_a_mistake_is_named_with_its_line_and_rule(text: str, rule: str, line: int) -> None:
    """Whatever is wrong, the file, the line and the rule are named."""
    found = mistakes(text, {"H22.02"})
    assert any(m.rule.startswith(rule) and m.line == line for m in found), [str(m) for m in found]
    assert all(m.file == "p.yaml" for m in found)


@pytest.mark.parametrize(
    ("ways", "head", "rule", "expected"),
    [
        (f"{way('b', f', {TWO}')}", "", "no-open-transition", "channel counter"),
        (
            way("b", ", when: {channel: [online], not: {channel: [online]}}") + "\n" + way("c"),
            "",
            "never-holds",
            "can never hold",
        ),
        (
            way("b", ", when: {supplement_rounds: {min: 4}}") + "\n" + way("c"),
            "",
            "never-holds",
            "can never hold",
        ),
        (
            way("b", ", when: {stated: {size: big}}")
            + "\n"
            + way("c", ", when: {stated: {size: small}}"),
            FACTS,
            "no-open-transition",
            "(not stated)",
        ),
        (
            way("b", ", when: {stated: {area: {max: 100}}}")
            + "\n"
            + way("c", ", when: {stated: {area: {min: 102}}}"),
            AREA,
            "no-open-transition",
            "area 101",
        ),
        (way("b", ", when: {stated: {colour: red}}") + "\n" + way("c"), "", "unknown-fact", ""),
        (way("b", ", when: {stated: {size: huge}}") + "\n" + way("c"), FACTS, "wrong-value", ""),
        (
            way("b", ", when: {channel: [fax]}") + "\n" + way("c"),
            "",
            "wrong-value",
            "one of online",
        ),
        (way("b", ", when: {moon: full}") + "\n" + way("c"), "", "unknown-key", "no key here"),
        (way("b", ", when: {}") + "\n" + way("c"), "", "wrong-value", "without a key"),
        (way("b") + "\n" + way("c", name="to-b"), "", "duplicate", "to-b"),
    ],
)
def test_conditions_are_checked_for_every_case_they_can_meet(
    ways: str, head: str, rule: str, expected: str
) -> None:
    """A condition that never holds, and circumstances in which no way is open, are named."""
    text = process(step("a", ways), step("b"), step("c"), head=HEAD + head)
    found = mistakes(text)
    assert any(m.rule == rule and expected in m.text.en for m in found), [str(m) for m in found]


@pytest.mark.parametrize(
    ("when", "rule", "expected"),
    [
        (
            "{procedure: [1.012766, 9.999999]}",
            "unknown-procedure",
            "there is no procedure 9.999999",
        ),
        ("{not: {unit: [H22.99]}}", "unknown-unit", "there is no unit H22.99"),
        ("{any: [{channel: online}, {unit: [H22.99]}]}", "unknown-unit", "there is no unit H22.99"),
    ],
)
def test_conditions_name_units_and_procedures_that_exist(
    when: str, rule: str, expected: str
) -> None:
    """A code that is not there is named on its line, however deep it stands."""
    ways = way("b", f", when: {when}") + "\n" + way("c")
    text = process(step("a", ways), step("b"), step("c"))
    _, found = check_text(text, "p.yaml", {"H22.02"}, procedures={"1.012766"})
    assert [(m.line, m.rule, m.text.en) for m in found] == [(11, rule, expected)]
    assert found[0].where.startswith("process p, step a, transition to-b, when")
    assert mistakes(text) == []


def test_a_message_says_each_thing_once_and_to_its_end() -> None:
    """The way is named by its place, allowed values are those that are allowed, and what is missing
    elsewhere is not told again as a list of nothing.
    """
    never = way("b", ", when: {supplement_rounds: {min: 4}}") + "\n" + way("c")
    (found,) = mistakes(process(step("a", never), step("b"), step("c")))
    assert str(found) == (
        "p.yaml:11:9: [never-holds] process p, step a, transition to-b: "
        "its condition can never hold"
    )
    asked = "consultations: [{name: q, title: {vi: Hỏi, en: Ask}, unit: H22.02, when: {not: {}}}]"
    text = process(step("a", more=asked.replace("{not: {}}", "{supplement_rounds: {min: 4}}")))
    assert [(m.line, m.where, m.text.en) for m in mistakes(text)] == [
        (11, "process p, step a, consultation q", "its condition can never hold")
    ]
    (found,) = mistakes(process(step("a").replace("national_state: 4", "national_state: 44")))
    assert (found.rule, found.line) == ("no-national-state", 9)
    assert found.where == "process p, step a, national_state"
    assert found.text.en == "must be one of 2, 4, 6, 8"
    fact = "facts:\n  - {name: outcome, title: {vi: Ý, en: O}, values: [{name: grant}]}\n"
    grant = way("b", ", when: {stated: {outcome: grant}}") + "\n" + way("c")
    messages = mistakes(process(step("a", grant), step("b"), step("c"), head=HEAD + fact))
    assert {m.rule for m in messages} >= {"wrong-type"}
    assert not [m for m in messages if m.text.en.endswith(("none of ", "one of "))]


def test_conditions_that_cover_every_case_are_taken() -> None:
    """Two ways that share the channels between them leave no gap."""
    text = process(
        step("a", way("b", f", {TWO}") + "\n" + way("c", f", {OTHERS}")), step("b"), step("c")
    )
    assert mistakes(text) == []


def test_a_fact_that_every_way_states_needs_no_case_of_its_absence() -> None:
    """What is asked before, whichever way was gone, is known later; else it may be missing."""
    ends = [step("c"), step("d")]
    fork = (
        way("c", ", when: {stated: {size: big}}")
        + "\n"
        + way("d", ", when: {stated: {size: small}}")
    )
    asked = process(
        step("a", way("b"), "states: [size]"), step("b", fork), *ends, head=HEAD + FACTS
    )
    assert mistakes(asked) == []
    sometimes = process(
        step("x", way("a", f", {TWO}") + "\n" + way("b", f", {OTHERS}")),
        step("a", way("b"), "states: [size]"),
        step("b", fork),
        *ends,
        head=HEAD + FACTS,
    )
    assert [m.rule for m in mistakes(sometimes)] == ["no-open-transition"]


def test_a_file_with_every_kind_of_mistake_has_each_of_them_named() -> None:
    """One look at the file names all of them, each on its line (marked there with its rule)."""
    text = MISTAKES.read_text(encoding="utf-8")
    expected = {
        (number, rule.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if "#!" in line
        for rule in line.partition("#!")[2].split(",")
    }
    _, wrong = check_text(text, "p.yaml", {"H22.02"}, procedures={"1.012766"})
    assert {(m.line, m.rule) for m in wrong} == expected


def test_a_fact_without_a_sound_name_may_be_any() -> None:
    """A condition on a fact that might be it is no ground for further mistakes."""
    facts = AREA.replace("name: area", "name: {a: b}")
    way_b = way("b", ", when: {stated: {area: {max: 1}}}")
    text = process(step("a", way_b + "\n" + way("c")), step("b"), step("c"), head=HEAD + facts)
    assert [m.rule for m in mistakes(text)] == ["wrong-type"]


def test_two_steps_of_one_name_are_looked_at_to_an_end() -> None:
    """Though they state different things, so that what is known after them is not one thing."""
    text = process(
        step("a", way("b"), "resolves: false"),
        step("b", way("b2"), "resolves: false\nstates: [size]"),
        step("b", way("a"), "resolves: false"),
        step("b2", way("b", ", back: true"), "resolves: true"),
        head=HEAD + FACTS,
    )
    assert "duplicate" in {m.rule for m in mistakes(text)}


CHAIN = process(
    step("a", way("b"), "resolves: false"),
    step("b", way("c"), "resolves: false"),
    step("c"),
    head=HEAD + FACTS,
)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("to: b}", "to: bb}", "unknown-step"),
        ("to: b}", "to: B!}", "wrong-value"),
        ("to: b}", "to: [b]}", "wrong-type"),
        ("name: b\n", "name: B\n", "wrong-value"),
        ("  - name: b\n", "  - nam: b\n", "unknown-key"),
        ("    resolves: true\n", "    resolves: yes\n", "wrong-value"),
        ("    resolves: true\n", "    resolve: true\n", "unknown-key"),
        (
            "    transitions:\n      - {name: to-c",
            "    transition:\n      - {name: to-c",
            "unknown-key",
        ),
        (
            "    transitions:\n      - {name: to-b",
            "    transitons:\n      - {name: to-b",
            "unknown-key",
        ),
        ("to: c}", "too: c}", "unknown-key"),
        ("national_state: 4\n    resolves", "nationalstate: 4\n    resolves", "unknown-key"),
        ("values: [", "value: [", "unknown-key"),
        ("transitions:\n      - {name: to-c", "transitions:\n      {name: to-c", "wrong-type"),
        ("version: 1", "version: one", "wrong-value"),
        ("process: p", "process: P!", "wrong-value"),
        ("to: c}", "to: c, when: {stated: {size: [huge]}}}", "wrong-value"),
        ("to: c}", "to: c, when: {channel: [fax]}}", "wrong-value"),
        ("values: [big, small]", "values: [big]", "missing"),
        ("name: size", "nane: size", "unknown-key"),
    ],
)
def test_what_was_named_is_not_told_again_in_other_words(old: str, new: str, rule: str) -> None:
    """A way, a step, a fact that can't be read is one mistake, and not that all behind it can't be
    reached, leads nowhere or is unknown.
    """
    assert mistakes(CHAIN) == []
    text = CHAIN.replace(old, new)
    assert text != CHAIN
    found = mistakes(text)
    assert [m.rule for m in found] == [rule], [str(m) for m in found]


def test_a_fact_at_fault_is_no_ground_for_further_mistakes() -> None:
    """Which cases a condition covers is not known where the choices aren't."""
    fork = (
        way("c", ", when: {stated: {size: big}}")
        + "\n"
        + way("d", ", when: {not: {stated: {size: big}}}")
    )
    facts = FACTS.replace("[big, small]", "[big]")
    text = process(step("b", fork, "states: [size]"), step("c"), step("d"), head=HEAD + facts)
    assert [m.rule for m in mistakes(text)] == ["missing"]


def test_a_part_that_is_lost_is_named_at_its_beginning_and_its_end() -> None:
    """Not each step behind a step that can't be reached, nor each one before a dead end."""
    text = process(
        step("a", way("b"), "resolves: true"),
        step("b", way("c"), "resolves: false"),
        step("c", more="resolves: false"),
        step("x", way("y"), "resolves: false"),
        step("y"),
    )
    assert [(m.rule, m.where) for m in mistakes(text)] == [
        ("dead-end", "process p, step c"),
        ("unreachable", "process p, step x"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 2\nb: 3\n", "2:2: [yaml] a comma or the closing bracket is missing"),
        ("a:\n\tb: 3\n", "2:1: [yaml] a tab stands where only blanks may indent"),
        ("a: b: c\n", "1:5: [yaml] a colon stands where no key can be"),
        ('a: "b\n', "2:1: [yaml] a quotation mark is not closed"),
        ("a:\n   b: 1\n  c: 2\n", "3:3: [yaml] this does not fit the indentation"),
        ("a\nb: 1\n", "2:2: [yaml] "),
        ("a: *b\n", "1:4: [yaml] a text that begins with * or & needs quotes"),
        ("a: @b\n", "1:4: [yaml] a text that begins with this character needs quotes"),
        ('a: "\\q"\n', "1:6: [yaml] after \\ stands a letter without a meaning"),
        ("a: \x01\n", "1:4: [yaml] the character U+0001 can't be in a YAML file"),
    ],
)
def test_what_is_no_yaml_is_said_in_plain_words(text: str, expected: str) -> None:
    """With line and column, and without the words of a parser; one in each document."""
    (one,) = mistakes(text)
    assert f"p.yaml:{expected}" in str(one)
    assert not any(word in one.text.en for word in ("token", "expected <", "mapping", "scanning"))
    two = mistakes(f"{process()}---\n{text}")
    assert [m.line for m in two] == [one.line + process().count("\n") + 1]


def test_what_cannot_be_read_hides_no_version(tmp_path: Path) -> None:
    """Where a document is torn, the version that is missing may stand in it; one that is there
    twice is there twice.
    """
    third = process().replace("version: 1", "version: 3")
    (tmp_path / "a.yaml").write_text(f"{third}---\nprocess: [\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(third, encoding="utf-8")
    _, wrong = check_files(files_in(tmp_path))
    assert sorted(m.rule for m in wrong) == ["duplicate", "yaml"]


@pytest.mark.parametrize("versions", [[2], [1, 3], [1, 1]])
def test_versions_count_without_a_gap(versions: list[int], tmp_path: Path) -> None:
    """A missing or doubled version shows."""
    for number, version in enumerate(versions):
        text = process().replace("version: 1", f"version: {version}")
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    _, wrong = check_files(files_in(tmp_path))
    assert {m.rule for m in wrong} <= {"version-gap", "duplicate"}
    assert wrong


BACK = ", back: true"
ASKED = "documents:\n  - {name: supplement, review: none, sign: none"


@pytest.mark.parametrize(
    ("first", "second", "round_trip"),
    [
        ("timers: [{after: 1wd, take: to-b}]", "timers: [{after: 1wd, take: to-a}]", "a → b → a"),
        ("timers: [{after: 1wd, take: to-b}]", "", ""),
        ("", "timers: [{after: 1wd, take: to-a}]", ""),
    ],
)
def test_timers_alone_send_no_case_round_for_ever(first: str, second: str, round_trip: str) -> None:
    """A cycle in which every way is taken by a timer is named, once; where somebody acts on the
    way round it is none.
    """
    text = process(
        step("a", way("b"), first), step("b", way("a", BACK), f"resolves: true\n{second}")
    )
    expected = [(m.rule, m.text.en.rpartition(": ")[2]) for m in mistakes(text)]
    assert expected == ([("timer-loop", round_trip)] if round_trip else [])


@pytest.mark.parametrize(("required", "rules"), [("true", ["never-signed"]), ("false", [])])
def test_a_paper_that_is_needed_has_somebody_who_signs_it(required: str, rules: list[str]) -> None:
    """Nobody has the role "none": such a case could never be resolved."""
    text = process(head=f"{HEAD}{ASKED}, required: {required}}}\n")
    assert [m.rule for m in mistakes(text)] == rules


def test_a_timer_states_nothing() -> None:
    """What its way asks for must have been stated before, whichever way led there; a way back asks
    for nothing.
    """
    timed = "states: [size]\ntimers: [{after: 1wd, take: to-c}]"
    late = process(step("a", way("b")), step("b", way("c"), timed), step("c"), head=HEAD + FACTS)
    (found,) = mistakes(late)
    assert (found.rule, found.text.en) == (
        "timer",
        "a timer takes to-c, but only an officer can state size",
    )
    before = late.replace(
        "    national_state: 4\n", "    national_state: 4\n    states: [size]\n", 1
    )
    assert mistakes(before) == []


def test_a_file_that_can_t_be_read_says_so(tmp_path: Path) -> None:
    """A missing file, and one that is no UTF-8, are mistakes too."""
    with pytest.raises(ProcessError, match="there is no such file"):
        load_processes([tmp_path / "none.yaml"])
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(ProcessError, match="UTF-8"):
        load_processes([broken])


def test_a_code_that_looks_like_a_number_stays_a_text() -> None:
    """1.012760 is a procedure, not 1.01276."""
    when = ", when: {procedure: [1.012760]}"
    text = process(step("a", way("b", when) + "\n" + way("c")), step("b"), step("c"))
    step_a = read(text).step("a")
    assert [w.name for w in step_a.open_transitions({"procedure": "1.012760"})] == ["to-b", "to-c"]
    assert [w.name for w in step_a.open_transitions({"procedure": "1.01276"})] == ["to-c"]


def test_tables_within_tables_are_each_looked_at_once() -> None:
    """With a mistake on every level, a few dozen levels would else never come to an end."""
    deep = "{channel: online}"
    for _ in range(20):
        deep = f"{{moon: full, not: {deep}}}"
    text = process(step("a", way("b", f", when: {deep}") + "\n" + way("c")), step("b"), step("c"))
    assert [m.rule for m in mistakes(text)] == ["unknown-key"] * 20


def test_every_mistake_of_a_process_is_told_in_both_languages() -> None:
    """With the place, and in words that differ."""
    found = mistakes(MISTAKES.read_text(encoding="utf-8"), {"H22.02"})
    assert len(found) > 30
    for mistake in found:
        assert mistake.text.vi != mistake.text.en
        assert mistake.column > 0
