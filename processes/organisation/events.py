"""What the organisation tells others, in batches, inside the same transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from engine.actor import Actor


@dataclass(frozen=True, slots=True)
class PersonDisabled:
    """A person stopped working here; what was in their hands needs another handler."""

    agency_id: int
    person_id: int
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class SeatRevoked:
    """A person no longer holds a role."""

    agency_id: int
    person_id: int
    unit_id: int | None
    role: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class CalendarPublished:
    """A version of a working calendar was published; deadlines counted by an earlier one may move."""

    calendar_version_id: int
    code: str
    version: int
    actor: Actor
    at: datetime


Event = PersonDisabled | SeatRevoked | CalendarPublished
Tell = Callable[[Connection, Sequence[Event]], None]


def tell_nobody(_connection: Connection, _events: Sequence[Event]) -> None:
    """Nobody listens: what an operation uses until wiring hands it somebody."""
