"""The labels of a drawing: their lines, sizes and places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from office.process.rendering.flow_graph import Edge, FlowNode

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """The box of a node, by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        """The point in its middle."""
        return self.x + self.width / 2, self.y + self.height / 2


LETTER: Final = 6.2
"""Width of a letter of a label."""
LABEL: Final = 18
"""Letters on a line of a label."""
LINE: Final = 13
"""Height of a label's line."""
UNDER: Final = 9
"""From a label's place to the foot of its last line; a way back has it above its lane."""
CONDITION: Final = 26
"""Letters on a line of a condition."""


def forward_lines(edge: Edge) -> list[str]:
    """Return the lines of a forward edge's label, its condition last."""
    condition = folded(f"[{edge.condition}]", CONDITION) if edge.condition else []
    return folded(edge.label, LABEL) + condition


def label_width(edge: Edge) -> float:
    """Return the width of a forward edge's label."""
    return max((len(line) for line in forward_lines(edge)), default=0) * LETTER


def label_lines(edge: Edge) -> list[str]:
    """Return the lines of an edge's label; a way back has one."""
    if edge.back:
        return [f"{edge.label}{f' [{edge.condition}]' if edge.condition else ''}"]
    return forward_lines(edge)


def label_place(edge: Edge, at: Point) -> tuple[float, float, float, float]:
    """Return the place of the label whose middle is ``at``: left, top, right and bottom."""
    lines = label_lines(edge)
    x, y = at
    half = max(len(line) for line in lines) * LETTER / 2 + 2
    base = y if edge.back else y + UNDER
    return x - half, base - 10 - LINE * (len(lines) - 1), x + half, base + 2


def timer_place(box: Box, label: str) -> tuple[float, float, float, float]:
    """Return the place of a timer's label, to the right of the line that leads down from it: left,
    top, right and bottom.
    """
    x, y = box.middle
    return x + 18, y + 3, x + 18 + len(label) * LETTER, y + 3 + LINE


def folded(text: str, width: int) -> list[str]:
    """Return a text broken into lines at its blanks."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def title_lines(node: FlowNode) -> list[str]:
    """Return the lines of a step's title, at most three."""
    lines = folded(node.label, 19)
    return lines if len(lines) <= 3 else [*lines[:2], f"{lines[2][:17]}…"]
