"""The officers at their desks: who takes which step when, and what they do with it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from engine.timelimit import is_late
from processes.dossiers import rules
from processes.simulation.arrivals import Fate
from processes.simulation.course import Course, Task
from processes.simulation.habits import LATE_NOTES, Habits
from processes.simulation.piles import Piles
from processes.simulation.queries import open_step_rows
from processes.simulation.roster import Worker
from processes.simulation.stage import Stage

_REFUSAL_REASON = "Hồ sơ không đủ điều kiện giải quyết theo quy định của thủ tục."
_SUPPLEMENT_REASON = "Giấy tờ nộp kèm chưa đủ căn cứ để giải quyết."


class Desks:
    """Everybody's work. Hands the last step of a dossier, the return of the result, to on_result; a supplement to on_supplement."""

    def __init__(self, stage: Stage, habits: Habits, on_result: Callable[[Task], None], on_supplement: Callable[[Course], None]) -> None:
        self._stage = stage
        self._habits = habits
        self._piles = Piles(stage.roster)
        self._on_result = on_result
        self._on_supplement = on_supplement

    def refresh(self, course: Course) -> None:
        """Bring what we know about a dossier's open steps to what the database holds."""
        assert course.instance_id is not None
        stage = self._stage
        with stage.database.reading() as connection:
            instance, rows = open_step_rows(connection, course.instance_id)
            model = stage.engine.definitions.load(connection, instance["definition_id"]).model
        course.is_stopped, course.due_at = instance["clock"] == "stopped", instance["due_at"]
        found = {row["id"] for row in rows}
        for task in [task for task in course.tasks.values() if task.step_id not in found]:
            self._piles.drop(task)
        self._tell(self._piles.update(course, rows, model.steps))

    def clear(self, course: Course) -> None:
        """The dossier is over: nothing of it lies anywhere."""
        for task in list(course.tasks.values()):
            self._piles.drop(task)

    def go_on(self, course: Course) -> None:
        """The clock runs again: whoever holds a step gets round to it after some time, the others are offered theirs."""
        for task in list(course.tasks.values()):
            if task.holder is not None:
                self._schedule(task.holder, task)
            elif task.step.status != rules.RETURNED:
                self._call(task)

    def wake(self, worker: Worker, delay: timedelta = timedelta()) -> None:
        """Let somebody look at the desk soon, unless that will happen anyway."""
        moment = self._stage.now + delay
        if worker.next_turn is None or worker.next_turn > moment:
            worker.next_turn = moment
            self._stage.agenda.at(moment, lambda: self._turn(worker, moment))

    def hand_over(self, worker: Worker) -> None:
        """Before an absence: most of what lies on the desk goes back to the unit."""
        if self._stage.session_now() is not None:
            for task in list(worker.desk):
                if self._habits.hands_over():
                    self._release(worker, task)

    # --- a turn -----------------------------------------------------------------------------------------------------

    def _turn(self, worker: Worker, moment: datetime) -> None:
        stage = self._stage
        if worker.next_turn != moment:
            return  # an earlier one took its place
        worker.next_turn = None
        if stage.session_now() is None or stage.today in worker.away:
            self.wake(worker, stage.next_opening() - stage.now + timedelta(seconds=stage.chance.randint(20, 1200)))
        elif worker.busy_until is not None and worker.busy_until > stage.now:
            self.wake(worker, worker.busy_until - stage.now)
        else:
            task = self._choose(worker)
            if task is not None and task.holder is None:
                self._claim(worker, task)
            elif task is not None:
                self._work(worker, task)

    def _choose(self, worker: Worker) -> Task | None:
        """What is due soon first, then what is ready on the own desk, then what came first."""
        now = self._stage.now
        held = [task for task in worker.desk if task.is_workable and task.ready_at is not None and task.ready_at <= now]
        return min(
            [*held, *self._piles.offered(worker, self._stage.today)],
            key=lambda task: (not self._habits.is_urgent(task, now), task.holder is None, task.order),
            default=None,
        )

    def _claim(self, worker: Worker, task: Task) -> None:
        stage = self._stage
        with stage.writing() as connection:
            stage.engine.claim(connection, step_id=task.step_id, actor=stage.actor(connection, worker))
        self._piles.take(worker, task)
        self._schedule(worker, task)
        stage.busy(worker, self._habits.glance())
        self.wake(worker, (worker.busy_until or stage.now) - stage.now)

    def _schedule(self, worker: Worker, task: Task) -> None:
        """Say when this person will have got round to it."""
        stage = self._stage
        task.ready_at = None
        if not task.is_workable or self._is_left_lying(task):
            return
        if self._awaits(task, Fate.LAST_MINUTE) and task.due_at is not None and not is_late(task.due_at, stage.now):
            self._plan_last_minute(task, task.due_at)
            return
        is_forgotten = self._awaits(task, Fate.FORGOTTEN)
        task.course.is_fate_met |= is_forgotten
        lead = self._habits.lead(task, worker.pace, stage.now, stage.calendar, is_forgotten=is_forgotten)
        task.ready_at = ready_at = stage.calendar.add(stage.now, max(1, round(lead)))
        stage.agenda.at(ready_at, lambda: self.wake(worker) if task.ready_at == ready_at else None)

    def _is_left_lying(self, task: Task) -> bool:
        """Whether nobody will touch it again before the simulation ends."""
        arrival = task.course.arrival
        return arrival.is_left_lying and (arrival.fate is not Fate.FORGOTTEN or self._awaits(task, Fate.FORGOTTEN))

    def _awaits(self, task: Task, fate: Fate) -> bool:
        """Whether a fate comes over the dossier at this step: the first one of a specialist, while the clock runs."""
        return task.course.awaits(fate) and task.role == "specialist" and not task.course.is_stopped

    def _work(self, worker: Worker, task: Task) -> None:
        worker.busy_until = done_at = self._stage.after_work(self._habits.effort(task, worker.pace, self._stage.calendar))
        self._stage.agenda.at(done_at, lambda: self._finish(worker, task))

    def _finish(self, worker: Worker, task: Task) -> None:
        if task.holder is worker and task.is_workable and task.step_id in task.course.tasks:
            if self._habits.puts_back():
                self._release(worker, task)
            elif self._awaits(task, Fate.SUPPLEMENTED):
                self._request_supplement(worker, task.course)
            elif self._awaits(task, Fate.REFUSED):
                self._refuse(task.course)
            else:
                self._complete(worker, task)
        self.wake(worker)

    # --- the operations ---------------------------------------------------------------------------------------------

    def _complete(self, worker: Worker, task: Task) -> None:
        stage, course = self._stage, task.course
        reason = self._habits.late_reason() if task.is_breached or is_late(task.due_at, stage.now) else None
        with stage.writing() as connection:
            moved = stage.engine.complete(
                connection,
                step_id=task.step_id,
                actor=stage.actor(connection, worker),
                outcome=self._habits.outcome(task),
                late_reason=reason,
                note=LATE_NOTES[reason] if reason is not None else None,
            )
            model = stage.engine.definitions.load(connection, moved.instance["definition_id"]).model
        was_stopped = course.is_stopped
        course.done_by[task.step.code] = worker.person_id
        course.status = task.step.status or course.status
        course.due_at, course.is_stopped = moved.instance["due_at"], moved.instance["clock"] == "stopped"
        self._piles.drop(task)
        has_siblings = bool(course.tasks)
        self._tell(self._piles.update(course, sorted(moved.opened, key=lambda row: str(row["code"])), model.steps))
        if has_siblings:
            self.refresh(course)
        if was_stopped and not course.is_stopped:
            self.go_on(course)

    def _release(self, worker: Worker, task: Task) -> None:
        stage = self._stage
        with stage.writing() as connection:
            stage.engine.release(connection, step_id=task.step_id, actor=stage.actor(connection, worker))
        self._piles.put_back(worker, task)
        self._call(task, but=worker)

    def _plan_last_minute(self, task: Task, due_at: datetime) -> None:
        """Ask for a supplement minutes before the step is due."""
        stage = self._stage
        start = max(start for start, _ in stage.calendar.sessions_on(stage.calendar.local(due_at).date()) if start < due_at)
        moment = max(due_at - timedelta(seconds=stage.chance.randint(70, 480)), start + timedelta(seconds=20), stage.now)

        def act() -> None:
            if task.holder is not None and self._awaits(task, Fate.LAST_MINUTE):
                if task.due_at == due_at:
                    self._request_supplement(task.holder, task.course)
                else:  # moved meanwhile
                    self._schedule(task.holder, task)

        stage.agenda.at(moment, act)

    def _request_supplement(self, worker: Worker, course: Course) -> None:
        """By whoever holds the step, or a colleague when that person is away."""
        stage = self._stage
        asking = worker if stage.today not in worker.away else stage.officer("dossier.supplement") or worker
        stage.request_supplement(course, asking, reason=_SUPPLEMENT_REASON)
        self.refresh(course)
        self._on_supplement(course)

    def _refuse(self, course: Course) -> None:
        officer = self._stage.officer("dossier.refuse")
        if officer is not None:
            self._stage.refuse(course, officer, reason=_REFUSAL_REASON)
            self.clear(course)

    # --- who hears of what ------------------------------------------------------------------------------------------

    def _tell(self, tasks: list[Task]) -> None:
        for task in tasks:
            if task.step.status == rules.RETURNED:
                self._on_result(task)
            else:
                self._call(task)

    def _call(self, task: Task, but: Worker | None = None) -> None:
        """Those who could take it will look at it before long."""
        for worker in self._stage.roster.able(task.agency_id, task.role, task.unit_id):
            if worker is not but:
                self.wake(worker, self._habits.look(task, self._stage.calendar))
