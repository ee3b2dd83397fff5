"""How people work: how soon they look, how long a step lies, what comes of it. Draws only; nothing happens here. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from engine.worktime import WorkingCalendar
from processes.simulation.arrivals import Fate, weighted
from processes.simulation.course import Task

_MEDIAN_SHARE, _SPREAD = 0.36, 0.42  # of a step's time that passes before it is done: log-normal, a few beyond 1
_SLOW = 2.1  # a difficult dossier takes so many times as long
_FORGOTTEN = (1.4, 4.0)  # times of its limit after which a forgotten step is found again
_LOOKS = (40, 1100)  # seconds until somebody idle looks at what has come in, at most a share of the time there is
_LOOK_SHARE, _EFFORT_SHARE = 0.25, 0.15
_RELEASED, _HANDED_OVER = 0.008, 0.7
_WAIT_DAYS = (0.5, 4.0)  # working days that a drawn wait takes
_URGENT = timedelta(minutes=75)

_OUTCOMES = {"approve": 0.96, "return": 0.04, "verify": 0.16, "object": 0.06, "answered": 0.8, "silent": 0.2}
_LATE_REASONS = {
    "workload": 5.0,
    "complex": 3.0,
    "late_handover": 3.0,
    "waiting_internal": 2.0,
    "absence": 2.0,
    "system": 1.0,
    "mistake": 1.0,
}
LATE_NOTES: Mapping[str, str] = {
    "workload": "Cùng lúc có nhiều hồ sơ.",
    "complex": "Phải đối chiếu thêm sổ gốc.",
    "late_handover": "Bước trước bàn giao muộn.",
    "waiting_internal": "Chờ ý kiến trong cơ quan.",
    "absence": "Người thụ lý nghỉ phép.",
    "system": "Đường truyền gián đoạn buổi sáng.",
    "mistake": "Xếp nhầm tập, tìm thấy muộn.",
}


class Habits:
    """The habits of everybody in the office; effort: how long work takes against a commune of usual size."""

    def __init__(self, chance: Random, effort: float) -> None:
        self.chance = chance
        self._effort = effort

    def glance(self) -> float:
        """Seconds to take a step."""
        return self.chance.uniform(20, 90) * self._effort

    def look(self, task: Task, calendar: WorkingCalendar) -> timedelta:
        """Until somebody who could take the step looks at it."""
        first, last = _LOOKS
        return timedelta(seconds=self.chance.randint(first, max(first + 60, round(min(last, _given(task, calendar) * _LOOK_SHARE)))))

    def effort(self, task: Task, pace: float, calendar: WorkingCalendar) -> float:
        """Seconds of undivided work that finish the step."""
        longest = min(600.0, _given(task, calendar) * _EFFORT_SHARE)
        return self.chance.uniform(60, max(90.0, longest)) * self._effort * pace

    def serving(self, seconds: tuple[int, int]) -> float:
        """Seconds that a citizen takes at the counter."""
        return self.chance.uniform(*seconds) * self._effort

    def lead(self, task: Task, pace: float, now: datetime, calendar: WorkingCalendar, *, is_forgotten: bool) -> float:
        """Working minutes for which the step lies on the desk before anybody gets round to finishing it."""
        if task.step.stops_clock:
            return self.chance.uniform(*_WAIT_DAYS) * calendar.minutes_per_working_day
        if task.due_at is None or task.due_at <= now:
            return self.chance.uniform(8, 45)
        if is_forgotten:
            return calendar.between(task.opened_at, task.due_at) * self.chance.uniform(*_FORGOTTEN)
        share = self.chance.lognormvariate(0.0, _SPREAD) * _MEDIAN_SHARE * pace
        return calendar.between(now, task.due_at) * share * (_SLOW if task.course.arrival.fate is Fate.SLOW else 1.0)

    def outcome(self, task: Task) -> str | None:
        """What is chosen; the second time round everything is in order."""
        keys = [one.key for one in task.step.outcomes]
        if not keys or task.step_pass > 1:
            return keys[0] if keys else None
        return weighted(self.chance, {key: _OUTCOMES.get(key, 1.0) for key in keys})

    def late_reason(self) -> str:
        return weighted(self.chance, _LATE_REASONS)

    def puts_back(self) -> bool:
        """Whether somebody finds that a step is rather a colleague's."""
        return self.chance.random() < _RELEASED

    def hands_over(self) -> bool:
        """Whether somebody who leaves puts a step back."""
        return self.chance.random() < _HANDED_OVER

    def is_urgent(self, task: Task, now: datetime) -> bool:
        return task.due_at is not None and task.due_at - now < _URGENT


def _given(task: Task, calendar: WorkingCalendar) -> float:
    """Seconds that the step may take in all."""
    return 3600.0 if task.due_at is None else max(60.0, 60.0 * calendar.between(task.opened_at, task.due_at))
