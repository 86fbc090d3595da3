"""Writer of processes as SVG files without external resources."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from office.process.rendering.edge_routing import GATEWAYS, MARGIN, Drawing
from office.process.rendering.flow_graph import FlowNode, NodeKind
from office.process.rendering.labels import LINE, UNDER, Box, label_lines, timer_place, title_lines

_FILL: Final = {
    NodeKind.STEP: ("#eef4fb", "#2f6199"),
    NodeKind.CONSULTATION: ("#fdf6e7", "#a5781d"),
    NodeKind.CHILD: ("#eff7ee", "#3f7f3a"),
}
_STYLE: Final = (
    "text{font-family:'Be Vietnam Pro','Noto Sans','DejaVu Sans',system-ui,sans-serif;fill:#1f2933}"
    ".t{font-size:13px;font-weight:600;text-anchor:middle}"
    ".s{font-size:10.5px;fill:#52606d;text-anchor:middle}"
    ".l{font-size:11px;fill:#3e4c59;text-anchor:middle}"
    ".w{font-size:11px;text-anchor:middle;fill:#fff;stroke:#fff;stroke-width:4px}"
    ".f{font-size:10.5px;fill:#52606d}"
    ".h{font-size:16px;font-weight:600}"
    ".e{fill:none;stroke:#52606d;stroke-width:1.4}"
    ".b{fill:none;stroke:#b0413e;stroke-width:1.3;stroke-dasharray:5 3}"
)
_SIGNS: Final = {
    NodeKind.PARALLEL: "M-8 0H8M0 -8V8",
    NodeKind.CHOICE: "M-6 -6L6 6M-6 6L6 -6",
    NodeKind.INCLUSIVE: "M-8 0A8 8 0 1 0 8 0A8 8 0 1 0 -8 0",
}
_HEAD: Final = 40
_LETTER_OF_HEAD: Final = 9.4
"""Width of a letter of the heading."""


def render_svg(drawing: Drawing) -> str:
    """Return the drawing as the text of an SVG file."""
    heading = f"{drawing.flow.title} ({drawing.flow.name.replace('_v', ' v')})"
    title = escape(heading)
    width = round(max(drawing.width, 2 * MARGIN + _LETTER_OF_HEAD * len(heading)))
    height = round(drawing.height + _HEAD)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        f"<title>{title}</title><style>{_STYLE}</style>",
        f"<defs>{_arrow('a', '#52606d')}{_arrow('r', '#b0413e')}</defs>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text class="h" x="30" y="30">{title}</text>',
        f'<g transform="translate(0 {_HEAD})">',
    ]
    for edge in drawing.flow.edges:
        points = " ".join(f"{x:g},{y:g}" for x, y in drawing.lines[edge.id])
        look, tip = ("b", "r") if edge.back else ("e", "a")
        parts.append(f'<polyline class="{look}" points="{points}" marker-end="url(#{tip})"/>')
    for name, node in drawing.flow.nodes.items():
        parts += _node(node, drawing.boxes[name])
    for edge in drawing.flow.edges:
        if edge.id in drawing.labels:
            x, y = drawing.labels[edge.id]
            lines = label_lines(edge)
            for number, line in enumerate(lines):
                up = y if edge.back else y + UNDER - LINE * (len(lines) - 1 - number)
                parts += _on_white(x, up, line)
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _on_white(x: float, y: float, line: str) -> list[str]:
    """Return a text with a white outline, which keeps it readable over lines.

    Two elements do it in every viewer: some have no order of painting within one text.
    """
    place = f'x="{x:g}" y="{y:g}"'
    return [
        f'<text class="w" {place} aria-hidden="true">{escape(line)}</text>',
        f'<text class="l" {place}>{escape(line)}</text>',
    ]


def _arrow(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 Z" fill="{colour}"/></marker>'
    )


def _node(node: FlowNode, box: Box) -> list[str]:
    x, y = box.middle
    if node.kind in _FILL:
        return _task(node, box)
    if node.kind in GATEWAYS:
        half = box.width / 2
        corners = f"{x:g},{y - half:g} {x + half:g},{y:g} {x:g},{y + half:g} {x - half:g},{y:g}"
        sign = _SIGNS[node.kind]
        return [
            f'<polygon points="{corners}" fill="#fff" stroke="#52606d" stroke-width="1.4"/>',
            f'<path d="{sign}" transform="translate({x:g} {y:g})" stroke="#52606d" '
            f'stroke-width="2.4" fill="none"/>',
        ]
    width = {NodeKind.START: 1.6, NodeKind.END: 3.2}.get(node.kind, 1.2)
    parts = [
        f'<circle cx="{x:g}" cy="{y:g}" r="{box.width / 2:g}" fill="#fff" stroke="#52606d" '
        f'stroke-width="{width}"/>'
    ]
    if node.kind is NodeKind.TIMER:
        parts.append(
            f'<path d="M0 -8V0L5 4" transform="translate({x:g} {y:g})" stroke="#52606d" '
            f'stroke-width="1.4" fill="none"/>'
        )
        left, _, _, foot = timer_place(box, node.label)
        parts.append(f'<text class="f" x="{left:g}" y="{foot - 3:g}">{escape(node.label)}</text>')
    elif node.label:
        below = box.y + box.height + 15
        parts.append(f'<text class="s" x="{x:g}" y="{below:g}">{escape(node.label)}</text>')
    return parts


def _task(node: FlowNode, box: Box) -> list[str]:
    fill, stroke = _FILL[node.kind]
    wide = 2.6 if node.kind is NodeKind.CHILD else 1.4
    # A tooltip shows the whole of a title that is too long for its box.
    whole = f"<title>{escape(node.label)}</title>"
    parts = [
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="9" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="{wide}">{whole}</rect>'
    ]
    lines = title_lines(node)
    x, middle = box.middle
    small = node.small.split("\n") if node.small else []
    top = middle - 8 * (len(lines) - 1) - 6 * len(small) + 5
    for number, line in enumerate(lines):
        y = top + 16 * number
        parts.append(f'<text class="t" x="{x:g}" y="{y:g}">{escape(line)}</text>')
    for number, line in enumerate(reversed(small)):
        y = box.y + box.height - 9 - 13 * number
        parts.append(f'<text class="s" x="{x:g}" y="{y:g}">{escape(line)}</text>')
    return parts
