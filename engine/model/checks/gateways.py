"""Decisions: every way out of an exclusive gateway says when it is taken, and one of them always is."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from engine.model.checks.flows import at
from engine.model.elements import Flow, Gateway
from engine.model.expressions import Expression, ExpressionFailedError, UnsafeExpressionError, compile_expression
from engine.model.findings import Finding
from engine.model.graph import Graph

MAX_CASES = 256  # combinations of outcomes that are tried out


def check_gateways(graph: Graph) -> list[Finding]:
    """Findings about the gateways of one process."""
    findings: list[Finding] = []
    for gateway in graph.process.gateways.values():
        ways = graph.out[gateway.id]
        if gateway.kind == "parallel":
            if gateway.default is not None:
                findings.append(at(graph, "gateway.default_parallel", gateway.id))
            continue
        findings += _default(graph, gateway, ways)
        findings += _conditions(graph, gateway, ways)
        findings += _labels(graph, gateway, ways)
        findings += _coverage(graph, gateway, ways)
    return findings


def _default(graph: Graph, gateway: Gateway, ways: list[Flow]) -> Iterator[Finding]:
    if gateway.default is None:
        return
    chosen = next((w for w in ways if w.id == gateway.default), None)
    if chosen is None:
        yield at(graph, "gateway.default", gateway.id, flow=gateway.default)
    elif chosen.condition is not None:
        yield at(graph, "gateway.default_condition", gateway.id, flow=chosen.id)


def _conditions(graph: Graph, gateway: Gateway, ways: list[Flow]) -> Iterator[Finding]:
    if len(ways) == 1 and ways[0].condition is not None and ways[0].id != gateway.default:
        yield at(graph, "flow.single_condition", ways[0].id, gateway=gateway.id)
    if len(ways) > 1:
        for way in ways:
            if way.condition is None and way.id != gateway.default:
                yield at(graph, "flow.condition_missing", way.id, gateway=gateway.id)


def _labels(graph: Graph, gateway: Gateway, ways: list[Flow]) -> Iterator[Finding]:
    if len(ways) > 1:
        for way in ways:
            if not way.name:
                yield at(graph, "gateway.label_missing", gateway.id, flow=way.id)


def _coverage(graph: Graph, gateway: Gateway, ways: list[Flow]) -> Iterator[Finding]:
    """Without a default, try every combination of the outcomes that the conditions ask for; one with no open way is an error."""
    if gateway.default is not None or len(ways) < 2 or any(w.condition is None for w in ways):
        return
    try:
        conditions = [compile_expression(w.condition or "") for w in ways]
    except UnsafeExpressionError:
        return  # reported where conditions are read
    values = _possible(graph, gateway.id, conditions)
    if values is None:
        yield at(graph, "gateway.no_default", gateway.id)
        return
    for case in product(*values.values()):
        chosen = dict(zip(values, case, strict=True))
        if not any(_holds(c, chosen) for c in conditions):
            yield at(graph, "gateway.uncovered", gateway.id, case=", ".join(f"{c}.outcome {v or 'never set'}" for c, v in chosen.items()))
            return


def _possible(graph: Graph, gateway_id: str, conditions: list[Expression]) -> dict[str, list[str | None]] | None:
    """The outcomes that each step asked about can have had here; None when the conditions ask for anything else, or for too much."""
    steps = {s.code: s for s in graph.process.steps.values() if s.outcomes}
    values: dict[str, list[str | None]] = {}
    for condition in conditions:
        if any(key != "outcome" for _, key in condition.attributes) or condition.names != {n for n, _ in condition.attributes}:
            return None
        for code in condition.names:
            if code not in steps:
                return None
            values[code] = [o.key for o in steps[code].outcomes]
            if gateway_id in graph.after(graph.process.starts, without={steps[code].id}):
                values[code].append(None)  # it can be reached without that step
    count = 1
    for possible in values.values():
        count *= len(possible)
    return values if count <= MAX_CASES else None


def _holds(condition: Expression, chosen: dict[str, str | None]) -> Any:
    try:
        return condition({code: {"outcome": value} for code, value in chosen.items()})
    except ExpressionFailedError:
        return False
