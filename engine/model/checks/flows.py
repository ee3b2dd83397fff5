"""Arrows and ends: everything can be reached, everything goes on, and nothing forks in silence."""

from collections.abc import Iterator
from typing import Any

from engine.model.findings import Finding
from engine.model.graph import Graph
from engine.model.rules import finding


def check_flows(graph: Graph) -> list[Finding]:
    """Findings about start, ends and flows of one process."""
    return [*_starts_and_ends(graph), *_flows(graph), *_nodes(graph), *_reach(graph)]


def at(graph: Graph, rule: str, element_id: str, **facts: Any) -> Finding:
    """The finding of a rule at an element of this process."""
    process = graph.process
    return finding(rule, process.file, element_id, line=process.lines.get(element_id), **facts)


def _starts_and_ends(graph: Graph) -> Iterator[Finding]:
    process = graph.process
    if len(process.starts) != 1:
        yield at(graph, "start.count", process.id, count=len(process.starts))
    if not process.ends:
        yield at(graph, "end.none", process.id)
    for start in process.starts:
        if graph.into[start]:
            yield at(graph, "start.entered", start)
    for end in process.ends:
        if graph.out[end]:
            yield at(graph, "end.left", end)


def _flows(graph: Graph) -> Iterator[Finding]:
    process = graph.process
    pairs: set[tuple[str, str]] = set()
    for flow in process.flows.values():
        for way, node in (("from", flow.source), ("to", flow.target)):
            if node not in graph.out:
                yield at(graph, "flow.dangling", flow.id, way=way, node=node or "nothing")
        if (flow.source, flow.target) in pairs:
            yield at(graph, "flow.double", flow.id, source=flow.source, target=flow.target)
        pairs.add((flow.source, flow.target))
        gateway = process.gateways.get(flow.source)
        if flow.condition is not None and (gateway is None or gateway.kind != "exclusive"):
            yield at(graph, "flow.condition_ignored", flow.id)


def _nodes(graph: Graph) -> Iterator[Finding]:
    process = graph.process
    for node in graph.nodes:
        if node not in process.gateways and node not in process.ends and len(graph.out[node]) > 1:
            yield at(graph, "fork.implicit", node)
        if node not in process.ends and not graph.out[node]:
            yield at(graph, "node.dead_end", node)
        timer = process.timers.get(node)
        if timer is not None and timer.attached_to is not None:
            if timer.attached_to not in process.steps and timer.attached_to not in process.calls:
                yield at(graph, "timer.host", node, host=timer.attached_to or "nothing")
            if graph.into[node]:
                yield at(graph, "timer.entered", node)
        elif node not in process.starts and not graph.into[node]:
            yield at(graph, "node.no_entry", node)


def _reach(graph: Graph) -> Iterator[Finding]:
    process = graph.process
    reached = graph.after(process.starts)
    ending = graph.before(process.ends)
    for node in graph.nodes:
        if node not in reached and graph.previous[node] and process.starts:
            yield at(graph, "node.unreachable", node)
        elif node not in ending and graph.out[node] and process.ends:
            yield at(graph, "node.no_end", node)
