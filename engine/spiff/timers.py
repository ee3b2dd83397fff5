"""Timers of our own: SpiffWorkflow never compares times, so simulation, history import and tests run at any date."""

from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.util import BpmnEvent


class LimitTimer(EventDefinition):
    """Waits until fire() says that it is due; when that is, the caller works out from the model's time limit.

    Not a subclass of SpiffWorkflow's timers, so its own refresh of timers passes it by.
    """

    def catches(self, my_task: Any, event: BpmnEvent) -> bool:
        """Only the one task that is named, never every task of this element."""
        return event.event_definition is self and event.payload == my_task.id

    def has_fired(self, my_task: Any) -> bool:
        """Whether the flag is set that firing sets. No clock is read."""
        return bool(my_task.internal_data.get("event_fired", False))


def is_timer(task_spec: Any) -> bool:
    """Whether a task of this spec waits for fire()."""
    return isinstance(getattr(task_spec, "event_definition", None), LimitTimer)


def fire_timer(workflow: Any, task: Any) -> None:
    """Set the flag of a waiting timer and make it ready."""
    workflow.send_event(BpmnEvent(task.task_spec.event_definition, payload=task.id))
