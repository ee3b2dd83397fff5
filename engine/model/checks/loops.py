"""Loops: somebody acts on every turn, and what happens on a turn can end it."""

from collections.abc import Iterator

from engine.model.checks.flows import at
from engine.model.elements import Flow, ProcessModel
from engine.model.expressions import UnsafeExpressionError, compile_expression, compile_script
from engine.model.findings import Finding
from engine.model.graph import Graph


def check_loops(model: ProcessModel, graph: Graph) -> Iterator[Finding]:
    """Findings about the loops of one process."""
    process = graph.process
    # Calls count as automatic: what they call need not have a step. A timer only makes the turning slow.
    for loop in graph.loops([n for n in graph.nodes if n not in process.steps]):
        yield at(graph, "loop.automatic", loop[0], nodes=", ".join(loop))
    for loop in graph.loops(graph.nodes):
        decided = _decided(model, graph, loop)
        for gateway in [n for n in loop if n in process.gateways and process.gateways[n].kind == "exclusive"]:
            caught = [w for w in _fixed(graph, gateway, decided) if not _may_end(graph, gateway, w)]
            if caught and any(n in process.steps for n in loop):
                yield at(graph, "loop.fixed", gateway, flow=caught[0].id, nodes=", ".join(loop))


def _decided(model: ProcessModel, graph: Graph, loop: list[str]) -> set[str]:
    """The names that can change on a turn: its steps, those that it calls, and what its scripts set."""
    process = graph.process
    decided = {process.steps[n].code for n in loop if n in process.steps}
    if any(n in process.calls for n in loop):
        decided |= {s.code for called in model.called.values() for s in called.steps.values()}
    for node in loop:
        if node in process.scripts:
            try:
                decided |= compile_script(process.scripts[node].script).sets
            except UnsafeExpressionError:
                continue  # reported where scripts are read
    return decided


def _fixed(graph: Graph, gateway: str, decided: set[str]) -> list[Flow]:
    """The ways out that are taken on every turn once they are taken: what they ask for does not change in the loop."""
    ways = graph.out[gateway]
    fixed = [w for w in ways if w.condition is not None and not _names(w) & decided]
    defaults = [w for w in ways if w.id == graph.process.gateways[gateway].default]
    return fixed + defaults if len(fixed) + len(defaults) == len(ways) > 1 else fixed


def _may_end(graph: Graph, gateway: str, way: Flow) -> bool:
    """Whether an end can be reached when this gateway always goes this way."""
    others = {w.id for w in graph.out[gateway]} - {way.id}
    return not graph.process.ends.keys().isdisjoint(Graph(graph.process, closed=others).after([gateway]))


def _names(way: Flow) -> frozenset[str]:
    try:
        return compile_expression(way.condition).names if way.condition else frozenset()
    except UnsafeExpressionError:
        return frozenset()
