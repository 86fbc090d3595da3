"""Lays a flow out from left to right: layers by the longest way from the start, rows by nearness
to what comes before, ways back above everything, timers' ways below.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from services.routing.processes.flow import Edge, Flow, Kind
from services.routing.processes.labels import LETTER, Box, Point, forward_lines, label_width

TALL: Final = 96
SIZES: Final = {
    Kind.START: (36, 36),
    Kind.END: (36, 36),
    Kind.STEP: (168, TALL),
    Kind.CONSULTATION: (168, TALL),
    Kind.CHILD: (168, TALL),
    Kind.CHOICE: (44, 44),
    Kind.PARALLEL: (44, 44),
    Kind.INCLUSIVE: (44, 44),
    Kind.TIMER: (28, 28),
}
GATEWAYS: Final = (Kind.CHOICE, Kind.PARALLEL, Kind.INCLUSIVE)
ROW: Final = 144
LANE: Final = 26
MARGIN: Final = 30


@dataclass
class Drawing:
    """A flow with its geometry."""

    flow: Flow
    boxes: dict[str, Box] = field(default_factory=dict)
    lines: dict[str, list[Point]] = field(default_factory=dict)
    labels: dict[str, Point] = field(default_factory=dict)
    """The middle of each edge's label."""
    width: float = 0
    height: float = 0


def lay_out(flow: Flow) -> Drawing:
    """Give every node a place and every edge a line of right angles."""
    return _Layout(flow).drawing


