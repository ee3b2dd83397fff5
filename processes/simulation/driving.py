"""Drives the real operations on a virtual clock: days go by in the office, dossiers come and go, and the sweep makes its rounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from random import Random

from sqlalchemy import Connection

from engine.clock import VirtualClock
from engine.database import Database
from engine.errors import WrongStateError
from engine.operations import Engine
from processes.catalogue.queries import ProcedureInForce, find_procedures
from processes.dossiers.operations import Dossiers
from processes.organisation.rules import local_day
from processes.simulation import queries
from processes.simulation.arrivals import days_between, plan_arrivals
from processes.simulation.closing import Closing, close_for_a_day, plan_closing
from processes.simulation.counter import Counter
from processes.simulation.desks import Desks
from processes.simulation.habits import Habits
from processes.simulation.roster import Roster, workers_from
from processes.simulation.rounds import Rounds
from processes.simulation.stage import Stage

_USUAL_LOAD = 35  # dossiers a working day that the staff does at its usual pace; with more, everybody is quicker
_MOST_PROCEDURES = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be simulated."""

    dossiers: int
    days: int
    seed: int
    until: datetime

    @property
    def begin(self) -> datetime:
        return self.until - timedelta(days=self.days)


@dataclass(slots=True)
class Simulated:
    """What came of it; counted holds queries.outcomes and the rounds of the sweep."""

    counted: dict[str, int]
    moved_deadlines: int = 0
    errors: list[str] = field(default_factory=list)  # of sweeps: nothing should ever stand here


def simulate(
    database: Database,
    engine: Engine,
    dossiers: Dossiers,
    clock: VirtualClock,
    run: Run,
    *,
    on_progress: Callable[[datetime], None] | None = None,
) -> Simulated:
    """Let so many dossiers come in so many days, ending at `until`; engine and dossiers must run on this clock.

    The same seed and end give the same dossiers, moments and handlers on every database that holds the same before.

    Raises: WrongStateError (database_is_live, simulation_unstaffed); InvalidError (simulation_without_arrivals).
    """
    office = _open_office(database, engine, dossiers, clock, run)
    office.work(run.until, on_progress)
    with database.reading() as connection:
        counted = queries.outcomes(connection, [course.code for course in office.stage.courses], office.stage.agency_id)
    return Simulated({**counted, "sweeps": office.rounds.count}, office.moved, office.rounds.errors)


class _Office:
    """An open office: everything is on the agenda."""

    def __init__(self, stage: Stage, desks: Desks, rounds: Rounds, closing: Closing | None) -> None:
        self.stage = stage
        self.desks = desks
        self.rounds = rounds
        self.moved = 0
        self._closing = closing
        if closing is not None:
            stage.agenda.at(closing.announced_at, self._announce_closing)

    def work(self, until: datetime, on_progress: Callable[[datetime], None] | None) -> None:
        """Let everything on the agenda happen until the end, and sweep there."""
        while (happening := self.stage.agenda.next_until(until)) is not None:
            moment, action = happening
            if self.rounds.until(moment):
                self._look_again()
            self.stage.clock.move_to(moment)
            action()
            if on_progress is not None:
                on_progress(moment)
        self.rounds.until(until)
        self.rounds.sweep(until)

    def _announce_closing(self) -> None:
        assert self._closing is not None
        self.moved += close_for_a_day(self.stage, self._closing)
        self._look_again()

    def _look_again(self) -> None:
        for course in self.stage.courses:
            if course.instance_id is not None and not course.is_over:
                self.desks.refresh(course)


def _open_office(database: Database, engine: Engine, dossiers: Dossiers, clock: VirtualClock, run: Run) -> _Office:
    clock.move_to(run.begin)
    plan = Random(f"{run.seed}:plan")
    with database.reading() as connection:
        queries.require_no_live_dossier(connection)
        agency_id, roster, procedures = _what_is_there(connection, run)
        _, calendar = engine.calendars.current(connection, agency_id)
        has_later = queries.holds_dossiers_since(connection, run.begin)
    working_days = [on for on in days_between(calendar, run.begin, run.until) if calendar.is_working_day(on)]
    closing = plan_closing(plan, calendar, working_days) if not has_later else None
    closed_on = closing.day.on if closing is not None else None
    arrivals = plan_arrivals(plan, run.dossiers, procedures, calendar, begin=run.begin, end=run.until, closed_on=closed_on)
    roster.plan_absences(plan, [on for on in working_days if on != closed_on])
    stage = Stage(
        database,
        engine,
        dossiers,
        clock,
        agency_id=agency_id,
        calendar=calendar,
        roster=roster,
        chance=Random(f"{run.seed}:work"),
    )
    habits = Habits(stage.chance, effort=min(1.0, _USUAL_LOAD * len(working_days) / run.dossiers))
    counter = Counter(stage, {one.code: one for one in procedures}, habits)
    desks = Desks(stage, habits, counter.expect_collection, counter.expect_supplement)
    counter.desks = desks
    for arrival in arrivals:
        stage.agenda.at(arrival.at, partial(counter.receive, arrival))
    _note_leaves(stage, desks, working_days)
    return _Office(stage, desks, Rounds(stage), closing)


def _what_is_there(connection: Connection, run: Run) -> tuple[int, Roster, list[ProcedureInForce]]:
    """The agency that receives citizens, everybody who works for it, the procedures in force all the time."""
    agency_id = queries.commune_with_counter(connection)
    if agency_id is None:
        raise _unstaffed("No agency of this database has a counter.")
    roster = Roster(workers_from(queries.staff(connection, agency_id, run.begin)))
    if not any(one.agency_id == agency_id and one.may("dossier.accept") for one in roster.workers):
        raise _unstaffed(f"Nobody of the agency could receive dossiers on {local_day(run.begin)}.")
    until = {one.version_id for one in find_procedures(connection, "", local_day(run.until), _MOST_PROCEDURES)}
    procedures = find_procedures(connection, "", local_day(run.begin), _MOST_PROCEDURES)
    return agency_id, roster, [one for one in procedures if one.version_id in until]


def _note_leaves(stage: Stage, desks: Desks, working_days: Sequence[date]) -> None:
    """Whoever will be away hands over shortly before the close of the last day."""
    for worker in stage.roster.workers:
        for on in worker.leaves_on:
            day_before = working_days[max(0, working_days.index(on) - 1)]
            close = stage.calendar.close_of(day_before)
            if close is not None and day_before < on:
                stage.agenda.at(close - timedelta(seconds=stage.chance.randint(300, 1500)), partial(desks.hand_over, worker))


def _unstaffed(message: str) -> WrongStateError:
    return WrongStateError(message, code="simulation_unstaffed")
