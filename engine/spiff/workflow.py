"""SpiffWorkflow's workflow without its slow walks: same results, fewer looks at the tree.

Overrides public methods alone. The tree of tasks is small (see pruning.py), so plain loops over it win over general iterators;
they have no limit of depth either, where SpiffWorkflow stops looking 1000 tasks down.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.spiff.errors import ModelRunError
from engine.spiff.timers import is_timer

AUTOMATIC_TASKS = 200  # more without a human step between them are a loop that never ends
TASKS = 1500  # of one process; parallel splits in a row multiply what SpiffWorkflow predicts

WAITING, READY = TaskState.WAITING, TaskState.READY

TaskId = bytes | int | UUID


class TaskTable(dict[TaskId, Any]):
    """Tasks by id, up to a bound, so that no model can eat the memory of the server."""

    def __setitem__(self, task_id: TaskId, task: Any) -> None:
        if len(self) >= TASKS:
            raise ModelRunError(f"The model grows beyond {TASKS} tasks; it splits too often.", element_id=None, tasks=TASKS)
        super().__setitem__(task_id, task)


class _Quick:
    """The walks that a main workflow and a called one share."""

    tasks: dict[TaskId, Any]
    task_tree: Any
    top_workflow: Any

    def get_tasks_iterator(
        self,
        first_task: Any = None,
        *,
        state: int = TaskState.ANY_MASK,
        spec_name: str | None = None,
        end_at_spec: str | None = None,
        skip_subprocesses: bool = False,
    ) -> Iterator[Any]:
        """Tasks in the order of the tree, those of a called process directly after their caller."""
        subprocesses = self.top_workflow.subprocesses
        pending = [first_task or self.task_tree]
        while pending:
            task = pending.pop()
            if task.has_state(state) and (spec_name is None or task.task_spec.name == spec_name):
                yield task
            if task.task_spec.name == end_at_spec:
                continue
            pending.extend(reversed(task.children))
            if not skip_subprocesses and (called := subprocesses.get(task.id)) is not None:
                pending.append(called.task_tree)

    def update_waiting_tasks(self) -> None:
        """Let waiting joins look again; timers need no look, firing one updates it."""
        for task in list(self.tasks.values()):
            if task.state == WAITING and not is_timer(task.task_spec):
                task.task_spec._update(task)


class CalledWorkflow(_Quick, BpmnSubWorkflow):
    """A called process that runs."""


class MainWorkflow(_Quick, BpmnWorkflow):
    """A main process that runs."""

    def create_subprocess(self, my_task: Any, spec_name: str) -> CalledWorkflow:
        """A called process, at its start."""
        called = CalledWorkflow(self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self)
        called.tasks = TaskTable(called.tasks)
        self.subprocesses[my_task.id] = called
        return called

    def do_engine_steps(self, will_complete_task: Any = None, did_complete_task: Any = None) -> None:
        """Run automatic tasks until only people and timers can go on.

        Raises: ModelRunError when that takes more than AUTOMATIC_TASKS tasks.
        """
        left = AUTOMATIC_TASKS
        while ready := [task for task in self.every_task() if task.state == READY and not task.task_spec.manual]:
            for task in ready:
                if task.state != READY:  # cancelled by one that ran before it; SpiffWorkflow would run it all the same
                    continue
                if left == 0:
                    raise ModelRunError("The model runs in circles without a step for a person.", element_id=task.task_spec.bpmn_id)
                left -= 1
                task.run()
                if did_complete_task is not None:
                    did_complete_task(task)

    def every_task(self) -> list[Any]:
        """Tasks of called processes, the innermost first, then those of the main one."""
        workflows = [*reversed(self.subprocesses.values()), self]
        return [task for workflow in workflows for task in workflow.tasks.values()]
