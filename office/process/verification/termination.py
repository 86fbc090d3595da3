"""Finds cases that never come to a result because of facts that never change.

The open transitions of a case always depend on its channel, level, procedure, unit and result
channel. Some cases may go round for ever although each step by itself has a way out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from office.process.model import conditions
from office.process.model.process import Process, Transition
from office.process.verification.reachability import Following, StepMistake, reachable_from
from office.texts import OFFICE_TEXTS

FIXED: Final[tuple[str, ...]] = ("channel", "level", "procedure", "unit", "result_channel")
"""The facts that stay as they are while a case is worked."""
Domains = Mapping[str, Sequence[str]]
Case = Mapping[str, str]


class _CaseTransition:
    """A transition from a step, and the cases in which it can be open.

    ``known`` are the stated facts that can't be missing at the step.
    """

    def __init__(
        self, step: str, transition: Transition, domains: Domains, known: Collection[str]
    ) -> None:
        self.step, self.to, self.back = step, transition.to, transition.back
        self._when, self._domains = transition.when, domains
        self._known = {conditions.STATED + name for name in known}
        named = {conditions.fact_of(leaf) for leaf in conditions.comparisons_in(transition.when)}
        self._fixed = [fact for fact in FIXED if fact in named]
        self._found: dict[tuple[str, ...], bool] = {}

    def opens(self, case: Case) -> bool:
        """Return whether its condition can hold in a case, for some values of the stated facts."""
        values = tuple(case[fact] for fact in self._fixed)
        if values not in self._found:
            self._found[values] = self._may_hold(values)
        return self._found[values]

    def _may_hold(self, values: Iterable[str]) -> bool:
        fixed = {fact: [value] for fact, value in zip(self._fixed, values, strict=True)}
        found = conditions.can_hold(self._when, {**self._domains, **fixed}, self._known)
        return found is None or found


def never_resolved(
    process: Process,
    domains: Domains,
    known: Mapping[str, Collection[str]],
    reported: Collection[str],
) -> StepMistake | None:
    """Return the first step from which some case goes round for ever, with the case; None for none.

    ``known`` are the stated facts that can't be missing at a step; ``reported`` are steps with
    known mistakes: paths that lead there count as paths to a result.
    """
    sound = [step for step in process.steps if step.name not in reported]
    every = [(step.name, transition) for step in sound for transition in step.transitions]
    compared = [
        leaf for _, transition in every for leaf in conditions.comparisons_in(transition.when)
    ]
    fixed = [leaf for leaf in compared if conditions.fact_of(leaf) in FIXED]
    cases = conditions.combinations(fixed, domains, ())
    if cases is None:
        return StepMistake("too-complicated", OFFICE_TEXTS.text("process.too_complicated"), "")
    transitions = [
        _CaseTransition(name, transition, domains, known[name]) for name, transition in every
    ]
    found: dict[tuple[bool, ...], set[str]] = {}
    lost = []
    for case in cases:
        opens = tuple(transition.opens(case) for transition in transitions)
        if opens not in found:
            open_transitions = [
                transition
                for transition, is_open in zip(transitions, opens, strict=True)
                if is_open
            ]
            found[opens] = _going_round(process, open_transitions, reported)
        lost.append(found[opens])
    for step in process.steps:
        goes_round = [step.name in names for names in lost]
        if any(goes_round):
            which = _shared_values(cases, goes_round)
            text = OFFICE_TEXTS.text("process.no_exit")
            if which:
                text = OFFICE_TEXTS.text("process.no_exit_when", case=which)
            return StepMistake("no-exit", text, step.name)
    return None


def _going_round(
    process: Process, transitions: Iterable[_CaseTransition], reported: Collection[str]
) -> set[str]:
    """Return the steps in a cycle from which a case never comes to a result.

    It can be sent back for certain only to a step that it can't have gone round.
    """
    on: dict[str, list[str]] = {}
    back: dict[str, list[str]] = {}
    for transition in transitions:
        (back if transition.back else on).setdefault(transition.step, []).append(transition.to)

    def following(name: str) -> list[str]:
        return on.get(name, [])

    first = process.first.name
    reached = reachable_from({first}, following)
    out = {
        name: following(name)
        + [to for to in back.get(name, ()) if name not in _without(to, first, following)]
        for name in reached
    }
    leading = reached & (set(reported) | {step.name for step in process.steps if step.resolves})
    more = leading
    while more:
        more = {name for name in reached - leading if not leading.isdisjoint(out[name])}
        leading |= more
    stuck = reached - leading
    return {name for name in stuck if name in reachable_from(set(following(name)), following)}


def _without(step: str, first: str, following: Following) -> set[str]:
    """Return what is reached without passing a step."""
    return reachable_from(
        {first} - {step}, lambda name: (to for to in following(name) if to != step)
    )


def _shared_values(cases: Sequence[Case], goes_round: Sequence[bool]) -> str:
    """Return the facts that the first of the cases going round shares with all of them."""
    case = dict(cases[goes_round.index(True)])
    for fact in list(case):
        others = {name: value for name, value in case.items() if name != fact}
        alike = [others.items() <= candidate.items() for candidate in cases]
        if all(round_ for round_, same in zip(goes_round, alike, strict=True) if same):
            case = others
    return ", ".join(f"{fact} is {value}" for fact, value in case.items())
