"""The counter: citizens hand in, bring what was missing, take their papers back or their results home. Some never come."""

from collections.abc import Mapping
from datetime import timedelta

from engine.actor import Actor
from processes.catalogue.queries import ProcedureInForce
from processes.dossiers import rules
from processes.dossiers.intake import Intake, PaperEntry
from processes.organisation.rules import local_day
from processes.simulation.arrivals import Arrival, Fate
from processes.simulation.citizens import invent_intake
from processes.simulation.course import Course, Task
from processes.simulation.desks import Desks
from processes.simulation.habits import Habits
from processes.simulation.queries import SIMULATED
from processes.simulation.roster import Worker
from processes.simulation.stage import Stage

PORTAL = Actor(person_id=None, label="portal", is_system=True)  # who files online is no person of the agency

_DAY = 480
_ANSWER_MINUTES = (15, 300)  # working minutes until an online filing is answered
_FILING_REFUSED = 0.5  # of those that will be refused, where they were filed online
_NEVER_ANSWERS, _NEVER_COLLECTS = 0.16, 0.04
_ANSWER_DAYS = (0.4, 8.0)
_RECORDED_LATER = 0.3  # papers that lie at the counter for a while before anybody enters them
_WITHDRAWAL_REASON = "Công dân đề nghị rút hồ sơ."
_REFUSAL_REASON = "Hồ sơ nộp trực tuyến không đúng thủ tục, thiếu giấy tờ bắt buộc."
_SUPPLEMENT_REASON = "Bản chụp gửi kèm không đọc được."


