"""What the simulation keeps in its head about a dossier on its way, and about the steps that are open now."""

from dataclasses import dataclass, field
from datetime import datetime

from engine.model.elements import ModelStep
from processes.dossiers import rules
from processes.simulation.arrivals import Arrival, Fate
from processes.simulation.roster import Worker


@dataclass(eq=False, slots=True)
class Task:
    """An open step: where it lies, until when, and when whoever holds it will have got round to finishing it."""

    course: "Course"
    step_id: int
    step: ModelStep
    step_pass: int
    agency_id: int
    unit_id: int | None
    role: str
    order: int
    opened_at: datetime
    due_at: datetime | None
    is_breached: bool
    offered_to_id: int | None
    holder: Worker | None = None
    ready_at: datetime | None = None

    @property
    def is_workable(self) -> bool:
        """Whether the clock lets it be completed."""
        return self.step.stops_clock or not self.course.is_stopped


@dataclass(eq=False, slots=True)
class Course:
    """A dossier on its way."""

    number: int
    code: str
    arrival: Arrival
    receiver: str
    supplement_paper: str
    status: int = rules.FILED
    instance_id: int | None = None
    due_at: datetime | None = None
    is_stopped: bool = False
    is_fate_met: bool = False
    asked_at: datetime | None = None  # of a supplement that is being waited for
    tasks: dict[int, Task] = field(default_factory=dict)
    done_by: dict[str, int] = field(default_factory=dict)  # step code -> whoever completed it last

    @property
    def is_over(self) -> bool:
        return self.status in rules.CLOSED or self.status == rules.RETURNED

    def awaits(self, fate: Fate) -> bool:
        """Whether this fate is still to come over it."""
        return self.arrival.fate is fate and not self.is_fate_met and not self.is_over
