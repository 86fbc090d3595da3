"""A process as a flow graph: the nodes and edges of BPMN, for drawing and for export."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from office.process.model.conditions import ALWAYS, Condition
from office.process.model.process import Child, Consultation, Process, Step
from office.process.rendering.wording import Wording, wording_of
from office.texts import OFFICE_TEXTS


class NodeKind(StrEnum):
    """The kind of a node; the values are the names of BPMN's elements."""

    START = "startEvent"
    END = "endEvent"
    STEP = "userTask"
    CONSULTATION = "manualTask"
    CHILD = "callActivity"
    CHOICE = "exclusiveGateway"
    PARALLEL = "parallelGateway"
    INCLUSIVE = "inclusiveGateway"
    TIMER = "boundaryEvent"


@dataclass(frozen=True)
class FlowNode:
    """A node of a flow; ``host`` is the step to which a timer belongs."""

    id: str
    kind: NodeKind
    label: str
    small: str = ""
    """Further lines: who does it; the limit."""
    host: str = ""
    after: str = ""
    """A timer's duration."""


@dataclass(frozen=True)
class Edge:
    """An edge from one node to another."""

    id: str
    start: str
    end: str
    label: str = ""
    condition: str = ""
    back: bool = False


@dataclass
class Flow:
    """The flow graph of a process."""

    name: str
    title: str
    wording: Wording
    nodes: dict[str, FlowNode] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def add(self, node: FlowNode) -> str:
        """Add a node and return its id."""
        self.nodes[node.id] = node
        return node.id

    def join(
        self,
        start: str,
        end: str,
        label: str = "",
        when: Condition = ALWAYS,
        *,
        back: bool = False,
    ) -> None:
        """Add an edge; a ``back`` one returns the case for rework."""
        name, condition = f"flow_{len(self.edges) + 1}", self.wording.condition(when)
        self.edges.append(Edge(name, start, end, label, condition, back))


def flow_of(process: Process, language: str = "vi") -> Flow:
    """Return the flow graph of a process, labelled in ``vi`` or ``en``."""
    wording = wording_of(process, language)
    flow = Flow(f"{process.name}_v{process.version}", wording.word(process.title), wording)
    flow.add(FlowNode("start", NodeKind.START, wording.word(OFFICE_TEXTS.text("drawing.accepted"))))
    entries: dict[str, str] = {}
    exits: dict[str, str] = {}
    for step in process.steps:
        entries[step.name], exits[step.name] = _step(flow, step)
    flow.join("start", entries[process.first.name])
    for step in process.steps:
        _transitions(flow, step, entries, exits)
    return flow


def _id(step: str, *parts: str) -> str:
    return "_".join(["step", step, *parts]).replace("-", "_")


def _step(flow: Flow, step: Step) -> tuple[str, str]:
    """Add a step with its consultations and children; return the ids of its entry and exit."""
    wording = flow.wording
    small = _details(wording, step)
    task = flow.add(FlowNode(_id(step.name), NodeKind.STEP, wording.word(step.title), small))
    entry = leave = task
    consultations = [(c, NodeKind.CONSULTATION, _details(wording, c)) for c in step.consultations]
    parallel: list[tuple[Consultation | Child, NodeKind, str]] = [
        *consultations,
        *((c, NodeKind.CHILD, wording.procedure(c.procedure)) for c in step.children),
    ]
    if parallel:
        sometimes = any(branch.when != ALWAYS for branch, _, _ in parallel)
        gateway = NodeKind.INCLUSIVE if sometimes else NodeKind.PARALLEL
        entry = flow.add(FlowNode(_id(step.name, "fork"), gateway, ""))
        flow.join(entry, task)
        if any(branch.waits for branch, _, _ in parallel):
            leave = flow.add(FlowNode(_id(step.name, "join"), gateway, ""))
            flow.join(task, leave)
    for branch, kind, detail in parallel:
        made = flow.add(
            FlowNode(_id(step.name, branch.name), kind, wording.word(branch.title), detail)
        )
        flow.join(entry, made, when=branch.when)
        if branch.waits:
            flow.join(made, leave)
        else:
            flow.join(
                made, flow.add(FlowNode(_id(step.name, branch.name, "end"), NodeKind.END, ""))
            )
    return entry, leave


def _details(wording: Wording, asked: Step | Consultation) -> str:
    """Return who does a task, and on the next line its limit."""
    lines = (wording.who(asked.unit, asked.role), wording.length(str(asked.time_limit)))
    return "\n".join(line for line in lines if line)


def _transitions(flow: Flow, step: Step, entries: dict[str, str], exits: dict[str, str]) -> None:
    leave, task = exits[step.name], _id(step.name)
    timed = {timer.take for timer in step.timers}
    if len(step.transitions) + step.resolves > 1:
        choice = flow.add(FlowNode(_id(step.name, "choice"), NodeKind.CHOICE, ""))
        flow.join(leave, choice)
        leave = choice
    for transition in step.transitions:
        to, back, title = entries[transition.to], transition.back, transition.title
        flow.join(leave, to, flow.wording.word(title), transition.when, back=back)
        if transition.name in timed:
            timer = next(timer for timer in step.timers if timer.take == transition.name)
            after = str(timer.after)
            label = flow.wording.length(after)
            made = FlowNode(
                _id(step.name, "timer", transition.name), NodeKind.TIMER, label, "", task, after
            )
            flow.join(flow.add(made), to, back=back)
    if step.resolves:
        label = flow.wording.word(OFFICE_TEXTS.text("drawing.result"))
        end = flow.add(FlowNode(_id(step.name, "end"), NodeKind.END, label))
        flow.join(leave, end)
