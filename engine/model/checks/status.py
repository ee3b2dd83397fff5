"""Statuses of the national portal: 9 once on every way to an end, then 10, and nothing counts after it.

Source: rules 2.2 and 2.3. The step that carries 9 brings the result back to the counter and ends the legal clock; handing it over
is a step of its own, untimed, with 10.
"""

from collections.abc import Iterator, Mapping

from engine.model.checks.flows import at
from engine.model.elements import EndEvent, ModelStep, Process, ProcessModel
from engine.model.findings import Finding
from engine.model.graph import Graph
from engine.model.tokens import Play
from engine.timelimit import LimitKind


def check_status(model: ProcessModel, graphs: Mapping[str, Graph], is_called: bool = False) -> list[Finding]:
    """Findings about statuses, in a model that has any or that is for a procedure. Its parallel branches must be sound."""
    has_status = any(_elements(p) for p in model.processes)
    if not has_status and (model.main.procedure is None or is_called):
        return []
    findings = [*_handover(graphs), *_work_after(model, graphs)]
    if is_called:
        return findings
    if model.main.procedure is None:
        graph = graphs[model.main.id]
        findings.append(at(graph, "status.no_procedure", next(_ids_with_status(model))))
    return findings + _Law(model, graphs).findings()


class _Law:
    """Plays the model through with the order of statuses, called processes inside the calls."""

    def __init__(self, model: ProcessModel, graphs: Mapping[str, Graph]) -> None:
        self.model = model
        self.graphs = graphs
        self.broken: set[tuple[str, str]] = set()  # rule, element
        self.ends: dict[tuple[str, int], set[int]] = {}

    def findings(self) -> list[Finding]:
        main = self.graphs[self.model.main.id]
        outcome = Play(main, self.advance, self.called).run(0)
        for status, end in outcome.endings:
            if status != 10:
                self.broken.add(("status.ten_missing" if status == 9 else "status.nine_missing", end))
        return [at(self.graph_of(element), rule, element) for rule, element in sorted(self.broken)]

    def graph_of(self, element_id: str) -> Graph:
        return next(g for g in self.graphs.values() if element_id in g.out)

    def called(self, process_id: str, status: int) -> set[int]:
        """The statuses with which a called process can end that was entered with one."""
        if (process_id, status) not in self.ends:
            self.ends[process_id, status] = Play(self.graphs[process_id], self.advance, self.called).run(status).statuses
        return self.ends[process_id, status]

    def advance(self, before: int, new: int, element_id: str) -> int:
        if new == 4:
            broken = "status.four_late" if before else None
        elif new == 9:
            broken = "status.nine_twice" if before else None
        else:
            broken = {0: "status.ten_early", 9: None, 10: "status.ten_twice"}[before]
        if broken:
            self.broken.add((broken, element_id))
        return before if new == 4 else max(before, new)


def _handover(graphs: Mapping[str, Graph]) -> Iterator[Finding]:
    for graph in graphs.values():
        for step in graph.process.steps.values():
            if step.status == 10 and step.limit.kind is not LimitKind.UNTIMED:
                yield at(graph, "status.ten_timed", step.id, code=step.code, limit=step.limit.text)


def _work_after(model: ProcessModel, graphs: Mapping[str, Graph]) -> Iterator[Finding]:
    graph = graphs[model.main.id]
    for node in [e for e, status in _elements(graph.process).items() if status == 9]:
        for later in sorted(graph.after(graph.next[node]) - {node}):
            step = graph.process.steps.get(later)
            if step is not None and step.status is None and step.limit.kind is not LimitKind.UNTIMED:
                yield at(graph, "status.work_after", step.id, code=step.code)


def _elements(process: Process) -> dict[str, int]:
    elements: tuple[ModelStep | EndEvent, ...] = (*process.steps.values(), *process.ends.values())
    return {e.id: e.status for e in elements if e.status is not None}


def _ids_with_status(model: ProcessModel) -> Iterator[str]:
    for process in model.processes:
        yield from _elements(process)
