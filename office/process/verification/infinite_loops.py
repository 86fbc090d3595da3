"""What a process would do for ever, or wait for in vain, though each of its steps is in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from office.process.model.process import UNSIGNED, Process, Step
from office.process.parsing.locations import Place
from office.process.parsing.yaml_nodes import Findings

Lines = Mapping[Place, int]


def check_endless(process: Process, lines: Lines, findings: Findings) -> None:
    """Note papers that are needed and that nobody signs, and circles in which nobody acts."""
    _never_signed(process, lines, findings)
    _by_timers_alone(process, lines, findings)


def _never_signed(process: Process, lines: Lines, findings: Findings) -> None:
    for kind, paper in process.papers.items():
        if paper.required and paper.sign == UNSIGNED:
            line = lines.get(("", "paper", kind), 0)
            where = f"process {process.name}, paper {kind}"
            text = "is required, and nobody signs it (sign: none): no case could get past it"
            findings.add(line, "never-signed", where, text)


def _by_timers_alone(process: Process, lines: Lines, findings: Findings) -> None:
    steps = {step.name: step for step in process.steps}
    after = {name: _timed(step, steps) for name, step in steps.items()}
    seen: set[frozenset[str]] = set()
    for name, step in steps.items():
        round_trip = way_round(name, after)
        if not round_trip or frozenset(round_trip) in seen:
            continue
        seen.add(frozenset(round_trip))
        take = next(t.take for t in step.timers if _to(step, t.take) == round_trip[1])
        line = lines.get((name, "timer", take), 0)
        where = f"process {process.name}, step {name}"
        text = f"timers alone send a case round for ever: {' → '.join(round_trip)}"
        findings.add(line, "timer-loop", where, text)


def _timed(step: Step, steps: Mapping[str, Step]) -> list[str]:
    """Return the other steps to which timers alone lead."""
    targets = [_to(step, timer.take) for timer in step.timers]
    return [to for to in dict.fromkeys(targets) if to in steps and to != step.name]


def _to(step: Step, take: str) -> str:
    way = step.way(take)
    return "" if way is None else way.to


def way_round(start: str, after: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the shortest way from a name back to itself, both ends named; empty when there is
    none.
    """
    before: dict[str, str] = {}
    waiting = [start]
    for name in waiting:
        for following in after.get(name, ()):
            if following == start:
                trip = [start, name]
                while trip[-1] != start:
                    trip.append(before[trip[-1]])
                return trip[::-1]
            if following not in before:
                before[following] = name
                waiting.append(following)
    return []
