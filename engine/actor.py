"""Who acts, and on whose behalf."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Seat:
    """A role that a person holds in a unit of an agency; unit None is the whole agency."""

    unit_id: int | None
    role: str


@dataclass(frozen=True, slots=True)
class Actor:
    """The person (or, with person_id None, the system itself) behind an operation, with the seats held at that moment."""

    person_id: int | None
    label: str  # login of a person, "system" or "cli:<os user>" otherwise; written into the trace
    agency_id: int | None = None
    seats: frozenset[Seat] = field(default_factory=frozenset)
    on_behalf_of_id: int | None = None
    is_system: bool = False

    def holds(self, role: str, unit_id: int | None) -> bool:
        """Whether one of the seats covers this role in this unit; a seat without a unit covers the whole agency."""
        return any(s.role == role and (unit_id is None or s.unit_id is None or s.unit_id == unit_id) for s in self.seats)

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(s.role for s in self.seats)


SYSTEM = Actor(person_id=None, label="system", is_system=True)
