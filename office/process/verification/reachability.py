"""Finds steps that can't be reached and steps from which no result can."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from kernel.messages.catalogue import BilingualText
from office.process.model.process import Step, Transition
from office.texts import OFFICE_TEXTS

Following = Callable[[str], Iterable[str]]


class StepMistake(NamedTuple):
    """A rule that a step or one of its transitions breaks."""

    rule: str
    text: BilingualText
    step: str
    transition: str = ""


def similar_name(name: str, names: Iterable[str]) -> str:
    """Return the known name that an unknown one resembles; empty for none."""
    by_small = {known.lower(): known for known in sorted(names)}
    return next((by_small[lower] for lower in get_close_matches(name.lower(), by_small, 1)), "")


def unreached_steps(steps: Collection[Step], unsure: Collection[str]) -> Iterator[StepMistake]:
    """Yield a mistake for steps that can't be reached, lead nowhere or go round for ever, and for
    returns to a step that does not come before.

    ``unsure`` are steps whose transitions could not be read. Of an unreachable part the first step
    is reported, of a part without a result the steps at which it ends or goes round.
    """
    known = {step.name: step for step in steps if step.name}
    if not steps:
        return

    def target(transition: Transition) -> str:
        return transition.to if transition.to in known else similar_name(transition.to, known)

    def following(name: str) -> list[str]:
        return [
            to
            for transition in known[name].transitions
            if not transition.back and (to := target(transition))
        ]

    first = next(iter(steps)).name
    reached = reachable_from({first} & known.keys(), following)
    whole = all(step.name for step in steps) and not reached & set(unsure)
    lost = known.keys() - reached if whole else set()
    open_ = {
        name
        for name, step in known.items()
        if name in unsure or any(transition.to not in known for transition in step.transitions)
    }
    ends = open_ | {name for name, step in known.items() if step.resolves}
    leading = reachable_from(ends, lambda name: [n for n in known if name in following(n)])
    stuck = known.keys() - leading
    for name, step in known.items():
        after = reachable_from(set(following(name)), following)
        if name in lost and not any(
            name in reachable_from({other}, following) and other not in after
            for other in lost - {name}
        ):
            yield StepMistake("unreachable", OFFICE_TEXTS.text("process.unreachable"), name)
        if name in stuck and not following(name):
            yield StepMistake("dead-end", OFFICE_TEXTS.text("process.dead_end"), name)
        elif name in stuck and name in after:
            yield StepMistake("no-exit", OFFICE_TEXTS.text("process.no_exit"), name)
        for transition in step.transitions:
            if transition.back and transition.to in known:
                passed = reachable_from({transition.to}, following)
                if name not in passed and not passed & open_:
                    text = OFFICE_TEXTS.text("process.back_not_earlier", step=transition.to)
                    yield StepMistake("back-not-earlier", text, name, transition.name)


def reachable_from(start: set[str], following: Following) -> set[str]:
    """Return all names that can be reached from a start, itself included."""
    reached, waiting = set(start), list(start)
    while waiting:
        for name in following(waiting.pop()):
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached
