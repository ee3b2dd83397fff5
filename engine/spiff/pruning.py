"""Which finished tasks a workflow still needs.

History lives in step rows, not in SpiffWorkflow's tree: a tree that keeps finished tasks makes the 200th step ten times as slow as
the first, and SpiffWorkflow's joins take arrivals of an earlier pass for arrivals of this one. A finished task is needed only

* as the root;
* as the split above a step with boundary events, with the events that have fired, while that step is open: the join below it looks
  for them;
* as an arrival at a join that is waiting, in the present pass: the join counts the parents of its arrivals.

All others go, and what was below them is hung below the nearest ancestor that stays. Tasks that are not finished always stay.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway
from SpiffWorkflow.util.task import TaskState

_FINISHED = TaskState.COMPLETED  # this state and those above it


Kept = list[tuple[Any, int]]


def kept_tasks(root: Any, first: int) -> Kept:
    """The tasks to keep, in the order of the tree, each with the position of its parent. The root is its own parent, at `first`."""
    needed = _needed(root)
    kept: Kept = []
    pending = [(root, first)]
    while pending:
        task, parent = pending.pop()
        if task is root or task.state < _FINISHED or task.id in needed:
            kept.append((task, parent))
            parent = first + len(kept) - 1
        pending.extend((child, parent) for child in reversed(task.children))
    return kept


def _needed(root: Any) -> set[Any]:
    needed: set[Any] = set()
    joins_waiting: list[Any] = []
    for task in root.workflow.tasks.values():
        spec = task.task_spec
        if task.state == TaskState.WAITING and isinstance(spec, ParallelGateway):
            joins_waiting.append(task)
        elif task.state == TaskState.COMPLETED and isinstance(spec, BoundaryEventSplit):
            children = task.children
            if any(child.state < _FINISHED for child in children):
                needed.update(child.id for child in (task, *children))
    for join in joins_waiting:
        for arrival in arrivals(join, root):
            needed.update((arrival.id, arrival.parent.id))
    return needed


def arrivals(join: Any, root: Any) -> list[Any]:
    """The tasks of a waiting join that arrived in this pass: those below its last completion on the way here."""
    top = join.parent
    while top is not root and not (top.task_spec is join.task_spec and top.state == TaskState.COMPLETED):
        top = top.parent
    arrivals = []
    pending = list(top.children)
    while pending:
        task = pending.pop()
        if task.task_spec is join.task_spec:
            arrivals.append(task)
        pending.extend(task.children)
    return arrivals
