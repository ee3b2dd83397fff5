"""Moves an instance by the names of elements, as a test wants to say it."""

from typing import Any

from engine.spiff import Advance, Definition, codec, complete, fire, waiting


def open_steps(definition: Definition, advance: Advance) -> list[str]:
    """The element ids of the steps that wait, sorted."""
    return [] if advance.state is None else sorted(step.element_id for step in waiting(definition, advance.state).steps)


def open_timers(definition: Definition, advance: Advance) -> list[str]:
    """The element ids of the timers that wait, sorted."""
    return [] if advance.state is None else sorted(timer.element_id for timer in waiting(definition, advance.state).timers)


def key_of(definition: Definition, advance: Advance, element_id: str) -> str:
    """The key of a step or timer that waits."""
    found = waiting(definition, advance.state or b"")
    keys = {step.element_id: step.task_key for step in found.steps} | {timer.element_id: timer.task_key for timer in found.timers}
    return keys[element_id]


def do(definition: Definition, advance: Advance, *element_ids: str, **answers: Any) -> Advance:
    """Complete steps, or fire timers, one after another; the answers go to each step completed."""
    for element_id in element_ids:
        key = key_of(definition, advance, element_id)
        if any(step.task_key == key for step in waiting(definition, advance.state or b"").steps):
            advance = complete(definition, advance.state or b"", key, {element_id: answers})
        else:
            advance = fire(definition, advance.state or b"", key)
    return advance


def variables(definition: Definition, advance: Advance) -> dict[str, Any]:
    """The routing variables in a state."""
    return codec.read(definition, advance.state or b"")[0]
