"""Workload W through eISO: the same operations that the web calls, by the officers of a small founded commune, one transaction each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from engine.actor import SYSTEM, Actor
from engine.clock import VirtualClock
from engine.database import Database
from engine.ids import TimeOrderedIds
from engine.operations import Moved, Subject
from engine.timelimit import LimitRule, TimeLimit
from processes import wiring
from processes.dossiers.models import dossiers
from processes.organisation.calendars import seed_default_calendar
from processes.organisation.commune import add_standard_units
from processes.organisation.models import Agency, Person
from processes.organisation.operations import create_agency
from processes.organisation.rights import actor_for
from processes.organisation.staffing import add_person, grant_seat
from tests.benchmarks.workload import MODEL, Answer, Step

START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # 08:00 on a Friday: nothing is late, and the calendar is known in any year
FIELD = "Hộ tịch"
LIMIT = TimeLimit.parse("5d")

_AGENCY = "B99.001"
_STAFF = {
    "B1": ("nang.hoang", "Hoàng Thị Nắng", "intake_officer", "counter"),
    "B2": ("but.luong", "Lường Thị Bút", "specialist", "office"),
    "B3": ("tinh.dinh", "Đinh Quang Tĩnh", "leader", "leadership"),
    "B5": ("dau.do", "Đỗ Thị Dấu", "clerk", "office"),
}
_LIKE = {"B4": "B2", "B6": "B1"}  # steps of a person who has one already


class HoldsDossiersError(Exception):
    """The database holds dossiers."""


@dataclass(frozen=True, slots=True)
class Commune:
    """Where the benchmark runs: ids alone, so that other processes can be told."""

    agency_id: int
    definition_id: int
    people: dict[str, int]  # by step code


class Ours:
    """Does workload W with one connection."""

    def __init__(self, database: Database, commune: Commune) -> None:
        self.database = database
        self.clock = VirtualClock(START)
        self.ids = TimeOrderedIds()
        self.areas = wiring.build(clock=self.clock, ids=self.ids)
        self._commune = commune
        with database.reading() as connection:
            self._actors = {code: actor_for(connection, person, now=START) for code, person in commune.people.items()}

    def create(self, number: int) -> Step:
        """Open an instance at its first step."""
        subject = Subject("workload", self.ids.next(), f"{_AGENCY}-W-{number}", "Khối lượng W", "Lường Văn Đạt")
        actor = self._actors["B1"]
        return self._step(self._write(lambda connection: self.start(connection, subject, actor)))

    def start(self, connection: Connection, subject: Subject, actor: Actor = SYSTEM) -> Moved:
        """Start one instance in a transaction that is open."""
        return self.areas.engine.start(
            connection,
            definition_id=self._commune.definition_id,
            subject=subject,
            agency_id=self._commune.agency_id,
            field=FIELD,
            limit=LIMIT,
            rule=LimitRule.ELAPSED,
            actor=actor,
            variables={"channel": "direct"},
        )

    def complete(self, step: Step, answer: Answer) -> Step | None:
        """Complete a step; the next one, or None at the end."""
        actor = self._actors[step.code]

        def act(connection: Connection) -> Moved:
            return self.areas.engine.complete(connection, step_id=step.id, actor=actor, outcome=answer.outcome, variables=answer.values)

        moved = self._write(act)
        return self._step(moved) if moved.opened else None

    def _write(self, act: Callable[[Connection], Moved]) -> Moved:
        try:
            with self.database.writing() as connection:
                return act(connection)
        except IntegrityError:  # two processes drew the same node for their ids: the accepted cost of engine.ids
            self.ids.redraw()
            with self.database.writing() as connection:
                return act(connection)

    def _step(self, moved: Moved) -> Step:
        (opened,) = moved.opened
        return Step(opened["id"], moved.instance["id"], opened["code"])


def found(database: Database) -> Commune:
    """The commune in which the benchmark runs, with the model of workload W; the same one when it ran here before.

    Raises: HoldsDossiersError, so that nobody measures on a database that is used.
    """
    ids, clock = TimeOrderedIds(), VirtualClock(START)
    with database.writing() as connection:
        if connection.execute(select(func.count()).select_from(dossiers)).scalar_one():
            raise HoldsDossiersError
        agency_id = connection.scalar(select(Agency.id).where(Agency.code == _AGENCY))
        people = _known(connection) if agency_id is not None else {}
        if agency_id is None:
            agency_id, people = _found_anew(connection, {"actor": SYSTEM, "clock": clock, "ids": ids})
        definitions = wiring.build(clock=clock, ids=ids).engine.definitions
        definition_id = definitions.publish(connection, sources={MODEL.name: MODEL.read_bytes()}, actor=SYSTEM)
    return Commune(agency_id, definition_id, people | {code: people[other] for code, other in _LIKE.items()})


def _known(connection: Connection) -> dict[str, int]:
    ids = {row.login: row.id for row in connection.execute(select(Person.login, Person.id))}
    return {code: ids[login] for code, (login, *_) in _STAFF.items()}


def _found_anew(connection: Connection, doing: dict[str, Any]) -> tuple[int, dict[str, int]]:
    seed_default_calendar(connection, **doing)
    agency_id = create_agency(connection, code=_AGENCY, name="UBND xã Bấm Giờ", **doing)
    units = add_standard_units(connection, agency_id=agency_id, **doing)
    people = {}
    for code, (login, name, role, unit) in _STAFF.items():
        person_id = add_person(
            connection, agency_id=agency_id, login=login, full_name=name, password_hash="-", must_change_password=False, **doing
        )
        grant_seat(connection, person_id=person_id, role=role, unit_id=units[unit], **doing)
        people[code] = person_id
    return agency_id, people
