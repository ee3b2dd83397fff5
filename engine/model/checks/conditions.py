"""Conditions and scripts: all can be read, and all that they ask for exists."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from engine.model.checks.flows import at
from engine.model.elements import ProcessModel
from engine.model.expressions import Expression, Script, UnsafeExpressionError, compile_expression, compile_script
from engine.model.findings import Finding
from engine.model.graph import Graph
from engine.model.procedure import CHANNELS
from engine.model.vocabulary import START_VARIABLES, near

Place = tuple[Graph, str]  # a process, and the id of the flow or script in it


@dataclass(frozen=True)
class _Known:
    """What conditions may ask for."""

    model: ProcessModel
    variables: frozenset[str]  # given at the start or set by a script
    values: Mapping[str, Collection[str]]  # the values that some of them can have


def check_conditions(model: ProcessModel, graphs: Mapping[str, Graph], variants: Collection[str | None] | None = None) -> list[Finding]:
    """Findings about every condition and script of a model; `variants`: those of the procedure, when they are known."""
    findings: list[Finding] = []
    scripts: list[tuple[Place, Script]] = []
    conditions: list[tuple[Place, Expression]] = []
    for graph in graphs.values():
        findings += _compile(graph, scripts, conditions)
    given = START_VARIABLES.union(*(p.variables for p in model.processes))
    values = {"channel": CHANNELS} | ({} if variants is None else {"variant": tuple(v for v in variants if v is not None)})
    known = _Known(model, given.union(*(script.sets for _, script in scripts)), values)
    for (graph, element_id), script in scripts:
        findings += _assigned(graph, element_id, script, given | set(model.codes))
        own: set[str] = set()
        for name, expression in script.assignments:
            findings += _asked(graph, element_id, expression, known, own)
            own.add(name)
    for (graph, element_id), condition in conditions:
        findings += _asked(graph, element_id, condition, known, set())
    return findings


def _compile(graph: Graph, scripts: list[tuple[Place, Script]], conditions: list[tuple[Place, Expression]]) -> Iterator[Finding]:
    for task in graph.process.scripts.values():
        try:
            scripts.append(((graph, task.id), compile_script(task.script)))
        except UnsafeExpressionError as error:
            yield at(graph, "script.unsafe", task.id, problem=error.message)
    for flow in graph.process.flows.values():
        try:
            if flow.condition is not None:
                conditions.append(((graph, flow.id), compile_expression(flow.condition)))
        except UnsafeExpressionError as error:
            yield at(graph, "condition.unsafe", flow.id, problem=error.message)


def _assigned(graph: Graph, element_id: str, script: Script, taken: frozenset[str]) -> Iterator[Finding]:
    for name in sorted(script.sets & taken):
        yield at(graph, "script.sets_step", element_id, name=name)


def _asked(graph: Graph, element_id: str, expression: Expression, known: _Known, own: set[str]) -> Iterator[Finding]:
    with_key = {name for name, _ in expression.attributes}
    for name in sorted(expression.names - with_key - known.variables - own):
        if name in known.model.codes:
            yield at(graph, "condition.whole_step", element_id, name=name)
        else:
            yield at(graph, "condition.unknown_name", element_id, name=name, hint=_hint(name, [*known.variables, *known.model.codes]))
    for name, key in sorted(expression.attributes):
        yield from _asked_of_step(graph, element_id, name, key, known)
    yield from _outcomes(graph, element_id, expression, known.model)
    for name, asked, value in sorted(expression.tested, key=str):
        possible = known.values.get(name) if asked is None else None
        if possible is not None and value is not None and value not in possible:
            yield at(graph, "condition.unknown_value", element_id, name=name, value=value, known=", ".join(possible) or "none")


def _asked_of_step(graph: Graph, element_id: str, name: str, key: str, known: _Known) -> Iterator[Finding]:
    step = known.model.codes.get(name)
    if step is None:
        yield at(graph, "condition.no_step", element_id, name=name, key=key, hint=_hint(name, list(known.model.codes)))
    elif key == "outcome" and not step.outcomes:
        yield at(graph, "condition.no_outcomes", element_id, code=name)
    elif key != "outcome" and step.form is None:
        yield at(graph, "condition.unknown_key", element_id, code=name, key=key)


def _outcomes(graph: Graph, element_id: str, expression: Expression, model: ProcessModel) -> Iterator[Finding]:
    tested = [(model.codes[n], v) for n, key, v in expression.tested if key == "outcome" and n in model.codes and v is not None]
    for step, value in sorted(tested, key=lambda pair: (pair[0].code, str(pair[1]))):
        if step.outcomes and value not in {o.key for o in step.outcomes}:
            offered = ", ".join(o.key for o in step.outcomes)
            yield at(graph, "condition.unknown_outcome", element_id, code=step.code, value=value, offered=offered)


def _hint(name: str, names: list[str]) -> str:
    meant = near(name, names)
    return f"Did you mean {meant}?" if meant else f"There are: {', '.join(sorted(names))}."
