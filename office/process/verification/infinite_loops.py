"""Finds loops of timers, and required documents that nobody signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from office.process.model.process import UNSIGNED, Process, Step
from office.process.parsing.locations import PartPath
from office.process.parsing.yaml_nodes import MistakeList

Lines = Mapping[PartPath, int]


def check_infinite_loops(process: Process, lines: Lines, mistake_list: MistakeList) -> None:
    """Add a mistake for required documents that nobody signs and for cycles of timers alone."""
    _never_signed(process, lines, mistake_list)
    _by_timers_alone(process, lines, mistake_list)


def _never_signed(process: Process, lines: Lines, mistake_list: MistakeList) -> None:
    for kind, rule in process.documents.items():
        if rule.required and rule.sign == UNSIGNED:
            line = lines.get(("", "document", kind), 0)
            where = f"process {process.name}, document {kind}"
            text = "is required, and nobody signs it (sign: none): no case could get past it"
            mistake_list.add(line, "never-signed", where, text)


def _by_timers_alone(process: Process, lines: Lines, mistake_list: MistakeList) -> None:
    steps = {step.name: step for step in process.steps}
    after = {name: _timer_targets(step, steps) for name, step in steps.items()}
    seen: set[frozenset[str]] = set()
    for name, step in steps.items():
        cycle = shortest_cycle(name, after)
        if not cycle or frozenset(cycle) in seen:
            continue
        seen.add(frozenset(cycle))
        take = next(t.take for t in step.timers if _target(step, t.take) == cycle[1])
        line = lines.get((name, "timer", take), 0)
        where = f"process {process.name}, step {name}"
        text = f"timers alone send a case round for ever: {' → '.join(cycle)}"
        mistake_list.add(line, "timer-loop", where, text)


def _timer_targets(step: Step, steps: Mapping[str, Step]) -> list[str]:
    """Return the other steps to which timers alone lead."""
    targets = [_target(step, timer.take) for timer in step.timers]
    return [to for to in dict.fromkeys(targets) if to in steps and to != step.name]


def _target(step: Step, take: str) -> str:
    transition = step.transition(take)
    return "" if transition is None else transition.to


def shortest_cycle(start: str, after: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the shortest cycle from a name back to itself, with both ends; empty for none."""
    before: dict[str, str] = {}
    waiting = [start]
    for name in waiting:
        for following in after.get(name, ()):
            if following == start:
                cycle = [start, name]
                while cycle[-1] != start:
                    cycle.append(before[cycle[-1]])
                return cycle[::-1]
            if following not in before:
                before[following] = name
                waiting.append(following)
    return []
