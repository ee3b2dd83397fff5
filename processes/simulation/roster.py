"""Who is there: the people as the simulation moves them, when they are away, and who may take which step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import TYPE_CHECKING

from engine.actor import Seat
from processes.organisation.rights import ROLE_PERMISSIONS

if TYPE_CHECKING:
    from processes.simulation.course import Task

_ABSENT_A_DAY = 0.022  # how often somebody begins to be away on a working day
_LENGTHS = (1, 1, 1, 2, 2, 3, 5)  # working days
_ANNOUNCED = 0.6  # leave; the others fall ill


@dataclass(eq=False, slots=True)
class Worker:
    """One person: how fast, when away, and what lies on the desk."""

    login: str
    person_id: int
    agency_id: int
    seats: frozenset[Seat]
    pace: float = 1.0  # how long this person takes, compared with the others
    away: set[date] = field(default_factory=set)
    leaves_on: list[date] = field(default_factory=list)  # first days of announced absences
    desk: list["Task"] = field(default_factory=list)
    busy_until: datetime | None = None
    next_turn: datetime | None = None

    def holds(self, role: str, unit_id: int | None) -> bool:
        """Whether one of the seats covers this role in this unit."""
        return any(seat.role == role and (unit_id is None or seat.unit_id in (None, unit_id)) for seat in self.seats)

    def may(self, permission: str) -> bool:
        """Whether one of the seats gives this permission."""
        return any(permission in ROLE_PERMISSIONS.get(seat.role, frozenset()) for seat in self.seats)


class Roster:
    """The people of the agencies that work together, in the order of their logins."""

    def __init__(self, workers: Iterable[Worker]) -> None:
        self.workers: Sequence[Worker] = sorted(workers, key=lambda one: one.login)
        self._able: dict[tuple[int, str, int | None], list[Worker]] = {}

    def able(self, agency_id: int, role: str, unit_id: int | None) -> list[Worker]:
        """Those who may take a step of this role and unit, present or not."""
        key = (agency_id, role, unit_id)
        if key not in self._able:
            self._able[key] = [one for one in self.workers if one.agency_id == agency_id and one.holds(role, unit_id)]
        return self._able[key]

    def permitted(self, agency_id: int, permission: str, on: date) -> list[Worker]:
        """Those of an agency who may do something and are there on a day."""
        return [one for one in self.workers if one.agency_id == agency_id and on not in one.away and one.may(permission)]

    def plan_absences(self, chance: Random, working_days: Sequence[date]) -> None:
        """Give everybody a pace, and days away on which somebody else holds each of their seats."""
        for worker in self.workers:
            worker.pace = chance.uniform(0.8, 1.25)
            for index, on in enumerate(working_days):
                if chance.random() < _ABSENT_A_DAY and on not in worker.away:
                    days = working_days[index : index + chance.choice(_LENGTHS)]
                    is_announced = chance.random() < _ANNOUNCED
                    self._send_away(worker, days, is_announced)

    def _send_away(self, worker: Worker, days: Sequence[date], is_announced: bool) -> None:
        if not all(self._is_covered(worker, on) for on in days):
            return
        if is_announced:
            worker.leaves_on.append(days[0])
        worker.away.update(days)

    def _is_covered(self, worker: Worker, on: date) -> bool:
        return all(
            any(other is not worker and on not in other.away for other in self.able(worker.agency_id, seat.role, seat.unit_id))
            for seat in worker.seats
        )


def workers_from(rows: Iterable[Mapping[str, object]]) -> list[Worker]:
    """Workers from rows of people and their seats (queries.staff), one row for each seat."""
    found: dict[str, Worker] = {}
    for row in rows:
        login, person_id, agency_id, unit_id, role = row["login"], row["person_id"], row["agency_id"], row["unit_id"], row["role"]
        assert isinstance(login, str) and isinstance(person_id, int) and isinstance(agency_id, int) and isinstance(role, str)
        assert unit_id is None or isinstance(unit_id, int)
        worker = found.setdefault(login, Worker(login, person_id, agency_id, frozenset()))
        worker.seats |= {Seat(unit_id, role)}
    return list(found.values())
