"""What everything in the simulation works with: the database and its operations, the clock, the calendar, the people, the agenda."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import Connection

from engine.actor import Actor
from engine.clock import VirtualClock
from engine.database import Database
from engine.operations import Engine
from engine.worktime import WorkingCalendar
from processes.dossiers import rules
from processes.dossiers.operations import Dossiers
from processes.organisation.rights import actor_for
from processes.simulation.agenda import Action, Agenda
from processes.simulation.course import Course
from processes.simulation.roster import Roster, Worker

_MINUTE = timedelta(minutes=1)


class Stage:
    """Where and when the simulation acts."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        dossiers: Dossiers,
        clock: VirtualClock,
        *,
        agency_id: int,
        calendar: WorkingCalendar,
        roster: Roster,
        chance: Random,
    ) -> None:
        self.database = database
        self.engine = engine
        self.dossiers = dossiers
        self.clock = clock
        self.agency_id = agency_id
        self.calendar = calendar
        self.roster = roster
        self.chance = chance
        self.agenda = Agenda()
        self.courses: list[Course] = []
        self.is_touched = True  # something was written since the sweep last asked what is due
        self._actors: dict[str, Actor] = {}
        self._actors_on: date | None = None

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def today(self) -> date:
        return self.calendar.local(self.now).date()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction for one operation."""
        with self.database.writing() as connection:
            yield connection
        self.is_touched = True

    def actor(self, connection: Connection, worker: Worker) -> Actor:
        """Whom the operations take this person for; asked once a day, seats change by the day."""
        if self._actors_on != self.today:
            self._actors, self._actors_on = {}, self.today
        if worker.login not in self._actors:
            self._actors[worker.login] = actor_for(connection, worker.person_id, now=self.now)
        return self._actors[worker.login]

    # --- office hours -----------------------------------------------------------------------------------------------

    def session_now(self) -> tuple[datetime, datetime] | None:
        """The session in which the office works now."""
        return next(((start, end) for start, end in self.calendar.sessions_on(self.today) if start <= self.now < end), None)

    def next_opening(self) -> datetime:
        """When the office opens next, after the break that it is in or comes to."""
        session = self.session_now()
        return self.calendar.add((session[1] if session is not None else self.now) + _MINUTE, 0)

    def after_work(self, seconds: float) -> datetime:
        """The moment when so much work, begun now, is done; what does not fit before a break goes on after it."""
        session, done = self.session_now(), self.now + timedelta(seconds=round(seconds))
        if session is not None and done <= session[1]:
            return done
        return self.calendar.add(self.now, max(1, round(seconds / 60)))

    # --- what is to happen ------------------------------------------------------------------------------------------

    def later(self, minutes: float, action: Action) -> None:
        """Let something happen after so many working minutes, at some second of that minute while the office works."""
        moment = self.calendar.add(self.now, max(1, round(minutes)))
        self.agenda.at(max(self.now, moment - timedelta(seconds=self.chance.randint(0, 59))), self.in_office_hours(action))

    def in_office_hours(self, action: Action) -> Action:
        """The action, put off to some minutes after the next opening when its moment finds the office closed."""

        def act() -> None:
            if self.session_now() is not None:
                action()
            else:
                self.agenda.at(self.next_opening() + timedelta(seconds=self.chance.randint(60, 3000)), act)

        return act

    def officer(self, permission: str, *, among: Sequence[Worker] | None = None) -> Worker | None:
        """Whoever is there, may do it and has been busy the least; None when nobody is there."""
        able = self.roster.permitted(self.agency_id, permission, self.today)
        if among is not None:
            able = [one for one in able if one in among]
        return min(able, key=lambda one: (one.busy_until or self.now, one.login), default=None)

    def busy(self, worker: Worker, seconds: float) -> None:
        """Take up somebody's time."""
        worker.busy_until = max(worker.busy_until or self.now, self.now) + timedelta(seconds=round(seconds))

    # --- what desks and counter both do -----------------------------------------------------------------------------

    def request_supplement(self, course: Course, officer: Worker, *, reason: str) -> None:
        """Ask the citizen for what is missing."""
        course.is_fate_met = True
        with self.writing() as connection:
            self.dossiers.request_supplement(
                connection, actor=self.actor(connection, officer), code=course.code, content=course.supplement_paper, reason=reason
            )
        course.status, course.asked_at = rules.SUPPLEMENT, self.now

    def refuse(self, course: Course, officer: Worker, *, reason: str) -> None:
        """Refuse the dossier or the filing."""
        course.is_fate_met = True
        with self.writing() as connection:
            self.dossiers.refuse(connection, actor=self.actor(connection, officer), code=course.code, reason=reason)
        course.status = rules.REFUSED
