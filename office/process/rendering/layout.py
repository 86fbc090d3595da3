"""Layout of a flow from left to right: layers by the longest path from the start, rows by nearness
to the nodes before, back edges above everything, edges of timers below.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from office.process.rendering.edge_routing import (
    BESIDE,
    LANE,
    MARGIN,
    ROW,
    SIZES,
    TALL,
    Drawing,
    Grid,
    Router,
)
from office.process.rendering.flow_graph import Edge, Flow, NodeKind
from office.process.rendering.labels import LETTER, Box, forward_lines


def lay_out(flow: Flow) -> Drawing:
    """Return a drawing with a box for every node and a right-angled line for every edge."""
    lanes = _Layout(flow, {}).lanes  # how much room the lines need between the columns
    return _Layout(flow, lanes).drawing


class _Layout:
    def __init__(self, flow: Flow, lanes: Mapping[int, int]) -> None:
        self.flow = flow
        self.drawing = Drawing(flow)
        self._lanes = lanes
        self._forward = [e for e in flow.edges if not e.back and not self._timer(e)]
        self._layers = self._layered()
        self._onward = [e for e in self._forward if (e.start, e.end) not in self._closing]
        self._rows = self._ordered()
        backs = [e for e in flow.edges if e.back and not self._timer(e)]
        backs.sort(key=lambda e: self._layers[e.end] - self._layers[e.start])
        self._top = MARGIN + LANE * len(backs) + (14 if backs else 0)
        self._columns()
        self._place()
        grid = Grid(self._layers, self._rows, self._x, self._wide, self._top)
        router = Router(self.drawing, grid, self._reserved_rows)
        for edge in self._forward:
            if edge in self._onward:
                router.forward(edge)
            else:
                router.above(edge, MARGIN / 2)
        for number, edge in enumerate(backs):
            router.above(edge, MARGIN + LANE * number)
        router.timers([e for e in flow.edges if self._timer(e)])
        router.clear_labels()
        self.lanes = router.lanes()
        self._size()

    def _timer(self, edge: Edge) -> bool:
        return self.flow.nodes[edge.start].kind is NodeKind.TIMER

    def _layered(self) -> dict[str, int]:
        """Return the layer of each node; edges that close a cycle are ignored."""
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
            if node.kind is not NodeKind.TIMER and name not in state:
                visit(name)
        layers = dict.fromkeys(order, 0)
        for name in reversed(order):
            for after in following[name]:
                if (name, after) not in closing:
                    layers[after] = max(layers[after], layers[name] + 1)
        self._closing = closing
        return layers

    def _ordered(self) -> dict[str, int]:
        """Return the row of each node; an edge that passes a layer reserves a row there."""
        rows: dict[str, int] = {}
        occupied: dict[int, set[int]] = defaultdict(set)
        before: dict[str, list[Edge]] = defaultdict(list)
        for edge in self._onward:
            before[edge.end].append(edge)
        places = {name: number for number, name in enumerate(self.flow.nodes)}
        for name in sorted(self._layers, key=lambda n: (self._layers[n], places[n])):
            layer = self._layers[name]
            wanted = min((rows[e.start] for e in before[name]), default=0)
            while wanted in occupied[layer]:
                wanted += 1
            rows[name] = wanted
            occupied[layer].add(wanted)
        self._detours(occupied)
        return rows

    def _detours(self, occupied: dict[int, set[int]]) -> None:
        """Reserve, for each edge that passes layers, a row that is free in all of them."""
        self._reserved_rows: dict[str, int] = {}
        for edge in self._onward:
            passed = range(self._layers[edge.start] + 1, self._layers[edge.end])
            row = 0
            while any(row in occupied[layer] for layer in passed):
                row += 1
            if passed:
                self._reserved_rows[edge.id] = row
            for layer in passed:
                occupied[layer].add(row)

    def _columns(self) -> None:
        """Leave room between the layers for labels and for lines that lead up and down."""
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
        x = float(MARGIN) + BESIDE * self._lanes.get(-1, 0)
        for layer in range(count):
            nodes = [n for n, at in self._layers.items() if at == layer]
            wide = max(SIZES[self.flow.nodes[n].kind][0] for n in nodes)
            self._x.append(x)
            self._wide.append(wide)
            x += wide + gaps[layer] + BESIDE * max(0, self._lanes.get(layer, 0) - 1)

    def _place(self) -> None:
        for name, layer in self._layers.items():
            width, height = SIZES[self.flow.nodes[name].kind]
            x = self._x[layer] + (self._wide[layer] - width) / 2
            y = self._top + ROW * self._rows[name] + (TALL - height) / 2
            self.drawing.boxes[name] = Box(x, y, width, height)

    def _size(self) -> None:
        boxes, lines = self.drawing.boxes.values(), self.drawing.lines.values()
        right = [box.x + box.width for box in boxes] + [x for line in lines for x, _ in line]
        below = [box.y + box.height + 22 for box in boxes] + [y for line in lines for _, y in line]
        self.drawing.width, self.drawing.height = max(right) + MARGIN, max(below) + MARGIN
