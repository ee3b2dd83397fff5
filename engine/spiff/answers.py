"""What the runner answers, in the words of a model: element ids and task keys, nothing of SpiffWorkflow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step that waits for its handler."""

    task_key: str
    element_id: str


@dataclass(frozen=True, slots=True)
class OpenTimer:
    """A timer that waits until fire() is called."""

    task_key: str
    element_id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everything that an instance waits for."""

    steps: tuple[OpenStep, ...]
    timers: tuple[OpenTimer, ...]


@dataclass(frozen=True, slots=True)
class Advance:
    """How far an instance came.

    `state` is None once it has ended. `closed` and `timers_ended` name what vanished on its own: neither the step that was
    completed nor the timer that was fired is among them.
    """

    state: bytes | None
    opened: tuple[OpenStep, ...]
    closed: tuple[str, ...]
    timers_started: tuple[OpenTimer, ...]
    timers_ended: tuple[str, ...]
    ended: bool
    end_events: tuple[str, ...]
    end_statuses: tuple[int, ...]
