"""The diagrams of the ten commune procedures: everything drawn, in its lane, nothing on top of another, no line through a step."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree

from engine.model.elements import Process
from engine.model.reading import read_model

FOLDERS = sorted(path for path in (Path(__file__).parents[2] / "bpmn" / "procedures").iterdir() if path.is_dir())

NAMES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
}


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: "Box") -> bool:
        return self.left <= other.left and other.right <= self.right and self.top <= other.top and other.bottom <= self.bottom

    def touches(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom


@cache
def tree(folder: Path) -> etree._Element:
    return etree.parse(folder / "model.bpmn").getroot()


@cache
def process_of(folder: Path) -> Process:
    return read_model({"model.bpmn": (folder / "model.bpmn").read_bytes()}).main


def box(drawn: etree._Element, path: str = "dc:Bounds") -> Box | None:
    bounds = drawn.find(path, NAMES)
    if bounds is None:
        return None
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def shapes(folder: Path) -> dict[str, Box]:
    found = {s.get("bpmnElement"): box(s) for s in tree(folder).iterfind(".//bpmndi:BPMNShape", NAMES)}
    return {name: where for name, where in found.items() if where is not None}


def labels(folder: Path) -> dict[str, Box]:
    drawn = [*tree(folder).iterfind(".//bpmndi:BPMNShape", NAMES), *tree(folder).iterfind(".//bpmndi:BPMNEdge", NAMES)]
    found = {d.get("bpmnElement"): box(d, "bpmndi:BPMNLabel/dc:Bounds") for d in drawn}
    return {name: where for name, where in found.items() if where is not None}


def lines(folder: Path) -> dict[str, list[tuple[float, float]]]:
    return {
        edge.get("bpmnElement"): [(float(p.get("x")), float(p.get("y"))) for p in edge.iterfind("di:waypoint", NAMES)]
        for edge in tree(folder).iterfind(".//bpmndi:BPMNEdge", NAMES)
    }


def nodes(folder: Path) -> dict[str, Box]:
    process = process_of(folder)
    inside = {*process.steps, *process.gateways, *process.starts, *process.ends}
    return {name: where for name, where in shapes(folder).items() if name in inside}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
class TestDiagram:
    def test_draws_every_element(self, folder: Path) -> None:
        process = process_of(folder)
        assert set(nodes(folder)) == {*process.steps, *process.gateways, *process.starts, *process.ends}
        assert set(process.lanes) <= set(shapes(folder))
        assert set(lines(folder)) == set(process.flows)
        named = {f.id for f in process.flows.values() if f.name} | {g.id for g in process.gateways.values() if g.name}
        assert named <= set(labels(folder))

    def test_keeps_every_node_inside_its_lane(self, folder: Path) -> None:
        for lane in tree(folder).iterfind(".//bpmn:lane", NAMES):
            for reference in lane.iterfind("bpmn:flowNodeRef", NAMES):
                assert shapes(folder)[lane.get("id")].holds(shapes(folder)[reference.text]), reference.text

    def test_puts_nothing_on_top_of_another(self, folder: Path) -> None:
        boxes = [*nodes(folder).items(), *((f"label of {name}", where) for name, where in labels(folder).items())]
        assert [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.overlaps(other)] == []

    def test_leads_every_line_straight_from_node_to_node(self, folder: Path) -> None:
        for flow in process_of(folder).flows.values():
            points = lines(folder)[flow.id]
            assert nodes(folder)[flow.source].touches(*points[0]), flow.id
            assert nodes(folder)[flow.target].touches(*points[-1]), flow.id
            assert all(x1 == x2 or y1 == y2 for (x1, y1), (x2, y2) in pairwise(points)), flow.id

    def test_leads_no_line_through_a_step(self, folder: Path) -> None:
        for flow in process_of(folder).flows.values():
            for (x1, y1), (x2, y2) in pairwise(lines(folder)[flow.id]):
                segment = Box(min(x1, x2) - 1, min(y1, y2) - 1, max(x1, x2) + 1, max(y1, y2) + 1)
                hit = [n for n, where in nodes(folder).items() if n not in (flow.source, flow.target) and where.overlaps(segment)]
                assert hit == [], flow.id

    def test_crosses_no_lines(self, folder: Path) -> None:
        segments = [(flow_id, a, b) for flow_id, points in lines(folder).items() for a, b in pairwise(points)]
        crossed = [(one[0], other[0]) for one, other in combinations(segments, 2) if one[0] != other[0] and crosses(one[1:], other[1:])]
        assert crossed == []

    def test_names_steps_shortly_enough_for_their_shape(self, folder: Path) -> None:
        for step in tree(folder).iterfind(".//bpmn:userTask", NAMES):
            where = shapes(folder)[step.get("id")]
            assert (where.right - where.left, where.bottom - where.top) == (108, 60)
            assert len(step.get("name")) <= 38, step.get("name")


def crosses(one: tuple[tuple[float, float], ...], other: tuple[tuple[float, float], ...]) -> bool:
    """Whether a level and an upright line meet within both."""
    (ax, ay), (bx, by) = one
    (cx, cy), (dx, dy) = other
    if ay == by and cx == dx:
        return min(ax, bx) < cx < max(ax, bx) and min(cy, dy) < ay < max(cy, dy)
    if ax == bx and cy == dy:
        return crosses(other, one)
    return False
