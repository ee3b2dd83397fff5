"""Whether a model can be run well: structure, steps, conditions, parallel branches, statuses, drawing and time."""

from engine.model.checks.conditions import check_conditions
from engine.model.checks.drawing import check_drawing
from engine.model.checks.flows import check_flows
from engine.model.checks.gateways import check_gateways
from engine.model.checks.loops import check_loops
from engine.model.checks.parallel import check_parallel
from engine.model.checks.status import check_status
from engine.model.checks.steps import check_steps
from engine.model.checks.time import check_budget
from engine.model.elements import ProcessModel
from engine.model.findings import Finding
from engine.model.graph import Graph
from engine.model.procedure import Legal

__all__ = ["check"]


def check(model: ProcessModel, legal: Legal | None = None, *, minutes_per_day: int = 480, is_called: bool = False) -> list[Finding]:
    """Every finding about a model, gravest first; without a legal limit the time budget is reported as not checked.

    `is_called`: the model is a process that others call, so it need not bring a dossier to its end.
    What needs a sound structure (parallel branches, statuses, time) is looked at only when the structure has no error.
    """
    graphs = {process.id: Graph(process) for process in model.processes}
    findings: list[Finding] = []
    for graph in graphs.values():
        findings += check_flows(graph)
        findings += check_gateways(graph)
        findings += check_loops(model, graph)
        findings += check_drawing(graph.process)
    is_sound = not any(f.is_error for f in findings) and not any(p.refused for p in model.processes)
    findings += check_steps(model, graphs)
    findings += check_conditions(model, graphs, None if legal is None else {one.variant for one in legal.limits})
    if is_sound:
        findings += check_parallel(model, graphs)
    if is_sound and not any(f.is_error for f in findings):
        findings += check_status(model, graphs, is_called)
        findings += check_budget(model, legal, minutes_per_day)
    return sorted(dict.fromkeys(findings), key=_gravity)


def _gravity(finding: Finding) -> tuple[int, str, int]:
    return ("error", "warning", "info").index(finding.severity), finding.file, finding.line or 0
