"""Parallel branches: every split finds its join, no step is reached twice at once, and the plan stays small."""

from collections.abc import Iterator, Mapping

from engine.model.checks.flows import at
from engine.model.elements import ProcessModel
from engine.model.findings import Finding
from engine.model.graph import Graph
from engine.model.tokens import Play, TooManyStatesError

MAX_PLANNED = 400  # tasks that the runner plans ahead; it grows threefold with each parallel block of three branches


def check_parallel(model: ProcessModel, graphs: Mapping[str, Graph]) -> list[Finding]:
    """Findings about joins and splits. The structure must be sound."""
    findings: list[Finding] = []
    for process in model.processes:
        graph = graphs[process.id]
        too_large = list(_planned(graph))
        findings += too_large or _played(graph)
    return findings


def _played(graph: Graph) -> Iterator[Finding]:
    try:
        seen = Play(graph, advance=lambda before, *_: before, called=lambda _, status: {status}).run(0)
    except TooManyStatesError:
        yield at(graph, "parallel.too_many", graph.process.id)
        return
    for node, flows in sorted(seen.waiting.items()):
        yield at(graph, "join.waits", node, flows=", ".join(sorted(flows)))
    for node in [n for n in graph.order if n in seen.doubled][:1]:  # what comes after it is only the echo
        yield at(graph, "join.double", node)


def _planned(graph: Graph) -> Iterator[Finding]:
    """The runner plans every branch on its own up to the end, the common rest once for each; a decision stops it two tasks on."""
    planned: dict[str, int] = {}
    for node in reversed(graph.order):
        onward = graph.onward(node)
        gateway = graph.process.gateways.get(node)
        if gateway is not None and gateway.kind == "exclusive" and len(onward) > 1:
            planned[node] = 1 + sum(1 + len(graph.next[n]) for n in onward)
        else:
            planned[node] = 1 + sum(planned[n] for n in onward)
        if planned[node] > MAX_PLANNED:
            yield at(graph, "parallel.too_large", node, count=planned[node], most=MAX_PLANNED)
            return
