"""Drawings of processes: what stands in the file is in them, and nothing lies on anything else."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from office.permissions import shipped
from office.process.model.process import Process
from office.process.rendering.bpmn import BPMN, BPMNDI, DC, DI, render_bpmn
from office.process.rendering.edge_routing import GATEWAYS, Drawing
from office.process.rendering.flow_graph import NodeKind, flow_of
from office.process.rendering.labels import label_lines, label_place, title_lines
from office.process.rendering.layout import lay_out
from office.process.rendering.svg import render_svg
from office.process.rendering.text import render_text
from office.process.repository import check_files
from office.texts import OFFICE_TEXTS
from tests.support.office_files import standard_processes
from tests.support.paths import ROOT

HARD = Path(__file__).parent / "data" / "hard-to-draw.yaml"
"""Timers above each other, consultations and a child below a step, ways back from and to rows
below."""
SHIPPED = [*standard_processes().all(), *check_files([HARD])[0]]
IDS = [f"{p.name}-{p.version}" for p in SHIPPED]
every_process = pytest.mark.parametrize("process", SHIPPED, ids=IDS)


def drawn(process: Process) -> Drawing:
    return lay_out(flow_of(process))


@every_process
def test_a_flow_has_every_step_and_every_way(process: Process) -> None:
    """One task for each step and consultation, one edge for each way, one end for each result."""
    flow = flow_of(process)
    kinds = [node.kind for node in flow.nodes.values()]
    assert kinds.count(NodeKind.STEP) == len(process.steps)
    assert kinds.count(NodeKind.CONSULTATION) == sum(len(s.consultations) for s in process.steps)
    assert kinds.count(NodeKind.CHILD) == sum(len(s.children) for s in process.steps)
    assert kinds.count(NodeKind.TIMER) == sum(len(s.timers) for s in process.steps)
    labels = [edge.label for edge in flow.edges if edge.label]
    assert sorted(labels) == sorted(w.title.vi for s in process.steps for w in s.transitions)
    assert all(edge.start in flow.nodes and edge.end in flow.nodes for edge in flow.edges)


@every_process
def test_no_two_boxes_overlap_and_all_lies_within_the_picture(process: Process) -> None:
    """Only a timer sits on its step."""
    drawing = drawn(process)
    boxes = {n: b for n, b in drawing.boxes.items() if drawing.flow.nodes[n].kind != NodeKind.TIMER}
    assert boxes.keys() == drawing.flow.nodes.keys() - (drawing.boxes.keys() - boxes.keys())
    for name, a in boxes.items():
        assert 0 <= a.x <= drawing.width - a.width
        assert 0 <= a.y <= drawing.height - a.height
        for other, b in boxes.items():
            if name != other:
                apart = a.x + a.width <= b.x or b.x + b.width <= a.x
                assert apart or a.y + a.height <= b.y or b.y + b.height <= a.y, (name, other)


@every_process
def test_lines_have_right_angles_and_run_through_nothing(process: Process) -> None:
    """Each line begins and ends at its nodes and passes all others by; only the line of a timer
    leaves the step on which it sits.
    """
    drawing = drawn(process)
    nodes = drawing.flow.nodes
    boxes = {n: b for n, b in drawing.boxes.items() if nodes[n].kind != NodeKind.TIMER}
    for edge in drawing.flow.edges:
        points = drawing.lines[edge.id]
        for (x1, y1), (x2, y2) in pairwise(points):
            assert x1 == x2 or y1 == y2, edge
            for name, box in boxes.items():
                if name in (edge.start, edge.end):
                    continue
                beside = max(x1, x2) <= box.x or min(x1, x2) >= box.x + box.width
                above = max(y1, y2) <= box.y or min(y1, y2) >= box.y + box.height
                assert beside or above, (edge, name)


def test_every_line_touches_what_it_leads_to() -> None:
    """An arrow ends on the outline: of a gateway, which is a diamond, of an event, of a box; also
    those of timers and of several ways back into one gateway, which end beside its corner.
    """
    ends = {"corner": 0, "beside": 0}
    for process in SHIPPED:
        drawing = drawn(process)
        for edge in drawing.flow.edges:
            (x, y), box = drawing.lines[edge.id][-1], drawing.boxes[edge.end]
            across, down = abs(x - box.middle[0]), abs(y - box.middle[1])
            half, kind = box.width / 2, drawing.flow.nodes[edge.end].kind
            if kind in GATEWAYS:
                assert across + down == pytest.approx(half), (process.name, edge)
                ends["beside" if across and down else "corner"] += 1
            elif kind in (NodeKind.START, NodeKind.END):
                assert across**2 + down**2 == pytest.approx(half**2), (process.name, edge)
            else:
                assert max(across / half, down / (box.height / 2)) == pytest.approx(1), edge
    assert all(ends.values()), ends


@every_process
@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_label_lies_on_a_step_or_another_label(process: Process, language: str) -> None:
    """Each can be read whole, in both languages."""
    drawing = lay_out(flow_of(process, language))
    named = [edge for edge in drawing.flow.edges if edge.id in drawing.labels and label_lines(edge)]
    places = {
        edge.id: label_place(edge, drawing.labels[edge.id])
        for edge in named
        if any(label_lines(edge))
    }
    for name, (left, top, right, bottom) in places.items():
        assert left >= 0
        assert top >= 0
        assert right <= drawing.width
        others = [(it.x, it.y, it.x + it.width, it.y + it.height) for it in drawing.boxes.values()]
        others += [place for other, place in places.items() if other != name]
        for x1, y1, x2, y2 in others:
            assert right <= x1 or x2 <= left or bottom <= y1 or y2 <= top, name


@every_process
@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_line_crosses_the_label_of_a_way_back(process: Process, language: str) -> None:
    """A modeller writes on no white ground."""
    drawing = lay_out(flow_of(process, language))
    for edge in drawing.flow.edges:
        if not edge.back or edge.id not in drawing.labels:
            continue
        left, top, right, bottom = label_place(edge, drawing.labels[edge.id])
        for name, line in drawing.lines.items():
            for (x1, y1), (x2, y2) in pairwise(line):
                beside = max(x1, x2) <= left or min(x1, x2) >= right
                above = max(y1, y2) <= top or min(y1, y2) >= bottom
                assert beside or above, (edge, name)


@every_process
def test_a_modeller_shows_conditions_and_timers(process: Process) -> None:
    """Conditions stand in the names of the ways, each label has its place, and that of a timer lies
    beside its line.
    """
    drawing = drawn(process)
    root = fromstring(render_bpmn(drawing))
    names = {f.get("id"): f.get("name") for f in _parts(root, "sequenceFlow")}
    edges = {e.get("bpmnElement"): e for e in _parts(root, "BPMNEdge", BPMNDI)}
    for edge in drawing.flow.edges:
        text = (names[edge.id] or "").replace("\n", " ")
        assert edge.label in text
        assert edge.condition in text
        if text and edge.id in drawing.labels:
            assert _parts(edges[edge.id], "BPMNLabel", BPMNDI)
    shapes = {s.get("bpmnElement"): s for s in _parts(root, "BPMNShape", BPMNDI)}
    for edge in drawing.flow.edges:
        if drawing.flow.nodes[edge.start].kind is NodeKind.TIMER:
            (label,) = _parts(shapes[edge.start], "BPMNLabel", BPMNDI)
            (bounds,) = _parts(label, "Bounds", DC)
            assert float(bounds.get("x")) > drawing.lines[edge.id][0][0]


@every_process
@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_stands_in_a_step_fits_into_it(process: Process, language: str) -> None:
    """Roles and limits are told in the language, on lines that the box holds."""
    drawing = lay_out(flow_of(process, language))
    for name, node in drawing.flow.nodes.items():
        if node.kind not in (NodeKind.STEP, NodeKind.CONSULTATION, NodeKind.CHILD):
            continue
        box, small = drawing.boxes[name], node.small.split("\n")
        assert max(len(line) for line in small) * 5.6 <= box.width
        assert 16 * len(title_lines(node)) + 13 * len(small) + 12 <= box.height


def test_a_vietnamese_drawing_has_no_english_in_it() -> None:
    """Roles, units, limits and conditions are Vietnamese; facts have their titles."""
    process = next(p for p in SHIPPED if p.name == "consulted")
    text = " ".join(fromstring(render_svg(drawn(process))).itertext())
    for words in ("chuyên viên", "3 ngày làm việc", "kênh nộp = trực tuyến /", "= Không đồng ý"):
        assert words in text
    codes = r"\b(?:specialist|leader|dossier|online|or|grant|reject|\d+w[dh])\b"
    assert not re.findall(codes, text)
    english = " ".join(fromstring(render_svg(lay_out(flow_of(process, "en")))).itertext())
    for words in ("specialist", "3 working days", "1 working day ", "channel = online /"):
        assert words in english


def test_every_role_of_the_office_has_its_words() -> None:
    """A role that is added to the table of permissions is named in drawings, too."""
    named = {key for key in OFFICE_TEXTS if key.startswith("drawing.role.")}
    assert named == {f"drawing.role.{role}" for role in shipped().roles}


@every_process
def test_the_svg_is_one_file_with_the_titles_in_it(process: Process) -> None:
    """Well-formed, without anything from outside, and every title can be read."""
    picture = render_svg(drawn(process))
    root = fromstring(picture)
    words = " ".join(root.itertext())
    assert "href" not in picture
    assert all(step.title.vi in words for step in process.steps)
    heading = next(it for it in root.iter() if it.get("class") == "h")
    assert 30 + 9.3 * len(heading.text or "") < float(root.attrib["width"])


def _parts(root: Any, name: str, space: str = BPMN) -> list[Any]:
    return list(root.iter(f"{{{space}}}{name}"))


@every_process
def test_the_bpmn_holds_together(process: Process) -> None:
    """Ids are unique; every reference leads somewhere; each element has its shape or edge with
    bounds or waypoints; incoming and outgoing agree with the flows.
    """
    root = fromstring(render_bpmn(drawn(process)))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    (whole,) = _parts(root, "process")
    flows = {f.get("id"): f for f in _parts(whole, "sequenceFlow")}
    nodes = {e.get("id"): e for e in whole if e.get("id") not in flows}
    for name, flow in flows.items():
        source, target = nodes[flow.get("sourceRef")], nodes[flow.get("targetRef")]
        assert name in [out.text for out in _parts(source, "outgoing")]
        assert name in [into.text for into in _parts(target, "incoming")]
    shown = {s.get("bpmnElement"): s for s in _parts(root, "BPMNShape", BPMNDI)}
    assert shown.keys() == nodes.keys()
    assert all(_parts(shape, "Bounds", DC) for shape in shown.values())
    edges = {e.get("bpmnElement"): e for e in _parts(root, "BPMNEdge", BPMNDI)}
    assert edges.keys() == flows.keys()
    assert all(len(_parts(edge, "waypoint", DI)) >= 2 for edge in edges.values())
    for timer in _parts(whole, "boundaryEvent"):
        assert timer.get("attachedToRef") in nodes
        assert len(_parts(timer, "timerEventDefinition")) == 1


@every_process
def test_the_rules_of_bpmn_for_gateways_and_events_are_kept(process: Process) -> None:
    """Nothing enters a start, nothing leaves an end, conditions leave no parallel gateway."""
    root = fromstring(render_bpmn(drawn(process)))
    for flow in _parts(root, "sequenceFlow"):
        assert flow.get("targetRef") != "start"
        if _parts(flow, "conditionExpression"):
            kind = next(e.tag for e in root.iter() if e.get("id") == flow.get("sourceRef"))
            gateways = ("exclusiveGateway", "inclusiveGateway", "userTask")
            assert kind.removeprefix(f"{{{BPMN}}}") in gateways
    for end in _parts(root, "endEvent"):
        assert not _parts(end, "outgoing")
    assert len(_parts(root, "startEvent")) == 1


@every_process
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_text_names_every_step_and_way(process: Process, language: str) -> None:
    """Names, limits and conditions are all there."""
    text = render_text(process, language)
    for step in process.steps:
        assert step.name in text
        for way in step.transitions:
            assert f"{way.to}  {way.name}" in text


def test_the_example_of_the_page_has_no_mistake() -> None:
    """What an operator begins with passes the check."""
    example = ROOT / "examples" / "processes" / "permits.yaml"
    found, mistakes = check_files([example])
    assert mistakes == []
    page = (ROOT / "docs" / "processes.md").read_text(encoding="utf-8")
    body = example.read_text(encoding="utf-8").split("\n", 1)[1]
    assert all(line.strip() in page for line in body.splitlines())
    assert [p.name for p in found] == ["permits"]
