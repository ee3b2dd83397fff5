"""The state of an instance as bytes: a version byte, then msgpack rows against the cached specs.

    version byte, [model hash, variables, workflows]
    workflow: [process id, position of the calling task or None, tasks]      the main one first, callers before called
    tasks:    id, position of the parent, spec name, state, id, ...          in the order of the tree

Positions count over all workflows. An id is 16 bytes where the task is or may become a step or timer that others name by its key,
0 where nobody ever names it, and None where each instance is to draw its own. Specs are named, not numbered, so a new
version of SpiffWorkflow that adds specs of its own does not shift what a state means.
"""

from typing import TYPE_CHECKING, Any

import msgpack
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.spiff.environment import ScriptEngine
from engine.spiff.errors import StateError
from engine.spiff.pruning import kept_tasks
from engine.spiff.timers import is_timer
from engine.spiff.variables import Variables
from engine.spiff.workflow import CalledWorkflow, MainWorkflow, TaskTable

if TYPE_CHECKING:
    from engine.spiff.definition import Definition

VERSION = 1
_ROW = 4  # values of one task


def is_named(task: Any) -> bool:
    """Whether somebody outside may name this task by its key, now or later."""
    return task.state < TaskState.COMPLETED and (task.task_spec.manual or is_timer(task.task_spec))


def encode(definition: "Definition", workflow: Any, variables: Variables, *, blank: bool = False) -> bytes:
    """The state of a workflow at rest. `blank` leaves the ids open, for a state that many instances start from."""
    positions: dict[Any, int] = {}
    workflows = []
    for part in (workflow, *workflow.subprocesses.values()):
        caller = None
        if part is not workflow:
            caller = positions.get(part.parent_task_id)
            if caller is None or part.completed:  # over, with all that it called in its turn
                continue
        rows: list[Any] = []
        for task, parent in kept_tasks(part.task_tree, len(positions)):
            positions[task.id] = len(positions)
            rows += (_stored_id(task, blank), parent, task.task_spec.name, task.state)
        workflows.append([part.spec.name, caller, rows])
    packed: bytes = msgpack.packb([definition.model_hash, variables, workflows])
    return bytes((VERSION,)) + packed


def _stored_id(task: Any, blank: bool) -> bytes | int | None:
    if not is_named(task):
        return 0
    if blank:
        return None
    return task.id if isinstance(task.id, bytes) else bytes(task.id.bytes)


def read(definition: "Definition", state: bytes) -> tuple[Variables, list[Any]]:
    """The variables and workflows in a state.

    Raises: StateError for bytes of an unknown version, of another model, or damaged.
    """
    if state[:1] != bytes((VERSION,)):
        raise StateError("The state has a version that is not known here.", code="state_version_unknown", version=[*state[:1]])
    try:
        model_hash, variables, workflows = msgpack.unpackb(memoryview(state)[1:], strict_map_key=True)
    except (ValueError, TypeError) as fault:  # msgpack's errors are ValueErrors; the others come from parts missing or strange
        raise StateError("The state is damaged.", code="state_damaged") from fault
    if model_hash != definition.model_hash:
        raise StateError("The state belongs to another model.", code="state_of_another_model", model=definition.sha256)
    return variables, workflows


def decode(definition: "Definition", state: bytes) -> MainWorkflow:
    """The workflow that a state describes, ready to run. Raises: StateError."""
    variables, workflows = read(definition, state)
    main = MainWorkflow(
        definition.main_spec,
        definition.called_specs,
        script_engine=ScriptEngine(definition.language, variables),
        deserializing=True,
    )
    tasks: list[Any] = []
    try:
        for process_id, caller, rows in workflows:
            _restore(_workflow_of(main, process_id, caller, tasks), main, rows, tasks)
    except (KeyError, IndexError) as fault:
        raise StateError(
            "The state names an element that its model does not have.", code="state_damaged", model=definition.sha256
        ) from fault
    return main


def _workflow_of(main: MainWorkflow, process_id: str, caller: int | None, tasks: list[Any]) -> Any:
    if caller is None:
        return main
    calling = tasks[caller]
    called = CalledWorkflow(main.subprocess_specs[process_id], parent_task_id=calling.id, top_workflow=main, deserializing=True)
    called.completed_event.connect(calling.task_spec._on_subworkflow_completed, calling)
    main.subprocesses[calling.id] = called
    return called


def _restore(workflow: Any, main: MainWorkflow, rows: list[Any], tasks: list[Any]) -> None:
    workflow.tasks = TaskTable()
    specs, first = workflow.spec.task_specs, len(tasks)
    for at in range(0, len(rows), _ROW):
        task_id, parent, name, state = rows[at : at + _ROW]
        position = len(tasks)
        task = Task(
            workflow,
            specs[name],
            parent=None if position == first else tasks[parent],
            state=state,
            id=position + 1 if task_id == 0 else task_id,
        )
        tasks.append(task)
        if state == TaskState.WAITING and is_timer(task.task_spec):
            main.event_manager.add_task(task)
    workflow.task_tree = tasks[first]
