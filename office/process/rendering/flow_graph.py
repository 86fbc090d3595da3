"""A process as a flow: nodes and edges as BPMN knows them, for drawing and for export."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from office.process.model.conditions import ALWAYS, Condition
from office.process.model.process import Child, Consultation, Process, Step, Title
from office.process.rendering.wording import Words, words_of

_ACCEPTED = Title("Được tiếp nhận", "Accepted")
_RESULT = Title("Có kết quả", "Result")


class NodeKind(StrEnum):
    """What a node is; the values are BPMN's names of elements."""

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
    """One thing in a flow; ``host`` is the step that a timer belongs to."""

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
    """A way from one node to another."""

    id: str
    start: str
    end: str
    label: str = ""
    condition: str = ""
    back: bool = False


@dataclass
class Flow:
    """The whole of a process."""

    name: str
    title: str
    words: Words
    nodes: dict[str, FlowNode] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def add(self, node: FlowNode) -> str:
        """Add a node and give its id."""
        self.nodes[node.id] = node
        return node.id

    def join(self, start: str, end: str, label: str = "", when: Condition = ALWAYS) -> None:
        """Add a forward edge."""
        number = len(self.edges) + 1
        self.edges.append(Edge(f"flow_{number}", start, end, label, self.words.condition(when)))

    def back(self, start: str, end: str, label: str, when: Condition) -> None:
        """Add an edge that sends the case back."""
        number = len(self.edges) + 1
        self.edges.append(
            Edge(f"flow_{number}", start, end, label, self.words.condition(when), back=True)
        )


def flow_of(process: Process, language: str = "vi") -> Flow:
    """Make the flow of a process, with its words in ``vi`` or ``en``."""
    words = words_of(process, language)
    flow = Flow(f"{process.name}_v{process.version}", words.word(process.title), words)
    flow.add(FlowNode("start", NodeKind.START, words.word(_ACCEPTED)))
    entries: dict[str, str] = {}
    exits: dict[str, str] = {}
    for step in process.steps:
        entries[step.name], exits[step.name] = _step(flow, step)
    flow.join("start", entries[process.first.name])
    for step in process.steps:
        _ways(flow, step, entries, exits)
    return flow


def _id(step: str, *parts: str) -> str:
    return "_".join(["step", step, *parts]).replace("-", "_")


def _step(flow: Flow, step: Step) -> tuple[str, str]:
    """Add a step with what happens beside it; gives where it is entered and left."""
    words = flow.words
    small = _small(words, step)
    task = flow.add(FlowNode(_id(step.name), NodeKind.STEP, words.word(step.title), small))
    entry = leave = task
    beside = [(c, NodeKind.CONSULTATION, _small(words, c)) for c in step.consultations]
    besides: list[tuple[Consultation | Child, NodeKind, str]] = [
        *beside,
        *((c, NodeKind.CHILD, words.procedure(c.procedure)) for c in step.children),
    ]
    if besides:
        sometimes = any(each.when != ALWAYS for each, _, _ in besides)
        gateway = NodeKind.INCLUSIVE if sometimes else NodeKind.PARALLEL
        entry = flow.add(FlowNode(_id(step.name, "fork"), gateway, ""))
        flow.join(entry, task)
        if any(each.waits for each, _, _ in besides):
            leave = flow.add(FlowNode(_id(step.name, "join"), gateway, ""))
            flow.join(task, leave)
    for each, kind, who in besides:
        made = flow.add(FlowNode(_id(step.name, each.name), kind, words.word(each.title), who))
        flow.join(entry, made, when=each.when)
        if each.waits:
            flow.join(made, leave)
        else:
            flow.join(made, flow.add(FlowNode(_id(step.name, each.name, "end"), NodeKind.END, "")))
    return entry, leave


def _small(words: Words, asked: Step | Consultation) -> str:
    """Return on one line who does it, and on the next by when."""
    lines = (words.who(asked.unit, asked.role), words.length(str(asked.time_limit)))
    return "\n".join(line for line in lines if line)


def _ways(flow: Flow, step: Step, entries: dict[str, str], exits: dict[str, str]) -> None:
    leave, task = exits[step.name], _id(step.name)
    taken = {timer.take for timer in step.timers}
    if len(step.transitions) + step.resolves > 1:
        choice = flow.add(FlowNode(_id(step.name, "choice"), NodeKind.CHOICE, ""))
        flow.join(leave, choice)
        leave = choice
    for way in step.transitions:
        add = flow.back if way.back else flow.join
        add(leave, entries[way.to], flow.words.word(way.title), way.when)
        if way.name in taken:
            timer = next(timer for timer in step.timers if timer.take == way.name)
            after = str(timer.after)
            label = flow.words.length(after)
            made = FlowNode(
                _id(step.name, "timer", way.name), NodeKind.TIMER, label, "", task, after
            )
            add(flow.add(made), entries[way.to], "", ALWAYS)
    if step.resolves:
        label = flow.words.word(_RESULT)
        end = flow.add(FlowNode(_id(step.name, "end"), NodeKind.END, label))
        flow.join(leave, end)