class _Layout:
    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.drawing = Drawing(flow)
        self._forward = [e for e in flow.edges if not e.back and not self._timer(e)]
        self._layers = self._layered()
        self._rows = self._ordered()
        backs = [e for e in flow.edges if e.back and not self._timer(e)]
        backs.sort(key=lambda e: self._layers[e.end] - self._layers[e.start])
        self._top = MARGIN + LANE * len(backs) + (14 if backs else 0)
        self._columns()
        self._place()
        for edge in self._forward:
            self._straight(edge)
        for number, edge in enumerate(backs):
            self._above(edge, MARGIN + LANE * number)
        self._timers()
        self._size()

    def _timer(self, edge: Edge) -> bool:
        return self.flow.nodes[edge.start].kind is Kind.TIMER

    def _layered(self) -> dict[str, int]:
        """Number the layers; an edge that closes a circle counts for nothing."""
        following: dict[str, list[str]] = defaultdict(list)
        for edge in self._forward:
            following[edge.start].append(edge.end)
        order: list[str] = []
        state: dict[str, int] = {}
        closing: set[tuple[str, str]] = set()

        def visit(name: str) -> None:
            state[name] = 1
            for after in following[name]:
                if state.get(after) == 1:
                    closing.add((name, after))
                elif after not in state:
                    visit(after)
            state[name] = 2
            order.append(name)

        for name, node in self.flow.nodes.items():
            if node.kind is not Kind.TIMER and name not in state:
                visit(name)
        layers = dict.fromkeys(order, 0)
        for name in reversed(order):
            for after in following[name]:
                if (name, after) not in closing:
                    layers[after] = max(layers[after], layers[name] + 1)
        self._closing = closing
        return layers

    def _ordered(self) -> dict[str, int]:
        """Give each node a row of its layer; what passes a layer by keeps a row free there."""
        rows: dict[str, int] = {}
        taken: dict[int, set[int]] = defaultdict(set)
        before: dict[str, list[Edge]] = defaultdict(list)
        for edge in self._forward:
            if (edge.start, edge.end) not in self._closing:
                before[edge.end].append(edge)
        places = {name: number for number, name in enumerate(self.flow.nodes)}
        for name in sorted(self._layers, key=lambda n: (self._layers[n], places[n])):
            layer = self._layers[name]
            wanted = min((rows[e.start] for e in before[name]), default=0)
            while wanted in taken[layer]:
                wanted += 1
            rows[name] = wanted
            taken[layer].add(wanted)
        self._detours(taken)
        return rows

    def _detours(self, taken: dict[int, set[int]]) -> None:
        """Give an edge that passes layers by a row that is free in all of them."""
        self._by: dict[str, int] = {}
        for edge in self._forward:
            if (edge.start, edge.end) in self._closing:
                continue
            passed = range(self._layers[edge.start] + 1, self._layers[edge.end])
            row = 0
            while any(row in taken[layer] for layer in passed):
                row += 1
            if passed:
                self._by[edge.id] = row
            for layer in passed:
                taken[layer].add(row)

    def _columns(self) -> None:
        """Leave room for the labels between the layers."""
        count = max(self._layers.values()) + 1
        gaps = [34.0] * count
        for edge in self._forward:
            label = forward_lines(edge)
            if label:
                longest = max(len(line) for line in label)
                layer = self._layers[edge.start]
                gaps[layer] = max(gaps[layer], longest * LETTER + 34)
        self._x: list[float] = []
        self._wide: list[float] = []
        x = float(MARGIN)
        for layer in range(count):
            nodes = [n for n, at in self._layers.items() if at == layer]
            wide = max(SIZES[self.flow.nodes[n].kind][0] for n in nodes)
            self._x.append(x)
            self._wide.append(wide)
            x += wide + gaps[layer]

    def _place(self) -> None:
        for name, layer in self._layers.items():
            width, height = SIZES[self.flow.nodes[name].kind]
            x = self._x[layer] + (self._wide[layer] - width) / 2
            y = self._top + ROW * self._rows[name] + (TALL - height) / 2
            self.drawing.boxes[name] = Box(x, y, width, height)

    def _straight(self, edge: Edge) -> None:
        start, end = self.drawing.boxes[edge.start], self.drawing.boxes[edge.end]
        if (edge.start, edge.end) in self._closing:
            self._above(edge, MARGIN / 2)
            return
        x1, y1 = start.x + start.width, start.middle[1]
        x2, y2 = end.x, end.middle[1]
        if edge.id in self._by:
            self._round(edge)
            return
        if y1 == y2:
            line = [(x1, y1), (x2, y2)]
        elif y2 > y1 and self.flow.nodes[edge.start].kind in GATEWAYS:
            line = [(start.middle[0], start.y + start.height), (start.middle[0], y2), (x2, y2)]
        elif y2 < y1 and self.flow.nodes[edge.end].kind in GATEWAYS:
            line = [(x1, y1), (end.middle[0], y1), (end.middle[0], end.y + end.height)]
        else:
            bend = x2 - 14
            line = [(x1, y1), (bend, y1), (bend, y2), (x2, y2)]
        self.drawing.lines[edge.id] = line
        at = line[-2] if y2 > y1 else line[0]
        room = self._x[self._layers[edge.start]] + self._wide[self._layers[edge.start]]
        left = max(at[0], room if y1 == y2 else at[0])
        reach = label_width(edge)
        self.drawing.labels[edge.id] = (left + 12 + reach / 2, (y2 if y2 > y1 else y1) - 16)

    def _round(self, edge: Edge) -> None:
        """Lead an edge through the row that was kept free for it."""
        start, end = self.drawing.boxes[edge.start], self.drawing.boxes[edge.end]
        y = self._top + ROW * self._by[edge.id] + TALL / 2
        (x1, y1), y2 = start.middle, end.middle[1]
        out = start.x + start.width
        line: list[Point] = [(out, y1)]
        if y != y1:
            down = start.y + start.height if y > y1 else start.y
            line = [(x1, down), (x1, y)]
        if y != y2:
            line += [(end.x - 20, y), (end.x - 20, y2)]
        self.drawing.lines[edge.id] = [*line, (end.x, y2)]
        self.drawing.labels[edge.id] = (max(x1 + 12, out) + 12 + label_width(edge) / 2, y - 16)

    def _above(self, edge: Edge, lane: float) -> None:
        """Lead a way back over everything."""
        start, end = self.drawing.boxes[edge.start], self.drawing.boxes[edge.end]
        leave, x2 = start.middle[0] + self._beside(edge, "start"), end.middle[0]
        line: list[Point] = [(leave, start.y + self._slope(edge.start, leave))]
        if self._rows[edge.start]:
            side = start.x + start.width + 10
            line += [(leave, start.y - 18), (side, start.y - 18), (side, lane)]
        else:
            line.append((leave, lane))
        x2 += self._beside(edge, "end")
        if self._rows[edge.end]:
            side = end.x - 12
            line += [(side, lane), (side, end.y - 18), (x2, end.y - 18)]
        else:
            line.append((x2, lane))
        line.append((x2, end.y + self._slope(edge.end, x2)))
        self.drawing.lines[edge.id] = line
        self.drawing.labels[edge.id] = ((line[-3][0] + line[-2][0]) / 2, lane - 5)
        if not self._rows[edge.end]:
            self.drawing.labels[edge.id] = ((line[-2][0] + line[-3][0]) / 2, lane - 5)

    def _beside(self, edge: Edge, side: str) -> float:
        """Give the distance from the middle at which a way back leaves a node, or comes to it, so
        that several don't lie on each other.
        """
        node = getattr(edge, side)
        at = [o.id for o in self.flow.edges if o.back and getattr(o, side) == node]
        if edge.id not in at:  # a way forward that closes a circle
            return 0
        return (at.index(edge.id) - (len(at) - 1) / 2) * 16

    def _timers(self) -> None:
        """Put timers on the lower edge of their steps and lead their ways below everything."""
        lowest = max(box.y + box.height for box in self.drawing.boxes.values())
        hosts: dict[str, int] = defaultdict(int)
        for number, edge in enumerate(e for e in self.flow.edges if self._timer(e)):
            node = self.flow.nodes[edge.start]
            host = self.drawing.boxes[node.host]
            x = host.x - 8 + hosts[node.host] * 60
            hosts[node.host] += 1
            self.drawing.boxes[node.id] = Box(x, host.y + host.height - 14, 28, 28)
            lane = lowest + 34 + LANE * number
            end = self.drawing.boxes[edge.end]
            # On the left of a gateway, whose own ways lead to the right.
            into = end.middle[0] + (-8 if self.flow.nodes[edge.end].kind in GATEWAYS else 8)
            self.drawing.lines[edge.id] = [
                (x + 14, host.y + host.height + 14),
                (x + 14, lane),
                (into, lane),
                (into, end.y + end.height - self._slope(edge.end, into)),
            ]

    def _slope(self, name: str, x: float) -> float:
        """Tell how far inside its box a node's outline is at ``x``: a gateway is a diamond."""
        if self.flow.nodes[name].kind not in GATEWAYS:
            return 0
        return abs(x - self.drawing.boxes[name].middle[0])

    def _size(self) -> None:
        boxes, lines = self.drawing.boxes.values(), self.drawing.lines.values()
        right = [box.x + box.width for box in boxes] + [x for line in lines for x, _ in line]
        below = [box.y + box.height + 22 for box in boxes] + [y for line in lines for _, y in line]
        self.drawing.width, self.drawing.height = max(right) + MARGIN, max(below) + MARGIN
