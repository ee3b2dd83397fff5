"""The way of a dossier through its model: the longest one to its result, and what is still to come from where it stands."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from engine.model.budget import longest_path
from engine.model.elements import ModelStep, Process, ProcessModel
from engine.model.graph import Graph
from engine.timelimit import LimitKind, TimeLimit
from engine.worktime import WorkingCalendar
from processes.dossiers import rules
from processes.dossiers.slip import Slip


def longest_way(
    model: ProcessModel, calendar: WorkingCalendar, instance: Mapping[str, Any], row: Mapping[str, Any]
) -> tuple[ModelStep, ...]:
    """The steps of the longest way that this dossier can take to status 9."""
    in_days = TimeLimit.parse(instance["limit_text"]).kind is LimitKind.CALENDAR_DAYS
    given = {"variant": row["variant"] or "", "channel": row["channel"]}
    found = longest_path(model, calendar.minutes_per_working_day, in_calendar_days=in_days, given=given)
    return tuple(model.codes[code] for code in found.steps)


def steps_ahead(model: ProcessModel, way: Sequence[ModelStep], slip: Slip) -> tuple[ModelStep, ...]:
    """The steps that are still to come, in order: every branch that runs side by side, of a choice the one on the longest way."""
    open_ids = [model.codes[line.code].id for line in slip.lines if line.status in ("open", "claimed")]
    if not open_ids:
        return ()
    favoured = {step.id for step in way} | {step.id for step in model.steps.values() if step.status == rules.RETURNED}
    found: list[ModelStep] = []
    for process in model.processes:
        inside = [element_id for element_id in open_ids if element_id in process.steps]
        found += _onward(process, inside, favoured) if inside else []
    if not any(element_id in model.main.steps for element_id in open_ids):
        calls = [call.id for call in model.main.calls.values() if _holds(model, call.called, open_ids)]
        found += _onward(model.main, calls, favoured)
    coming = [step for step in found if step.id not in open_ids]
    return tuple(sorted(coming, key=lambda step: (len(step.code), step.code)))  # B2 before B10


def _holds(model: ProcessModel, called: str, element_ids: Collection[str]) -> bool:
    process = model.called.get(called)
    return process is not None and any(element_id in process.steps for element_id in element_ids)


def _onward(process: Process, starts: Iterable[str], favoured: Collection[str]) -> list[ModelStep]:
    graph = Graph(process)
    reached: set[str] = set()
    todo = [target for start in starts for target in graph.onward(start)]
    while todo:
        node = todo.pop()
        if node in reached:
            continue
        reached.add(node)
        todo += _chosen(graph, node, favoured)
    return [process.steps[node] for node in graph.order if node in reached and node in process.steps]


def _chosen(graph: Graph, node: str, favoured: Collection[str]) -> list[str]:
    """What follows a node; of a choice only the way that is most likely the longest."""
    following = [target for target in graph.onward(node) if target not in graph.process.timers]
    gateway = graph.process.gateways.get(node)
    if gateway is None or gateway.kind != "exclusive" or len(following) < 2:
        return following
    return [next((target for target in following if _first_steps(graph, target) & set(favoured)), following[0])]


def _first_steps(graph: Graph, node: str) -> set[str]:
    """The steps that come first on the ways from a node."""
    if node in graph.process.steps:
        return {node}
    return {step for target in graph.onward(node) for step in _first_steps(graph, target)}