class Counter:
    """Receives and returns."""

    def __init__(self, stage: Stage, procedures: Mapping[str, ProcedureInForce], habits: Habits) -> None:
        self._stage = stage
        self._procedures = procedures
        self._habits = habits
        self._received = 0
        self._results = 0
        self.desks: Desks  # set once by whoever opens the office: desks and counter hand work to each other

    def receive(self, arrival: Arrival) -> None:
        """Somebody hands in a dossier: it is accepted there and then, or waits as an online filing."""
        stage = self._stage
        self._received += 1
        procedure = self._procedures[arrival.procedure]
        intake = invent_intake(stage.chance, procedure, channel=arrival.channel, variant=arrival.variant, receipt=self._received)
        paper = stage.chance.choice([paper["name"] for paper in procedure.papers]) if procedure.papers else procedure.name
        course = Course(self._received, "", arrival, (intake.filer or intake.owner).name, paper)
        stage.courses.append(course)
        if arrival.is_filing:
            self._file(course, intake)
        else:
            self._accept(course, intake)

    def expect_collection(self, task: Task) -> None:
        """The result is there: the citizen comes for it, is sent it, or never turns up."""
        stage, chance = self._stage, self._stage.chance
        if chance.random() < _NEVER_COLLECTS:
            return
        if task.course.arrival.channel == "direct":
            minutes = chance.choice((90, _DAY, _DAY, 2 * _DAY, 3 * _DAY, 6 * _DAY)) * chance.uniform(0.4, 1.3)
        else:
            minutes = chance.uniform(30, _DAY)  # posted or sent by the office itself
        stage.later(minutes, lambda: self._return_result(task))

    def expect_supplement(self, course: Course) -> None:
        """A supplement has been asked for; most people bring it within days."""
        chance = self._stage.chance
        if chance.random() >= _NEVER_ANSWERS:
            self._stage.later(chance.uniform(*_ANSWER_DAYS) * _DAY, lambda: self._receive_supplement(course))

    # --- handing in -------------------------------------------------------------------------------------------------

    def _accept(self, course: Course, intake: Intake) -> None:
        stage, officer = self._stage, self._officer("dossier.accept")
        with stage.writing() as connection:
            accepted = stage.dossiers.accept(connection, actor=stage.actor(connection, officer), intake=intake, origin=SIMULATED)
        course.code, course.instance_id = accepted.code, accepted.instance_id
        self._go(course, officer)

    def _file(self, course: Course, intake: Intake) -> None:
        stage = self._stage
        with stage.writing() as connection:
            course.code = stage.dossiers.file(connection, actor=PORTAL, agency_id=stage.agency_id, intake=intake, origin=SIMULATED)
        if not course.arrival.is_left_lying:
            stage.later(stage.chance.uniform(*_ANSWER_MINUTES), lambda: self._answer_filing(course))

    def _answer_filing(self, course: Course) -> None:
        """Accept it, refuse it, or ask for what is missing."""
        stage = self._stage
        if course.awaits(Fate.REFUSED) and stage.chance.random() < _FILING_REFUSED:
            stage.refuse(course, self._officer("dossier.refuse"), reason=_REFUSAL_REASON)
        elif course.awaits(Fate.SUPPLEMENTED) and stage.chance.random() < _FILING_REFUSED:
            stage.request_supplement(course, self._officer("dossier.supplement"), reason=_SUPPLEMENT_REASON)
            self.expect_supplement(course)
        else:
            officer = self._officer("dossier.accept")
            with stage.writing() as connection:
                accepted = stage.dossiers.accept_filing(connection, actor=stage.actor(connection, officer), code=course.code)
            course.instance_id = accepted.instance_id
            self._go(course, officer)

    def _go(self, course: Course, officer: Worker) -> None:
        """The clock runs."""
        stage = self._stage
        course.status = rules.ACCEPTED
        self.desks.refresh(course)
        stage.busy(officer, self._habits.serving((180, 600)))
        self.desks.wake(officer)
        if course.awaits(Fate.WITHDRAWN):
            span = stage.calendar.between(stage.now, course.due_at) if course.due_at is not None else _DAY
            stage.later(span * stage.chance.uniform(0.05, 0.4), lambda: self._withdraw(course))

    # --- coming again -----------------------------------------------------------------------------------------------

    def _receive_supplement(self, course: Course) -> None:
        stage = self._stage
        if course.status != rules.SUPPLEMENT or course.asked_at is None:
            return
        officer, received_at = self._officer("dossier.supplement"), stage.now
        if stage.chance.random() < _RECORDED_LATER and (session := stage.session_now()) is not None:
            received_at = max(session[0], course.asked_at, stage.now - timedelta(minutes=stage.chance.randint(2, 45)))
        procedure = self._procedures[course.arrival.procedure]
        code = next((paper["code"] for paper in procedure.papers if paper["name"] == course.supplement_paper), None)
        with stage.writing() as connection:
            stage.dossiers.receive_supplement(
                connection,
                actor=stage.actor(connection, officer),
                code=course.code,
                received_at=received_at,
                papers=[PaperEntry(code, originals=1)] if code is not None else [],
            )
        course.asked_at = None
        stage.busy(officer, self._habits.serving((120, 300)))
        if course.instance_id is None:
            course.status = rules.FILED
            stage.later(stage.chance.uniform(*_ANSWER_MINUTES), lambda: self._answer_filing(course))
        else:
            course.status = rules.IN_PROCESS
            self.desks.refresh(course)
            self.desks.go_on(course)

    def _withdraw(self, course: Course) -> None:
        if not course.awaits(Fate.WITHDRAWN) or course.status == rules.FINISHED:
            return
        stage, officer = self._stage, self._officer("dossier.withdraw")
        course.is_fate_met = True
        with stage.writing() as connection:
            stage.dossiers.withdraw(connection, actor=stage.actor(connection, officer), code=course.code, reason=_WITHDRAWAL_REASON)
        course.status = rules.WITHDRAWN
        self.desks.clear(course)

    def _return_result(self, task: Task) -> None:
        stage, course = self._stage, task.course
        officer = self._officer("dossier.return_result")
        self._results += 1
        year = local_day(stage.now).year
        with stage.writing() as connection:
            stage.dossiers.return_result(
                connection,
                actor=stage.actor(connection, officer),
                code=course.code,
                step_id=task.step_id,
                receiver=course.receiver,
                result_number=f"{self._results}/{year}/UBND",
            )
        course.status = rules.RETURNED
        self.desks.clear(course)
        stage.busy(officer, self._habits.serving((60, 240)))

    def _officer(self, permission: str) -> Worker:
        """An intake officer who is there; the others who may do it as well only when there is none."""
        stage = self._stage
        receiving = [one for one in stage.roster.workers if one.may("dossier.accept")]
        found = stage.officer(permission, among=receiving) or stage.officer(permission)
        if found is None:  # everybody is away: somebody comes in all the same
            found = next(one for one in stage.roster.workers if one.agency_id == stage.agency_id and one.may(permission))
        return found
