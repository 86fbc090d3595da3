"""Finds loops of timers, and required documents that nobody signs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from office.process.model.process import UNSIGNED, Step
from office.process.parsing.parsed_process import ParsedProcess
from office.texts import OFFICE_TEXTS

_Node = TypeVar("_Node", bound=Hashable)


def check_infinite_loops(parsed: ParsedProcess) -> None:
    """Note required documents that nobody signs, and cycles of timers alone."""
    for kind, rule in parsed.process.documents.items():
        if rule.required and rule.sign == UNSIGNED:
            text = OFFICE_TEXTS.text("process.never_signed")
            parsed.parts.wrong("never-signed", text, "", "document", kind)
    _by_timers_alone(parsed)


def _by_timers_alone(parsed: ParsedProcess) -> None:
    steps = {step.name: step for step in parsed.process.steps}
    after = {name: _timer_targets(step, steps) for name, step in steps.items()}
    seen: set[frozenset[str]] = set()
    for name, step in steps.items():
        cycle = shortest_cycle(name, after)
        if not cycle or frozenset(cycle) in seen:
            continue
        seen.add(frozenset(cycle))
        take = next(t.take for t in step.timers if _target(step, t.take) == cycle[1])
        text = OFFICE_TEXTS.text("process.timer_loop", cycle=" → ".join(cycle))
        parsed.parts.wrong("timer-loop", text, name, "timer", take)


def _timer_targets(step: Step, steps: Mapping[str, Step]) -> list[str]:
    """Return the other steps to which timers alone lead."""
    targets = [_target(step, timer.take) for timer in step.timers]
    return [to for to in dict.fromkeys(targets) if to in steps and to != step.name]


def _target(step: Step, take: str) -> str:
    transition = step.transition(take)
    return "" if transition is None else transition.to


def shortest_cycle(start: _Node, after: Mapping[_Node, Sequence[_Node]]) -> list[_Node]:
    """Return the shortest cycle from a node back to itself, with both ends; empty for none."""
    before: dict[_Node, _Node] = {}
    waiting = [start]
    for node in waiting:
        for following in after.get(node, ()):
            if following == start:
                cycle = [start, node]
                while cycle[-1] != start:
                    cycle.append(before[cycle[-1]])
                return cycle[::-1]
            if following not in before:
                before[following] = node
                waiting.append(following)
    return []
