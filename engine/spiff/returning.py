"""Putting a token back before an earlier step, where no arrow leads: a surgery on the tree of tasks.

SpiffWorkflow's own reset needs the finished tasks, which pruning.py drops. Nor are they needed: the tree holds what is waiting, so
what is given up is taken out, and the earlier step is hung where it was and predicted anew. Whether a token may lie there at all
is asked of the model.
"""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway
from SpiffWorkflow.util.task import TaskState

from engine.model.elements import Process, ProcessModel
from engine.model.graph import Graph
from engine.model.returning import runs_on
from engine.spiff.errors import SendBackError
from engine.spiff.pruning import arrivals
from engine.spiff.timers import is_timer


def put_back(model: ProcessModel, task: Any, element_id: str) -> None:
    """Take a waiting step out of its workflow and put an earlier step of the same process there, ready to be done.

    Raises: SendBackError with the code send_back_elsewhere for a step of another process, sibling_branch_open while something else
        is open that the way back does not pass, past_the_join for a step inside branches that have been joined.
    """
    workflow = task.workflow
    process = next(one for one in model.processes if one.id == workflow.spec.name)
    if element_id not in process.steps or element_id == task.task_spec.bpmn_id:
        raise SendBackError("A step goes back within its own process.", code="send_back_elsewhere", element_id=element_id)
    beside = [one for one in _live(workflow) if not _belongs(one, task)]
    if any(_outside(workflow)):
        raise SendBackError("Another branch is still open.", code="sibling_branch_open", element_id=element_id)
    if runs_on(process, element_id):
        if not _all_follow(process, element_id, beside):
            raise SendBackError("Another branch is still open.", code="sibling_branch_open", element_id=element_id)
        _clear(workflow)
        _hang(workflow.task_tree, element_id)
        return
    if beside:
        raise SendBackError("Another branch is still open.", code="sibling_branch_open", element_id=element_id)
    _put_back_in_branch(process, task, element_id)


def _put_back_in_branch(process: Process, task: Any, element_id: str) -> None:
    """The other branches have arrived at their join and wait there; this one goes back within itself."""
    workflow, top = task.workflow, _with_timers(task)
    anchor = top.parent
    workflow._remove_task(top.id)
    arrived = list(_arrived(process, workflow))
    if not arrived or not runs_on(process, element_id, arrived):
        raise SendBackError("This step lies behind branches that have been joined.", code="past_the_join", element_id=element_id)
    _hang(anchor, element_id)


# --- what else is open -----------------------------------------------------------------------------------------------


def _live(workflow: Any) -> Iterator[Any]:
    """The steps, timers and calls of a process that are open."""
    for task in workflow.tasks.values():
        waits = task.state == TaskState.WAITING and is_timer(task.task_spec)
        if waits or task.state == TaskState.STARTED or (task.state == TaskState.READY and task.task_spec.manual):
            yield task


def _belongs(other: Any, task: Any) -> bool:
    """Whether something open is the step or call itself, or a timer on its edge."""
    return other is task or (is_timer(other.task_spec) and _with_timers(task) is other.parent)


def _outside(workflow: Any) -> Iterator[Any]:
    """What is open in the processes that call this one, but for the calls that lead here and the timers on their edge."""
    top = workflow.top_workflow
    while workflow is not top:
        callers = [one for one in (top, *top.subprocesses.values()) if workflow.parent_task_id in one.tasks]
        calling = callers[0].tasks[workflow.parent_task_id]
        workflow = callers[0]
        yield from (one for one in _live(workflow) if not _belongs(one, calling))


def _all_follow(process: Process, element_id: str, tasks: list[Any]) -> bool:
    """Whether all of these come after an element on the drawing, no loop being turned again: then it stands before their split."""
    graph = Graph(process)
    following, todo = {element_id}, [element_id]
    while todo:
        new = [node for node in graph.onward(todo.pop()) if node not in following]
        following.update(new)
        todo += new
    return all(task.task_spec.bpmn_id in following for task in tasks)


def _arrived(process: Process, workflow: Any) -> Iterator[str]:
    """The flows over which joins that wait have been reached."""
    for join in [one for one in workflow.tasks.values() if one.state == TaskState.WAITING and isinstance(one.task_spec, ParallelGateway)]:
        sources = {arrival.parent.task_spec.bpmn_id for arrival in arrivals(join, workflow.task_tree)}
        yield from (flow.id for flow in process.incoming(join.task_spec.bpmn_id) if flow.source in sources)


# --- the tree --------------------------------------------------------------------------------------------------------


def _with_timers(task: Any) -> Any:
    """The task that holds a step together with the timers on its edge; the step itself when it has none."""
    return task.parent if isinstance(task.parent.task_spec, BoundaryEventSplit) else task


def _clear(workflow: Any) -> None:
    """Take everything out of a process but its start, and with it the processes that were called."""
    for child in workflow.task_tree.children:
        workflow._remove_task(child.id)
    subprocesses = workflow.top_workflow.subprocesses
    while lost := [key for key, called in subprocesses.items() if not _is_called(called)]:
        for key in lost:
            del subprocesses[key]


def _is_called(called: Any) -> bool:
    top = called.top_workflow
    return any(called.parent_task_id in one.tasks for one in (top, *top.subprocesses.values()))


def _hang(anchor: Any, element_id: str) -> None:
    """A step below a task, ready, with the timers on its edge."""
    specs = anchor.workflow.spec.task_specs
    step = next(spec for spec in specs.values() if spec.bpmn_id == element_id and spec.manual)
    task = anchor._add_child(specs.get(f"{step.name}.BoundaryEventSplit", step), TaskState.FUTURE)
    task.task_spec._predict(task, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE)
    task.task_spec._update(task)
