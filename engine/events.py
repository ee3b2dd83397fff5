"""What the engine tells others, in batches, inside the same transaction."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.actor import Actor


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """What an instance is about."""

    kind: str
    id: int
    code: str
    title: str
    agency_id: int
    instance_id: int
    origin: str


@dataclass(frozen=True, slots=True)
class StepBreached:
    """The deadline in force of a step passed."""

    subject: SubjectRef
    step_id: int
    step_code: str
    step_name: str
    step_pass: int
    agency_id: int  # whose step it is
    unit_id: int | None
    role: str
    external: str | None
    handler_id: int | None  # who held it when the deadline passed
    breached_at: datetime
    holders: tuple[tuple[int, datetime, datetime | None], ...]  # who held it, from, until
    limit_text: str
    opened_at: datetime
    calendar_version_id: int
    definition_id: int
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class InstanceBreached:
    """The deadline in force of a subject passed."""

    subject: SubjectRef
    breached_at: datetime
    limit_text: str
    calendar_version_id: int
    definition_id: int
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class StepCompleted:
    """A person completed a step."""

    subject: SubjectRef
    step_id: int
    step_code: str
    outcome: str | None
    late_reason: str | None
    note: str | None
    was_breached: bool
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class StepCancelled:
    """A step ended without being completed."""

    subject: SubjectRef
    step_id: int
    was_breached: bool
    actor: Actor
    at: datetime
    note: str | None = None  # why it was sent back


@dataclass(frozen=True, slots=True)
class StatusReached:
    """A status of the national portal was reached by completing an element."""

    subject: SubjectRef
    status: int
    was_breached: bool
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class DeadlineMoved:
    """The subject's deadline moved: a legal pause ended, the model extended it, or a calendar version was applied."""

    subject: SubjectRef
    due_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class InstanceEnded:
    """The model ran to its end, or the instance was cancelled."""

    subject: SubjectRef
    cancelled: bool
    was_breached: bool
    actor: Actor
    at: datetime


Event = StepBreached | InstanceBreached | StepCompleted | StepCancelled | StatusReached | DeadlineMoved | InstanceEnded
Handler = Callable[[Connection, Sequence[Any]], None]


class Subscribers:
    """Hands each kind of event, as one list, to those who asked for it, in the order in which they asked."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Handler]] = defaultdict(list)

    def on(self, kind: type, handler: Handler) -> None:
        self._handlers[kind].append(handler)

    def tell(self, connection: Connection, events: Sequence[Event]) -> None:
        by_kind: dict[type, list[Event]] = defaultdict(list)
        for event in events:
            by_kind[type(event)].append(event)
        for kind, handlers in self._handlers.items():  # not as they happened: in a batch an ending may come before another's breach
            for handler in handlers if kind in by_kind else ():
                handler(connection, by_kind[kind])

    def handlers(self) -> Mapping[type, Sequence[Handler]]:
        return self._handlers
