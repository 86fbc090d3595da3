"""The rules of a process as a whole, by which no case can get stuck."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from kernel.messages.catalogue import BilingualText
from office.process.model import conditions
from office.process.model.process import FactKind, Step
from office.process.parsing.entries import NAME
from office.process.parsing.parsed_process import ParsedProcess
from office.process.verification.reachability import similar_name, unreached_steps
from office.process.verification.termination import never_resolved
from office.texts import OFFICE_TEXTS

ROLES: Final = (
    "receptionist",
    "specialist",
    "head",
    "leader",
    "clerk",
    "accountant",
    "inspector",
)
"""The roles that officers have: desk, specialist, head of a division, leader of a unit, clerk with
the seal, accountant, inspector."""


class ProcessCheck:
    """Checks one process. ``units`` and ``procedures`` are the codes that exist; None when that is
    not known here.
    """

    def __init__(
        self,
        parsed: ParsedProcess,
        units: Collection[str] | None,
        roles: Collection[str],
        procedures: Collection[str] | None = None,
    ) -> None:
        self._process = parsed.process
        self._parts = parsed.parts
        self._exist = {"unit": units, "role": roles, "procedure": procedures}
        # Of two steps of one name, which is a mistake of its own, the last one counts.
        self._steps = {step.name: step for step in parsed.process.steps}
        self._domains = self._values_of_facts()
        self._reported: set[str] = set()
        """The steps with mistakes."""

    def run(self) -> None:
        """Note a mistake for every broken rule."""
        self._references()
        for step in self._process.steps:
            self._edges(step)
            self._timers(step)
        self._twice()
        unsure = {place[0] for place in self._parts.unsound if len(place) == 1}
        for rule, text, *place in unreached_steps(self._process.steps, unsure):
            self._wrong(rule, text, *filter(None, place))
        self._known = self._stated_before()
        for step in self._process.steps:
            self._conditions(step)
            self._timed_facts(step)
        self._endings()

    def _wrong(self, rule: str, text: BilingualText, *place: str) -> None:
        self._reported.add(place[0] if place else "")
        self._parts.wrong(rule, text, *place)

    # -- references -------------------------------------------------------------------------------

    def _references(self) -> None:
        for kind, name, path in self._parts.references:
            known = self._exist[kind]
            if known is None or name in known:
                continue
            text = OFFICE_TEXTS.text(f"process.unknown_{kind}", name=name)
            if kind == "role":
                text = OFFICE_TEXTS.text("process.unknown_role", name=name, known=", ".join(known))
            self._parts.reader.wrong(path, f"unknown-{kind}", text)

    def _twice(self) -> None:
        for name in _doubled(step.name for step in self._process.steps):
            self._wrong("duplicate", OFFICE_TEXTS.text("process.steps_twice", name=name), name)
        for name in _doubled(fact.name for fact in self._process.facts):
            self._wrong("duplicate", OFFICE_TEXTS.text("process.facts_twice", name=name))
        for step in self._process.steps:
            for what in ("transitions", "consultations", "children"):
                for name in _doubled(part.name for part in getattr(step, what)):
                    text = OFFICE_TEXTS.text(f"process.{what}_twice", name=name)
                    self._wrong("duplicate", text, step.name)

    # -- the graph --------------------------------------------------------------------------------

    def _edges(self, step: Step) -> None:
        if (step.name,) in self._parts.unsound or "" in self._steps:
            return  # an unreadable transition, or a step without a name, might be the right one
        for transition in step.transitions:
            place = (step.name, transition.name)
            if transition.to == step.name:
                self._wrong("self-loop", OFFICE_TEXTS.text("process.self_loop"), *place)
            elif transition.to not in self._steps:
                near = similar_name(transition.to, self._steps)
                if near and not NAME.fullmatch(near):
                    continue  # the step with the malformed name may be the one that is meant
                text = OFFICE_TEXTS.text("process.no_step", step=transition.to)
                if near:
                    text = OFFICE_TEXTS.text("process.no_step_near", step=transition.to, near=near)
                self._wrong("unknown-step", text, *place)

    def _timers(self, step: Step) -> None:
        named = all(transition.name for transition in step.transitions)
        for timer in step.timers:
            transition, place = step.transition(timer.take), (step.name, "timer", timer.take)
            if timer.take and transition is None and named:
                text = OFFICE_TEXTS.text("process.timer_takes_none", take=timer.take)
                self._wrong("timer", text, *place)
            elif transition is not None and transition.when != conditions.ALWAYS:
                text = OFFICE_TEXTS.text("process.timer_condition", take=timer.take)
                self._wrong("timer", text, *place)
        for take in _doubled(timer.take for timer in step.timers):
            text = OFFICE_TEXTS.text("process.timers_twice", take=take)
            self._wrong("duplicate", text, step.name, "timer", take)

    # -- conditions -------------------------------------------------------------------------------

    def _stated_before(self) -> dict[str, set[str]]:
        """Return the stated facts that are known at each step on every path to it."""
        every = {fact.name for fact in self._process.facts}
        known = {name: set(every) for name in self._steps}
        changed = True
        while changed:
            changed = False
            for name, step in self._steps.items():
                found = set(step.states) | self._stated_on_paths_to(step, known, every)
                changed = changed or found != known[name]
                known[name] = found
        return known

    def _stated_on_paths_to(
        self, step: Step, known: dict[str, set[str]], otherwise: set[str]
    ) -> set[str]:
        """Return what is stated before a step on every path; ``otherwise`` where no path leads."""
        if step.name and step.name == self._process.first.name:
            return set()
        before = [
            known[previous.name]
            for previous in self._steps.values()
            if step.name in (*previous.next, *previous.back)
        ]
        return set.intersection(*before) if step.name and before else otherwise

    def _conditions(self, step: Step) -> None:
        known = {conditions.STATED + name for name in self._known[step.name]}
        conditions_of_step = [
            *(((step.name, each.name), each.when) for each in step.transitions),
            *(((step.name, "consultation", each.name), each.when) for each in step.consultations),
            *(((step.name, "child", each.name), each.when) for each in step.children),
        ]
        for place, when in conditions_of_step:
            if not self._sound(when, place):
                continue
            may_hold = conditions.can_hold(when, self._domains, known)
            if may_hold is None:
                text = OFFICE_TEXTS.text("process.condition_too_complicated")
                self._wrong("too-complicated", text, *place)
            elif not may_hold:
                self._wrong("never-holds", OFFICE_TEXTS.text("process.never_holds"), *place)
        if step.resolves or not step.next or not self._sound_transitions(step):
            return
        forward = [transition.when for transition in step.transitions if not transition.back]
        found = conditions.combinations(forward, self._domains, known)
        if found is None:
            text = OFFICE_TEXTS.text("process.too_complicated")
            self._wrong("too-complicated", text, step.name)
        for case in found or ():
            stated = conditions.without_unstated(case)
            if not any(conditions.holds(when, stated) for when in forward):
                values = ", ".join(f"{k.removeprefix('stated.')} {v}" for k, v in case.items())
                text = OFFICE_TEXTS.text("process.no_open_transition", case=values)
                self._wrong("no-open-transition", text, step.name)
                return

    def _endings(self) -> None:
        """Note a mistake for cases without a result, if each step by itself has none."""
        if not self._process.steps:
            return
        unsure = {
            step.name
            for step in self._process.steps
            if not step.name
            or not self._sound_transitions(step)
            or any(transition.to not in self._steps for transition in step.transitions)
        }
        reported = unsure | self._reported
        found = never_resolved(self._process, self._domains, self._known, reported)
        if found is not None:
            self._wrong(found.rule, found.text, *filter(None, (found.step,)))

    def _sound_transitions(self, step: Step) -> bool:
        return (step.name,) not in self._parts.unsound and all(
            self._sound(each.when, (step.name, each.name)) for each in step.transitions
        )

    def _sound(self, when: conditions.Condition, place: tuple[str, ...]) -> bool:
        """Return whether a condition, and the facts in it, were read without a mistake."""
        named = {conditions.fact_of(leaf) for leaf in conditions.comparisons_in(when)}
        unsure = {conditions.STATED + name for name in self._parts.unsound_facts}
        return place not in self._parts.unsound and not named & unsure

    def _timed_facts(self, step: Step) -> None:
        """Note a mistake for timers of steps with facts to state, which a timer can't state."""
        stated = self._stated_on_paths_to(step, self._known, set())
        asked = [name for name in step.states if name not in stated]
        for timer in step.timers if asked else ():
            transition = step.transition(timer.take)
            if transition is not None and not transition.back:
                text = OFFICE_TEXTS.text("process.timer_facts", take=timer.take, fact=asked[0])
                self._wrong("timer", text, step.name, "timer", timer.take)

    def _values_of_facts(self) -> dict[str, list[str]]:
        rounds = range(self._process.supplement_rounds + 1)
        return {
            "channel": list(conditions.CHANNELS),
            "level": list(conditions.LEVELS),
            "result_channel": list(conditions.RESULT_CHANNELS),
            "supplement_rounds": [str(number) for number in rounds],
            **{
                conditions.STATED + fact.name: list(fact.values)
                for fact in self._process.facts
                if fact.kind is FactKind.CHOICE
            },
        }


def _doubled(names: Iterable[str]) -> list[str]:
    """Return the names that are there more than once."""
    given = [name for name in names if name]
    return [name for name in dict.fromkeys(given) if given.count(name) > 1]
