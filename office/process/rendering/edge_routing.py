"""Routing of a drawing's lines along rows and between columns, so that no line crosses a box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from office.process.rendering.flow_graph import Edge, Flow, NodeKind
from office.process.rendering.labels import LETTER, Box, Point, label_place, label_width

TALL: Final = 96
SIZES: Final = {
    NodeKind.START: (36, 36),
    NodeKind.END: (36, 36),
    NodeKind.STEP: (168, TALL),
    NodeKind.CONSULTATION: (168, TALL),
    NodeKind.CHILD: (168, TALL),
    NodeKind.CHOICE: (44, 44),
    NodeKind.PARALLEL: (44, 44),
    NodeKind.INCLUSIVE: (44, 44),
    NodeKind.TIMER: (28, 28),
}
GATEWAYS: Final = (NodeKind.CHOICE, NodeKind.PARALLEL, NodeKind.INCLUSIVE)
ROW: Final = 144
LANE: Final = 26
MARGIN: Final = 30
BESIDE: Final = 8
"""Between two lines that lead up or down beside each other."""
_AFTER: Final = 10
"""From a column to the first line that leads up or down behind it."""
_BEFORE: Final = 14
"""From the last such line to the next column; an arrow needs it."""
_BELOW: Final = 22
"""From a row to a line that passes along under it."""


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


class Grid:
    """The columns and rows of a drawing, and the cells with a box."""

    def __init__(
        self,
        layers: Mapping[str, int],
        rows: Mapping[str, int],
        x: Sequence[float],
        wide: Sequence[float],
        top: float,
    ) -> None:
        self.layers, self.rows = layers, rows
        self._x, self._wide, self._top = x, wide, top
        self._taken = {(layers[name], rows[name]) for name in layers}
        self._lowest = max(rows.values())

    def left(self, layer: int) -> float:
        """Return the left side of a column."""
        return self._x[layer]

    def right(self, layer: int) -> float:
        """Return the right side of a column."""
        return self._x[layer] + self._wide[layer]

    def middle(self, row: int) -> float:
        """Return the height at which the middle of a row lies."""
        return self._top + ROW * row + TALL / 2

    def under(self, row: int) -> float:
        """Return the height of a line that passes along under a row."""
        return self._top + ROW * row + TALL + _BELOW

    def free(self, layer: int, start: int, end: int) -> bool:
        """Return whether there is no box in a column from the row after ``start`` to ``end``."""
        step = 1 if end > start else -1
        return all((layer, row) not in self._taken for row in range(start + step, end + step, step))

    def open_below(self, name: str) -> bool:
        """Return whether there is no box under one."""
        row = self.rows[name]
        return row == self._lowest or self.free(self.layers[name], row, self._lowest)


class Router:
    """Routes one line after the other."""

    def __init__(self, drawing: Drawing, grid: Grid, reserved_rows: Mapping[str, int]) -> None:
        """``reserved_rows`` are the rows kept free for edges that pass columns."""
        self._drawing, self._grid, self._reserved_rows = drawing, grid, reserved_rows
        self._flow = drawing.flow
        self._after: dict[int, list[Hashable]] = defaultdict(list)
        self._before: dict[int, list[Hashable]] = defaultdict(list)

    def lanes(self) -> dict[int, int]:
        """Return how many lines lead up or down behind each column; -1: before the first one."""
        found: dict[int, int] = defaultdict(int)
        for layer, lines in self._after.items():
            found[layer] += len(lines)
        for layer, lines in self._before.items():
            found[layer - 1] += len(lines)
        return found

    def _behind(self, layer: int, owner: Hashable) -> float:
        """Return the place of a line behind a column; lines of one owner share it."""
        lines = self._after[layer]
        if owner not in lines:
            lines.append(owner)
        return self._grid.right(layer) + _AFTER + BESIDE * lines.index(owner)

    def _ahead(self, layer: int, owner: Hashable) -> float:
        """Return the place of a line before a column; lines of one owner share it."""
        lines = self._before[layer]
        if owner not in lines:
            lines.append(owner)
        return self._grid.left(layer) - _BEFORE - BESIDE * lines.index(owner)

    def forward(self, edge: Edge) -> None:
        """Route a forward edge to the next column or through the row kept free for it."""
        grid, boxes, kinds = self._grid, self._drawing.boxes, self._flow.nodes
        start, end = boxes[edge.start], boxes[edge.end]
        first, last = grid.layers[edge.start], grid.layers[edge.end]
        row, target = grid.rows[edge.start], grid.rows[edge.end]
        through = self._reserved_rows.get(edge.id, target)
        x1, y1 = start.x + start.width, start.middle[1]
        x2, y2, y = end.x, end.middle[1], grid.middle(through)
        line: list[Point] = [(x1, y1)]
        rises = edge.id not in self._reserved_rows and target < row
        into = rises and kinds[edge.end].kind in GATEWAYS and grid.free(last, target, row)
        if through != row and not rises:
            down = kinds[edge.start].kind in GATEWAYS or edge.id in self._reserved_rows
            if down and grid.free(first, row, through):
                middle = start.middle[0]
                line = [(middle, start.y + (start.height if through > row else 0)), (middle, y)]
            else:
                lane = self._behind(first, edge.start)
                line += [(lane, y1), (lane, y)]
        begins = line[-1]
        if into:
            line += [(end.middle[0], y1), (end.middle[0], end.y + end.height)]
        elif line[-1][1] != y2:
            lane = self._ahead(last, edge.end)
            line += [(lane, line[-1][1]), (lane, y2), (x2, y2)]
        else:
            line.append((x2, y2))
        self._drawing.lines[edge.id] = line
        left = max(begins[0], grid.right(first) if begins[0] >= x1 else 0)
        self._drawing.labels[edge.id] = (left + 12 + label_width(edge) / 2, begins[1] - 16)

    def above(self, edge: Edge, lane: float) -> None:
        """Route a back edge above all boxes."""
        grid = self._grid
        start, end = self._drawing.boxes[edge.start], self._drawing.boxes[edge.end]
        leave, x2 = start.middle[0] + self._beside(edge, "start"), end.middle[0]
        line: list[Point] = [(leave, start.y + self._slope(edge.start, leave))]
        if grid.rows[edge.start]:
            side = self._behind(grid.layers[edge.start], edge.id)
            line += [(leave, start.y - 18), (side, start.y - 18), (side, lane)]
        else:
            line.append((leave, lane))
        x2 += self._beside(edge, "end")
        left = line[-1][0]
        if grid.rows[edge.end]:
            side = self._ahead(grid.layers[edge.end], edge.id)
            line += [(side, lane), (side, end.y - 18), (x2, end.y - 18)]
        else:
            side = x2
            line.append((x2, lane))
        line.append((x2, end.y + self._slope(edge.end, x2)))
        self._drawing.lines[edge.id] = line
        self._drawing.labels[edge.id] = ((left + side) / 2, lane - 5)

    def clear_labels(self) -> None:
        """Move the labels of back edges along their lines to where no other line crosses them."""
        lines = self._drawing.lines
        for edge in self._flow.edges:
            if edge.id not in self._drawing.labels or not edge.back:
                continue
            (left, lane), (right, _) = max(
                pairwise(lines[edge.id]), key=lambda segment: abs(segment[0][0] - segment[1][0])
            )
            others = [
                segment
                for name, line in lines.items()
                if name != edge.id
                for segment in pairwise(line)
            ]
            for share in (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.3, 0.7, 0.25, 0.75, 0.2, 0.8):
                at = (left + share * (right - left), lane - 5)
                if not any(_crosses(segment, label_place(edge, at)) for segment in others):
                    self._drawing.labels[edge.id] = at
                    break

    def _beside(self, edge: Edge, side: str) -> float:
        """Return the distance from the middle at which a way back leaves a node, or comes to it, so
        that several don't lie on each other.
        """
        node = getattr(edge, side)
        at = [o.id for o in self._flow.edges if o.back and getattr(o, side) == node]
        if edge.id not in at:  # a forward edge that closes a cycle
            return 0
        return (at.index(edge.id) - (len(at) - 1) / 2) * 16

    def timers(self, edges: Sequence[Edge]) -> None:
        """Place timers on the lower side of their steps and route their edges below all boxes."""
        lowest = max(box.y + box.height for box in self._drawing.boxes.values())
        right: dict[str, float] = {}
        for number, edge in enumerate(edges):
            node = self._flow.nodes[edge.start]
            host = self._drawing.boxes[node.host]
            x = right.get(node.host, host.x - 8)
            right[node.host] = x + 38 + len(node.label) * LETTER
            self._drawing.boxes[node.id] = Box(x, host.y + host.height - 14, 28, 28)
            lane = lowest + 34 + LANE * number
            line: list[Point] = [(x + 14, host.y + host.height + 14)]
            line += self._aside(node.host, x + 14, edge.id)
            into = self._into(edge, edges)
            up = self._aside(edge.end, into, edge.id)[::-1]
            line += [(line[-1][0], lane), (up[0][0] if up else into, lane), *up]
            end = self._drawing.boxes[edge.end]
            line.append((into, end.y + end.height - self._slope(edge.end, into)))
            self._drawing.lines[edge.id] = line

    def _aside(self, name: str, x: float, owner: str) -> list[Point]:
        """Return the way from a place under a box to beside its column, where others lie below."""
        if self._grid.open_below(name):
            return []
        y = self._grid.under(self._grid.rows[name])
        lane = self._ahead(self._grid.layers[name], (owner, name))
        return [(x, y), (lane, y)]

    def _into(self, edge: Edge, edges: Sequence[Edge]) -> float:
        """Return the place at which a timer's way comes to a node from below: on the left of a
        gateway, whose own ways lead to the right, and on the right of a step, whose own timers are
        on the left.
        """
        number = [other.id for other in edges if other.end == edge.end].index(edge.id)
        box = self._drawing.boxes[edge.end]
        if self._flow.nodes[edge.end].kind in GATEWAYS:
            return box.middle[0] - 8 - 4 * number
        return box.x + box.width - 16 - 12 * number

    def _slope(self, name: str, x: float) -> float:
        """Return how far inside its box a node's outline is at ``x``: a gateway is a diamond."""
        if self._flow.nodes[name].kind not in GATEWAYS:
            return 0
        return abs(x - self._drawing.boxes[name].middle[0])


def _crosses(part: tuple[Point, Point], place: tuple[float, float, float, float]) -> bool:
    """Return whether a part of a line runs through a rectangle: left, top, right and bottom."""
    (x1, y1), (x2, y2) = part
    left, top, right, bottom = place
    outside = max(x1, x2) <= left or min(x1, x2) >= right
    return not (outside or max(y1, y2) <= top or min(y1, y2) >= bottom)
