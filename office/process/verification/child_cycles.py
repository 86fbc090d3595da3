"""Finds processes that would open child dossiers without end: one opens a child of a procedure
whose process is the same, or leads back to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from office.process.model import conditions
from office.process.model.process import Child, FactKind, Process
from office.process.parsing.parsed_process import ParsedProcess
from office.process.verification.infinite_loops import shortest_cycle
from office.texts import OFFICE_TEXTS


@dataclass(frozen=True)
class ProcedureProcesses:
    """The unit and the present and later processes of a procedure."""

    unit: str
    processes: tuple[str, ...]


Node = tuple[str, str]
"""A procedure, and a process by which its dossiers are worked."""


def check_child_cycles(
    parsed: ParsedProcess, every: Iterable[Process], works: Mapping[str, ProcedureProcesses]
) -> None:
    """Note the cycle that contains a process as a mistake of the child that leads into it."""
    process = parsed.process
    cycle = child_cycle(process, every, works)
    if not cycle:
        return
    step, child = next(
        (step, child)
        for step in process.steps
        for child in step.children
        if child.procedure == cycle[1]
    )
    text = OFFICE_TEXTS.text("process.child_cycle", cycle=" → ".join(cycle))
    parsed.parts.wrong("child-cycle", text, step.name, "child", child.name)


def child_cycle(
    process: Process, every: Iterable[Process], works: Mapping[str, ProcedureProcesses]
) -> list[str]:
    """Return the cycle from a process back to itself, processes and procedures alternating; empty
    when there is none.

    New dossiers take the latest version of a process, so only those of ``every`` count: what an
    older version would open ends there.
    """
    latest = {other.name: other for other in sorted(every, key=lambda other: other.version)}
    if latest.get(process.name) != process:
        return []
    edges = {node: _after(node, latest, works) for node in _nodes(latest, works)}
    own = (node for node in edges if node[1] == process.name)
    cycle = next(filter(None, (shortest_cycle(node, edges) for node in own)), [])
    return [cycle[0][1], *(name for node in cycle[1:] for name in node)] if cycle else []


def _nodes(latest: Mapping[str, Process], works: Mapping[str, ProcedureProcesses]) -> list[Node]:
    return [
        (code, name)
        for code, worked in sorted(works.items())
        for name in worked.processes
        if name in latest
    ]


def _after(
    node: Node, latest: Mapping[str, Process], works: Mapping[str, ProcedureProcesses]
) -> list[Node]:
    """Return the nodes that a dossier of a node opens as children."""
    code, name = node
    process = latest[name]
    return [
        (child.procedure, following)
        for step in process.steps
        for child in step.children
        if child.procedure in works and _opens(child, process, code, works[code].unit)
        for following in works[child.procedure].processes
        if following in latest
    ]


def _opens(child: Child, process: Process, code: str, unit: str) -> bool:
    """Return whether a child dossier of a procedure and unit can open this child in turn."""
    domains = {
        "channel": ["internal"],
        "result_channel": ["online"],
        "procedure": [code],
        "unit": [unit],
        **{
            conditions.STATED + fact.name: list(fact.values)
            for fact in process.facts
            if fact.kind is FactKind.CHOICE
        },
    }
    found = conditions.can_hold(child.when, domains, ())
    return found is None or found
