"""Processes whose steps are in order one by one, and in which some cases never come to a result."""

from __future__ import annotations

import pytest

from tests.support.process_texts import AREA, FACTS, HEAD, mistakes, process, step, way

ONLINE = ", when: {channel: [online]}"
OTHERS = ", when: {not: {channel: [online]}}"
BACK = ", back: true"


def ways(*each: str) -> str:
    return "\n".join(each)


def mistakes_of(*steps: str, head: str = HEAD) -> list[tuple[str, str, str]]:
    """Return of each mistake its rule, its step and what it says."""
    found = mistakes(process(*steps, head=head))
    return [(m.rule, m.where.rpartition(" ")[2], m.text.en) for m in found]


def forked(out: str, round_: str, head: str = HEAD) -> list[tuple[str, str, str]]:
    """Check a process in which online cases alone come to a step with a way out and a way round."""
    return mistakes_of(
        step("a", ways(way("b", ONLINE), way("c", OTHERS))),
        step("b", ways(way("c", f", when: {out}"), way("d", f", when: {round_}"))),
        step("d", way("b")),
        step("c"),
        head=head,
    )


@pytest.mark.parametrize(
    ("out", "round_", "when"),
    [
        ("{channel: [counter]}", "{not: {channel: [counter]}}", "channel is online"),
        (
            "{any: [{level: whole}, {channel: [post]}]}",
            "{not: {level: whole}}",
            "channel is online, level is partial",
        ),
        (
            "{not: {procedure: [1.012766]}}",
            "{procedure: [1.012766]}",
            "channel is online, procedure is 1.012766",
        ),
        (
            "{stated: {size: big}, channel: [post]}",
            "{not: {stated: {size: big}, channel: [post]}}",
            "channel is online",
        ),
    ],
)
def test_what_never_changes_in_a_case_is_followed_along_its_way(
    out: str, round_: str, when: str
) -> None:
    """The first step to which a case comes again and again is named, and for which facts; not the
    others on its way, nor facts that make no difference.
    """
    text = f"goes round without a way to a result when {when}"
    assert forked(out, round_, HEAD + FACTS) == [("no-exit", "b", text)]


@pytest.mark.parametrize(
    ("out", "round_"),
    [
        ("{channel: [online]}", "{not: {channel: [online]}}"),
        ("{stated: {size: big}}", "{not: {stated: {size: big}}}"),
        ("{stated: {area: {min: 100}}}", "{not: {stated: {area: {min: 100}}}}"),
        ("{supplement_rounds: {min: 1}}", "{supplement_rounds: {max: 0}}"),
    ],
)
def test_what_can_still_be_stated_is_a_way_out(out: str, round_: str) -> None:
    """So is what is asked of the citizen; and where the way round is open to no case that comes
    there, none goes it.
    """
    assert forked(out, round_, HEAD + FACTS + AREA.partition("\n")[2]) == []


def test_a_case_that_goes_round_whatever_its_facts_is_named_without_them() -> None:
    """Though each way out is open to some case, none that comes to it can take it."""
    found = mistakes_of(
        step("a", way("b")),
        step("b", ways(way("d", ONLINE), way("e", OTHERS))),
        step("d", ways(way("c", OTHERS), way("b", ONLINE))),
        step("e", ways(way("c", ONLINE), way("b", OTHERS))),
        step("c"),
    )
    assert found == [("no-exit", "b", "goes round without a way to a result")]


def test_a_result_that_was_not_given_is_no_way_out_of_what_comes_after_it() -> None:
    """Who goes on from a step at which the result could be given has to come to another one."""
    found = mistakes_of(
        step("a", way("b", ONLINE), "resolves: true"),
        step("b", ways(way("c", OTHERS), way("d", ONLINE))),
        step("d", way("b")),
        step("c"),
    )
    assert [(rule, at) for rule, at, _ in found] == [("no-exit", "b")]


@pytest.mark.parametrize(("first", "rules"), [(way("x"), []), ("", ["no-exit"])])
def test_a_way_back_leads_out_where_every_case_was_there(first: str, rules: list[str]) -> None:
    """Not where some came by another way: nobody can send those back to it."""
    found = mistakes_of(
        step("a", first or ways(way("x"), way("b"))),
        step("x", ways(way("b"), way("c"))),
        step("b", ways(way("c", OTHERS), way("d", ONLINE), way("x", BACK))),
        step("d", way("b")),
        step("c"),
    )
    assert [rule for rule, _, _ in found] == rules


def test_what_is_told_of_a_step_is_not_told_again() -> None:
    """Neither a step without a way on, nor a cycle that nobody leaves, whatever the facts."""
    lost = forked("{channel: [counter]}", "{channel: [post]}")
    assert [(rule, at) for rule, at, _ in lost] == [("no-open-transition", "b")]
    cycle = mistakes_of(
        step("a", way("b", ONLINE), "resolves: true"), step("b", way("d")), step("d", way("b"))
    )
    assert [(rule, at) for rule, at, _ in cycle] == [("no-exit", "b"), ("no-exit", "d")]


def test_there_is_a_limit_to_the_cases_that_are_looked_at() -> None:
    """Two steps that are each simple tell too many cases apart together."""
    codes = ", ".join(f"1.{number:06}" for number in range(300))
    units = ", ".join(f"H22.{number}" for number in range(10, 99))
    found = mistakes_of(
        step("a", ways(way("b", f", when: {{procedure: [{codes}]}}"), way("c"))),
        step("b", ways(way("c", f", when: {{unit: [{units}], level: whole}}"), way("d"))),
        step("c"),
        step("d"),
    )
    assert found == [("too-complicated", "p", "its conditions have too many cases")]
