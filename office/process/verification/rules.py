"""The rules of a process as a whole, by which no case can get stuck."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from office.process.model import conditions
from office.process.model.process import FactKind, Step
from office.process.parsing.locations import ReferenceKind
from office.process.parsing.parser import NAME, ParsedProcess
from office.process.parsing.yaml_nodes import MistakeList
from office.process.verification.reachability import similar_name, unreached_steps
from office.process.verification.termination import never_resolved

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
        mistake_list: MistakeList,
        units: Collection[str] | None,
        roles: Collection[str],
        procedures: Collection[str] | None = None,
    ) -> None:
        self.process = parsed.process
        self._places = parsed.places
        self._mistake_list = mistake_list
        self._units = units
        self._roles = roles
        self._procedures = procedures
        self._names = {step.name for step in parsed.process.steps}
        self._reported: set[str] = set()
        """The steps with mistakes."""

    def run(self) -> None:
        """Add a mistake for every broken rule."""
        self._references()
        for step in self.process.steps:
            self._edges(step)
            self._timers(step)
        self._twice()
        self._reach()
        self._known = self._stated_before()
        for step in self.process.steps:
            self._conditions(step)
            self._timed_facts(step)
        self._endings()

    def _wrong(
        self, rule: str, text: str, step: str = "", part: str = "", place: tuple[str, ...] = ()
    ) -> None:
        """Add a mistake at the line of ``place``, else of transition ``part``, step or process."""
        self._reported.add(step)
        place = place or tuple(name for name in (step, part) if name)
        line = self._places.lines.get(place, 0)
        where = f"process {self.process.name}".rstrip()
        where += f", step {step}" if step else ""
        where += f", transition {part}" if part else ""
        self._mistake_list.add(line, rule, where, text)

    # -- references -------------------------------------------------------------------------------

    def _references(self) -> None:
        known = {
            ReferenceKind.UNIT: self._units,
            ReferenceKind.ROLE: self._roles,
            ReferenceKind.PROCEDURE: self._procedures,
        }
        for reference in self._places.references:
            known_names = known[reference.kind]
            if known_names is not None and reference.name not in known_names:
                text = f"there is no {reference.kind} {reference.name}"
                if reference.kind is ReferenceKind.ROLE:
                    text += f" (known: {', '.join(known_names)})"
                self._mistake_list.add(
                    reference.line, f"unknown-{reference.kind}", reference.where, text
                )

    def _twice(self) -> None:
        for what, names in (
            ("steps", [step.name for step in self.process.steps]),
            ("facts", [fact.name for fact in self.process.facts]),
        ):
            for name in _doubled(names):
                self._wrong("duplicate", f"there are two {what} named {name}", _only(what, name))
        for step in self.process.steps:
            for what, names in (
                ("transitions", [transition.name for transition in step.transitions]),
                ("consultations", [asked.name for asked in step.consultations]),
                ("children", [child.name for child in step.children]),
            ):
                for name in _doubled(names):
                    self._wrong("duplicate", f"there are two {what} named {name}", step.name)

    # -- the graph --------------------------------------------------------------------------------

    def _edges(self, step: Step) -> None:
        if (step.name,) in self._places.unsound or "" in self._names:
            return  # an unreadable transition, or a step without a name, might be the right one
        for transition in step.transitions:
            if transition.to == step.name:
                self._wrong("self-loop", "leads to the step itself", step.name, transition.name)
            elif transition.to not in self._names:
                near = similar_name(transition.to, self._names)
                if near and not re.fullmatch(NAME.pattern, near):
                    continue  # the step with the malformed name may be the one that is meant
                text = f"there is no step {transition.to}" + (f"; is {near} meant?" if near else "")
                self._wrong("unknown-step", text, step.name, transition.name)

    def _timers(self, step: Step) -> None:
        for timer in step.timers:
            transition, place = step.transition(timer.take), (step.name, "timer", timer.take)
            if (
                timer.take
                and transition is None
                and all(transition.name for transition in step.transitions)
            ):
                text = f"a timer takes {timer.take}, which is no transition of it"
                self._wrong("timer", text, step.name, place=place)
            elif transition is not None and transition.when != conditions.ALWAYS:
                text = f"a timer takes {timer.take}, which has a condition: it could never go"
                self._wrong("timer", text, step.name, place=place)
        for take in _doubled([timer.take for timer in step.timers]):
            place = (step.name, "timer", take)
            self._wrong("duplicate", f"two timers take {take}", step.name, place=place)

    def _reach(self) -> None:
        unsure = {place[0] for place in self._places.unsound if len(place) == 1}
        for rule, text, step, transition in unreached_steps(self.process.steps, unsure):
            self._wrong(rule, text, step, transition)

    # -- conditions -------------------------------------------------------------------------------

    def _stated_before(self) -> dict[str, set[str]]:
        """Return the stated facts that are known at each step on every path to it."""
        every = {fact.name for fact in self.process.facts}
        # Of two steps of one name, which is a mistake of its own, the last one counts.
        steps = {step.name: step for step in self.process.steps}
        known = {name: set(every) for name in steps}
        first = self.process.first.name if steps else ""
        if first:
            known[first] = set(steps[first].states)
        changed = True
        while changed:
            changed = False
            for name, step in steps.items():
                if name == first:
                    continue
                before = [
                    known[previous.name]
                    for previous in steps.values()
                    if name in (*previous.next, *previous.back)
                ]
                now = set(step.states) | (set.intersection(*before) if before else every)
                if now != known[name]:
                    known[name] = now
                    changed = True
        return known

    def _conditions(self, step: Step) -> None:
        conditions_of_step = [("", w.name, w.when) for w in step.transitions]
        conditions_of_step += [("consultation", c.name, c.when) for c in step.consultations]
        conditions_of_step += [("child", c.name, c.when) for c in step.children]
        stated = self._known[step.name]
        known = {conditions.STATED + name for name in stated}
        for what, name, when in conditions_of_step:
            # A transition is named by its place.
            before, transition = (f"{what} {name}: ", "") if what else ("", name)
            place = tuple(part for part in (step.name, what, name) if part)
            if not self._sound(when, place):
                continue
            found = conditions.combinations([when], self._domains(), known)
            if found is None:
                text = f"{before}its condition has too many cases"
                self._wrong("too-complicated", text, step.name, transition, place)
            elif not any(conditions.holds(when, conditions.without_unstated(c)) for c in found):
                text = f"{before}its condition can never hold"
                self._wrong("never-holds", text, step.name, transition, place)
        if step.resolves or not step.next or (step.name,) in self._places.unsound:
            return
        if not all(
            self._sound(transition.when, (step.name, transition.name))
            for transition in step.transitions
        ):
            return
        forward = [transition.when for transition in step.transitions if not transition.back]
        found = conditions.combinations(forward, self._domains(), known)
        if found is None:
            self._wrong("too-complicated", "its conditions have too many cases", step.name)
        for case in found or ():
            if not any(
                conditions.holds(when, conditions.without_unstated(case)) for when in forward
            ):
                values = ", ".join(f"{k.removeprefix('stated.')} {v}" for k, v in case.items())
                self._wrong("no-open-transition", f"no transition is open when {values}", step.name)
                return

    def _endings(self) -> None:
        """Add a mistake for cases without a result, if each step by itself has none."""
        if not self.process.steps:
            return
        unsure = {
            step.name
            for step in self.process.steps
            if not step.name
            or (step.name,) in self._places.unsound
            or any(
                transition.to not in self._names
                or not self._sound(transition.when, (step.name, transition.name))
                for transition in step.transitions
            )
        }
        reported = unsure | self._reported
        found = never_resolved(self.process, self._domains(), self._known, reported)
        if found is not None:
            self._wrong(found.rule, found.text, found.step)

    def _sound(self, when: conditions.Condition, place: tuple[str, ...]) -> bool:
        """Return whether a condition, and the facts in it, were read without a mistake."""
        named = {getattr(leaf, "fact", "") for leaf in conditions.comparisons_in(when)}
        unsure = {conditions.STATED + name for name in self._places.unsound_facts}
        return place not in self._places.unsound and not named & unsure

    def _timed_facts(self, step: Step) -> None:
        """Add a mistake for timers of steps with facts to state, which a timer can't state."""
        before = [
            self._known[previous.name]
            for previous in self.process.steps
            if step.name in (*previous.next, *previous.back)
        ]
        if step.name == self.process.first.name:
            before.append(set())
        stated = set.intersection(*before) if before else set()
        asked = [name for name in step.states if name not in stated]
        for timer in step.timers if asked else ():
            transition = step.transition(timer.take)
            if transition is not None and not transition.back:
                text = f"a timer takes {timer.take}, but only an officer can state {asked[0]}"
                self._wrong("timer", text, step.name, place=(step.name, "timer", timer.take))

    def _domains(self) -> dict[str, list[str]]:
        domains = {
            "channel": list(conditions.CHANNELS),
            "level": list(conditions.LEVELS),
            "result_channel": list(conditions.RESULT_CHANNELS),
            "supplement_rounds": [str(n) for n in range(self.process.supplement_rounds + 1)],
        }
        for fact in self.process.facts:
            if fact.kind is FactKind.CHOICE:
                domains[conditions.STATED + fact.name] = list(fact.values)
        return domains


def _only(what: str, name: str) -> str:
    return name if what == "steps" else ""


def _doubled(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    again: list[str] = []
    for name in names:
        if name and name in seen and name not in again:
            again.append(name)
        seen.add(name)
    return again
