"""Writer of processes as BPMN 2.0 with a diagram, for modellers such as bpmn.io."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from office.process.rendering.edge_routing import Drawing
from office.process.rendering.flow_graph import FlowNode, NodeKind
from office.process.rendering.labels import label_lines, label_place, timer_place

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
DI: Final = "http://www.omg.org/spec/DD/20100524/DI"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES: Final = {"bpmn": BPMN, "bpmndi": BPMNDI, "dc": DC, "di": DI, "xsi": XSI}
TARGET: Final = "urn:motcua:processes"


def render_bpmn(drawing: Drawing) -> str:
    """Return the drawing as the text of a BPMN file."""
    flow = drawing.flow
    root = Element("bpmn:definitions", {f"xmlns:{k}": v for k, v in _PREFIXES.items()})
    root.set("id", f"definitions_{_id(flow.name)}")
    root.set("targetNamespace", TARGET)
    process = SubElement(root, "bpmn:process", id=_id(flow.name), name=flow.title)
    process.set("isExecutable", "false")
    for node in flow.nodes.values():
        _element(process, drawing, node)
    for edge in flow.edges:
        line = SubElement(
            process, "bpmn:sequenceFlow", id=edge.id, sourceRef=edge.start, targetRef=edge.end
        )
        # Modellers show no condition, so the name repeats it.
        if name := "\n".join(label_lines(edge)):
            line.set("name", name)
        if edge.condition:
            condition = SubElement(line, "bpmn:conditionExpression")
            condition.set("xsi:type", "bpmn:tFormalExpression")
            condition.text = edge.condition
    _diagram(root, drawing)
    indent(root, " ")
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _id(name: str) -> str:
    return f"process_{name}".replace("-", "_")


def _element(process: Element, drawing: Drawing, node: FlowNode) -> None:
    made = SubElement(process, f"bpmn:{node.kind.value}", id=node.id)
    if node.label:
        made.set("name", node.label)
    if node.kind is NodeKind.TIMER:
        made.set("attachedToRef", node.host)
    if node.small:
        SubElement(made, "bpmn:documentation").text = node.small
    for tag, side in (("incoming", "end"), ("outgoing", "start")):
        for edge in drawing.flow.edges:
            if getattr(edge, side) == node.id:
                SubElement(made, f"bpmn:{tag}").text = edge.id
    if node.kind is NodeKind.TIMER:
        definition = SubElement(made, "bpmn:timerEventDefinition", id=f"{node.id}_after")
        duration = SubElement(definition, "bpmn:timeDuration")
        duration.set("xsi:type", "bpmn:tFormalExpression")
        duration.text = node.after


def _diagram(root: Element, drawing: Drawing) -> None:
    name = _id(drawing.flow.name)
    diagram = SubElement(root, "bpmndi:BPMNDiagram", id=f"diagram_{name}")
    plane = SubElement(diagram, "bpmndi:BPMNPlane", id=f"plane_{name}", bpmnElement=name)
    for node in drawing.flow.nodes.values():
        shape = SubElement(plane, "bpmndi:BPMNShape", id=f"{node.id}_di", bpmnElement=node.id)
        if node.kind is NodeKind.CHOICE:
            shape.set("isMarkerVisible", "true")
        box = drawing.boxes[node.id]
        _bounds(shape, box.x, box.y, box.width, box.height)
        if node.label and node.kind is NodeKind.TIMER:
            left, top, right, bottom = timer_place(box, node.label)
            label = SubElement(shape, "bpmndi:BPMNLabel")
            _bounds(label, left, top, right - left, bottom - top)
        elif node.label and node.kind in (NodeKind.START, NodeKind.END):
            label = SubElement(shape, "bpmndi:BPMNLabel")
            _bounds(label, box.middle[0] - 40, box.y + box.height + 4, 80, 14)
    for edge in drawing.flow.edges:
        line = SubElement(plane, "bpmndi:BPMNEdge", id=f"{edge.id}_di", bpmnElement=edge.id)
        for x, y in drawing.lines[edge.id]:
            SubElement(line, "di:waypoint", x=f"{x:g}", y=f"{y:g}")
        if edge.id in drawing.labels and any(label_lines(edge)):
            label = SubElement(line, "bpmndi:BPMNLabel")
            left, top, right, bottom = label_place(edge, drawing.labels[edge.id])
            _bounds(label, left, top, right - left, bottom - top)


def _bounds(above: Element, x: float, y: float, width: float, height: float) -> None:
    SubElement(above, "dc:Bounds", x=f"{x:g}", y=f"{y:g}", width=f"{width:g}", height=f"{height:g}")
