"""Where the open steps lie: in the queue of their unit until somebody takes them, on that person's desk from then on."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from engine.model.elements import ModelStep
from processes.dossiers import rules
from processes.simulation.course import Course, Task
from processes.simulation.roster import Roster, Worker

_Queue = tuple[int, str, int | None]


class Piles:
    """All open steps, but for the last ones that wait for the citizen."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._queues: dict[_Queue, list[Task]] = {}
        self._opened = 0

    def update(self, course: Course, rows: Iterable[Mapping[str, Any]], steps: Mapping[str, ModelStep]) -> list[Task]:
        """Take in open steps of a dossier, known ones with their deadline of now; returns the new ones."""
        new = []
        for row in rows:
            known = course.tasks.get(row["id"])
            if known is not None:
                known.due_at, known.is_breached = row["due_at"], row["breached_at"] is not None
                continue
            self._opened += 1
            task = _task(course, row, steps[row["element_id"]], self._opened)
            course.tasks[task.step_id] = task
            new.append(task)
            if task.step.status != rules.RETURNED:
                self._queue(task).append(task)
        return new

    def take(self, worker: Worker, task: Task) -> None:
        """From the queue to somebody's desk."""
        self._queue(task).remove(task)
        task.holder = worker
        worker.desk.append(task)

    def put_back(self, worker: Worker, task: Task) -> None:
        """From the desk back to the queue."""
        worker.desk.remove(task)
        task.holder = task.ready_at = None
        self._queue(task).append(task)

    def drop(self, task: Task) -> None:
        """It is no longer open."""
        task.course.tasks.pop(task.step_id, None)
        if task.holder is not None:
            task.holder.desk.remove(task)
        elif task in self._queue(task):
            self._queue(task).remove(task)

    def offered(self, worker: Worker, on: date) -> Iterator[Task]:
        """What this person could take on a day."""
        for key, queue in self._queues.items():
            if queue and worker in self._roster.able(*key):
                yield from (task for task in queue if task.is_workable and self._may_take(worker, task, on))

    def _may_take(self, worker: Worker, task: Task, on: date) -> bool:
        """One's own work is checked by somebody else; what is offered to a colleague who is there is left to that colleague."""
        rule = task.step.handler
        if rule is not None and rule.kind == "not" and task.course.done_by.get(rule.code) == worker.person_id:
            return False
        if task.offered_to_id in (None, worker.person_id):
            return True
        able = self._roster.able(task.agency_id, task.role, task.unit_id)
        return not any(one.person_id == task.offered_to_id and on not in one.away for one in able)

    def _queue(self, task: Task) -> list[Task]:
        return self._queues.setdefault((task.agency_id, task.role, task.unit_id), [])


def _task(course: Course, row: Mapping[str, Any], step: ModelStep, order: int) -> Task:
    return Task(
        course=course,
        step_id=row["id"],
        step=step,
        step_pass=row["pass"],
        agency_id=row["agency_id"],
        unit_id=row["unit_id"],
        role=row["role"],
        order=order,
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        is_breached=row["breached_at"] is not None,
        offered_to_id=row["offered_to_id"],
    )
