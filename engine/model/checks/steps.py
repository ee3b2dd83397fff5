"""Steps: each has a code of its own, a name, a limit that fits, and a handler rule that can be kept."""

from collections.abc import Iterator, Mapping

from engine.model.checks.flows import at
from engine.model.elements import ModelStep, ProcessModel
from engine.model.findings import Finding
from engine.model.graph import Graph
from engine.model.vocabulary import START_VARIABLES
from engine.timelimit import LimitKind


def check_steps(model: ProcessModel, graphs: Mapping[str, Graph]) -> list[Finding]:
    """Findings about the steps of a model, codes over called processes too."""
    findings: list[Finding] = []
    seen: dict[str, ModelStep] = {}
    names = {name for p in model.processes for name in p.variables} | START_VARIABLES
    for graph in graphs.values():
        for step in graph.process.steps.values():
            findings += _names(graph, step, names)
            findings += _clock(graph, step)
            findings += _handler(graph, step, model, graphs)
            if step.code and step.code in seen:
                findings.append(at(graph, "step.code_double", step.id, code=step.code, first=seen[step.code].id, second=step.id))
            seen.setdefault(step.code, step)
    return findings


def _names(graph: Graph, step: ModelStep, names: set[str]) -> Iterator[Finding]:
    if not step.name:
        yield at(graph, "step.name_missing", step.id, code=step.code)
    if step.code in names:
        yield at(graph, "step.code_taken", step.id, code=step.code)


def _clock(graph: Graph, step: ModelStep) -> Iterator[Finding]:
    """The limit of a step that stops the clock is the time for an answer, and nothing may be asked of the clock meanwhile."""
    if not step.stops_clock:
        return
    if step.limit.kind is LimitKind.SAME_DAY:
        yield at(graph, "step.stop_limit", step.id, code=step.code, limit=step.limit.text)
    if step.extends is not None:
        yield at(graph, "step.stop_extends", step.id, code=step.code)
    if step.status is not None and step.status != 4:
        yield at(graph, "step.stop_status", step.id, code=step.code, status=step.status)


def _handler(graph: Graph, step: ModelStep, model: ProcessModel, graphs: Mapping[str, Graph]) -> Iterator[Finding]:
    rule = step.handler
    if rule is None:
        return
    if rule.code == step.code:
        yield at(graph, "handler.itself", step.id, code=step.code)
        return
    named = model.codes.get(rule.code)
    if named is None:
        yield at(graph, "handler.unknown", step.id, code=step.code, named=rule.code)
    elif named.id in graph.process.steps and step.id not in graph.after([named.id]):
        yield at(graph, "handler.later", step.id, code=step.code, named=rule.code)
