"""Starting an instance and moving it on, one human step or timer at a time.

Each function takes a state and gives back another; nothing is kept between calls, and a state given in is never changed. When one
raises, the caller keeps the old state and saves nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.util.task import TaskState

from engine.spiff import codec
from engine.spiff.answers import Advance, OpenStep, OpenTimer, Waiting
from engine.spiff.definition import Definition
from engine.spiff.errors import ModelRunError, NotWaitingError
from engine.spiff.returning import put_back
from engine.spiff.timers import fire_timer, is_timer
from engine.spiff.variables import Scalar, checked
from engine.spiff.workflow import MainWorkflow

READY, WAITING = TaskState.READY, TaskState.WAITING


def start(definition: Definition, variables: Mapping[str, Scalar]) -> Advance:
    """A new instance, at its first steps.

    Raises: VariablesError; ModelRunError.
    """
    given = checked(variables, definition.language.step_codes)
    workflow = codec.decode(definition, definition.blank)
    workflow.script_engine.variables.update(given)
    return _advance(definition, workflow, {}, None)


def complete(definition: Definition, state: bytes, task_key: str, variables: Mapping[str, Any]) -> Advance:
    """Complete a waiting step and go on as far as the model goes by itself.

    `variables`: single values by name, and under the step's code a mapping of single values, which replaces that of an earlier pass.
    Raises: NotWaitingError when the step does not wait (any more); VariablesError; StateError; ModelRunError.
    """
    given = checked(variables, definition.language.step_codes)
    workflow = codec.decode(definition, state)
    workflow.script_engine.variables.update(given)
    before = _named(workflow)
    task = before.get(task_key)
    if task is None or is_timer(task.task_spec):
        raise NotWaitingError("This step is not waiting.", task_key=task_key)
    with _faults(task):
        task.run()
    return _advance(definition, workflow, before, task_key)


def fire(definition: Definition, state: bytes, task_key: str) -> Advance:
    """A timer is due: let it go off, and go on as far as the model goes by itself.

    Raises: NotWaitingError when the timer does not wait (any more); StateError; ModelRunError.
    """
    workflow = codec.decode(definition, state)
    before = _named(workflow)
    task = before.get(task_key)
    if task is None or not is_timer(task.task_spec):
        raise NotWaitingError("This timer is not waiting.", code="timer_not_waiting", task_key=task_key)
    with _faults(task):
        fire_timer(workflow, task)
    return _advance(definition, workflow, before, task_key)


def send_back(definition: Definition, state: bytes, task_key: str, element_id: str) -> Advance:
    """Give up a waiting step and open an earlier step of the same process instead, cancelling what was split off since.

    Answers of steps keep their values until they are given anew. Raises: NotWaitingError when the step does not wait (any more);
    SendBackError where the model could not come to its end from there; StateError; ModelRunError.
    """
    workflow = codec.decode(definition, state)
    before = _named(workflow)
    task = before.get(task_key)
    if task is None or is_timer(task.task_spec):
        raise NotWaitingError("This step is not waiting.", task_key=task_key)
    with _faults(task):
        put_back(definition.model, task, element_id)
    return _advance(definition, workflow, before, task_key)


def waiting(definition: Definition, state: bytes) -> Waiting:
    """The steps and timers that a state waits for. Raises: StateError."""
    steps, timers = _sorted_out(_named(codec.decode(definition, state)))
    return Waiting(steps, timers)


def _advance(definition: Definition, workflow: MainWorkflow, before: dict[str, Any], done: str | None) -> Advance:
    ends: list[str] = []
    running: list[Any] = [workflow.task_tree]

    def note(task: Any) -> None:
        if task.task_spec.bpmn_id in definition.end_statuses:
            ends.append(task.task_spec.bpmn_id)

    with _faults(running[0]):
        workflow.do_engine_steps(did_complete_task=note)
    after = {} if workflow.completed else _named(workflow)
    if not after and not workflow.completed:
        raise ModelRunError("The model waits for nothing and has not ended; a join lacks a branch.", element_id=_stuck(workflow))
    opened, timers_started = _sorted_out({key: task for key, task in after.items() if key not in before})
    gone = {key: task for key, task in before.items() if key not in after and key != done}
    closed, timers_ended = _sorted_out(gone)
    return Advance(
        state=None if workflow.completed else codec.encode(definition, workflow, workflow.script_engine.variables),
        opened=opened,
        closed=tuple(step.task_key for step in closed),
        timers_started=timers_started,
        timers_ended=tuple(timer.task_key for timer in timers_ended),
        ended=workflow.completed,
        end_events=tuple(ends),
        end_statuses=tuple(status for end in ends if (status := definition.end_statuses[end]) is not None),
    )


def _named(workflow: MainWorkflow) -> dict[str, Any]:
    """The tasks that wait for a person or for fire(), by key."""
    found = {}
    for task in workflow.every_task():
        state = task.state
        if (state == READY and task.task_spec.manual) or (state == WAITING and is_timer(task.task_spec)):
            found[task.id.hex() if isinstance(task.id, bytes) else task.id.hex] = task
    return found


def _sorted_out(tasks: dict[str, Any]) -> tuple[tuple[OpenStep, ...], tuple[OpenTimer, ...]]:
    steps, timers = [], []
    for key, task in tasks.items():
        if is_timer(task.task_spec):
            timers.append(OpenTimer(key, task.task_spec.bpmn_id))
        else:
            steps.append(OpenStep(key, task.task_spec.bpmn_id))
    return tuple(steps), tuple(timers)


def _stuck(workflow: MainWorkflow) -> str | None:
    """The element at which an instance waits that can never go on."""
    return next((task.task_spec.bpmn_id for task in workflow.every_task() if task.state == WAITING), None)


@contextmanager
def _faults(task: Any) -> Iterator[None]:
    """SpiffWorkflow's errors become ours, with the element at fault."""
    try:
        yield
    except SpiffWorkflowException as fault:
        element_id = getattr(getattr(fault, "task_spec", None), "bpmn_id", None) or task.task_spec.bpmn_id
        raise ModelRunError(f"The model stopped at {element_id}: {fault}", element_id=element_id, reason=str(fault)) from fault
    except RecursionError as fault:
        raise ModelRunError("The model is nested too deeply.", element_id=task.task_spec.bpmn_id) from fault
