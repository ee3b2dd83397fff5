"""The protocols that the engine needs answered: who does the steps of a lane, and by which calendar time is counted."""

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import Connection

from engine.model.elements import Lane
from engine.worktime import WorkingCalendar

# agency, unit (None: the whole agency), role, name of an agency that is not on the system
Performer = tuple[int, int | None, str, str | None]


class Performers(Protocol):
    """Answers who does the steps of each lane, once, when an instance starts."""

    def resolve_all(self, connection: Connection, *, agency_id: int, field: str, lanes: Mapping[str, Lane]) -> Mapping[str, Performer]:
        """Who does each lane's steps.

        Raises: InvalidError naming the lane when the agency has no such unit or partner.
        """
        ...


class Calendars(Protocol):
    """Hands out calendar versions; a version never changes, so it may be kept."""

    def by_id(self, connection: Connection, version_id: int) -> WorkingCalendar: ...

    def current(self, connection: Connection, agency_id: int) -> tuple[int, WorkingCalendar]:
        """The version by which a new deadline of this agency is counted today."""
        ...
