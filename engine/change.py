"""What one operation does to one instance: collected first, written together at the end."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.actor import Actor
from engine.events import Event, SubjectRef
from engine.model.elements import ProcessModel
from engine.trace.records import Chain, Record

Values = dict[str, Any]


@dataclass(slots=True)
class Change:
    """An instance under lock, and all that is about to be written for it.

    `instance` and the steps handed to update_step() always show the values as they will be after saving.
    """

    instance: Values
    model: ProcessModel
    actor: Actor
    at: datetime
    is_new: bool = False
    giver_id: int | None = None  # the step that is being completed
    opening_at: datetime | None = None  # a timer fired late: people get their steps now, not when it was due
    instance_values: Values = field(default_factory=dict)
    steps_opened: list[Values] = field(default_factory=list)
    step_updates: dict[int, Values] = field(default_factory=dict)
    timers_started: list[Values] = field(default_factory=list)
    timer_updates: dict[int, Values] = field(default_factory=dict)
    ledger: list[Values] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def set(self, **values: Any) -> None:
        """Change columns of the instance."""
        self.instance.update(values)
        self.instance_values.update(values)

    def update_step(self, step: Values, **values: Any) -> None:
        """Change columns of one of its steps, opened now or earlier."""
        step.update(values)
        if not any(step is opened for opened in self.steps_opened):
            self.step_updates.setdefault(step["id"], {}).update(values)

    def update_timer(self, timer: Values, **values: Any) -> None:
        """Change columns of one of its timers."""
        timer.update(values)
        if not any(timer is started for started in self.timers_started):
            self.timer_updates.setdefault(timer["id"], {}).update(values)

    def record(self, kind: str, facts: Values, personal: dict[str, str] | None = None) -> None:
        """Add an entry to the instance's chain."""
        row = self.instance
        chain = Chain("instance", row["id"])
        self.records.append(Record(kind, facts, personal or {}, subject_code=row["subject_code"], agency_id=row["agency_id"], chain=chain))

    def tell(self, events: Iterable[Event]) -> None:
        self.events.extend(events)

    @property
    def given_at(self) -> datetime:
        """When the steps that open in this change are given to people."""
        return self.opening_at or self.at

    @property
    def subject(self) -> SubjectRef:
        row = self.instance
        return SubjectRef(
            kind=row["subject_kind"],
            id=row["subject_id"],
            code=row["subject_code"],
            title=row["subject_title"],
            agency_id=row["agency_id"],
            instance_id=row["id"],
            origin=row["origin"],
        )
