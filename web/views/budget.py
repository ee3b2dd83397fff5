"""The legal time of a dossier cut into the limits of its steps, and how much of it is used."""

from dataclasses import dataclass
from typing import Any

from engine.explanation import ExplainLine
from engine.model.elements import ModelStep
from engine.timelimit import LimitKind, is_late
from web import timephrases
from web.views.dossierfacts import DossierFacts, Run
from web.views.slip import line_state


@dataclass(frozen=True)
class Part:
    """A step in the bar. share: of the whole, 1 to 100; used: of the step's own limit, 0 to 100."""

    code: str
    share: int
    state: str
    used: int


def budget_view(facts: DossierFacts) -> dict[str, Any] | None:
    """What macros.budget shows; None when nothing on the way has a limit."""
    run = facts.run
    if run is None:
        return None
    steps = [step for step in run.path if run.minutes_of(step, facts.calendar)]
    total = sum(run.minutes_of(step, facts.calendar) for step in steps)
    if not total:
        return None
    parts = [_part(step, total, facts, run) for step in steps]
    line = f"{_used(run)} Từng bước: {_limits(steps, facts, run)}."
    return {"label": f"Thời hạn chia theo bước. {line}", "parts": parts, "line": line}


def _part(step: ModelStep, total: int, facts: DossierFacts, run: Run) -> Part:
    minutes, line = run.minutes_of(step, facts.calendar), run.line_of(step.code)
    share = min(100, max(1, round(100 * minutes / total)))
    if line is None or line.status == "cancelled":
        return Part(step.code, share, "", 0)
    used = min(100, round(100 * line.used_minutes / minutes))
    late = is_late(line.due_at, facts.now) if line.done_at is None else line_state(line, facts.now)[0] == "overdue"
    if line.status in ("open", "claimed"):
        return Part(step.code, share, "now", 100 if late else used)
    return Part(step.code, share, "late" if late else "done", used)


def _used(run: Run) -> str:
    """How much of the legal time is used by now, as the clock counts it."""
    counted: ExplainLine | None = next((line for line in reversed(run.explained) if line.kind != "due"), None)
    limit = run.limit.in_vietnamese().split(" (")[0]
    if counted is None:
        return f"Thời hạn {limit}."
    if counted.counted_minutes is not None and counted.remaining_minutes is not None:
        whole = counted.counted_minutes + counted.remaining_minutes
        late = f", quá {timephrases.hours(counted.overdue_minutes)}" if counted.overdue_minutes else ""
        return f"Đã dùng {timephrases.hours(counted.counted_minutes)} trên {timephrases.hours(whole)} ({limit}){late}."
    return f"Đã tính {counted.counted_days or 0} ngày trên {(counted.counted_days or 0) + (counted.remaining_days or 0)} ngày."


def _limits(steps: list[ModelStep], facts: DossierFacts, run: Run) -> str:
    if all(step.limit.kind is LimitKind.CALENDAR_DAYS for step in steps):
        return f"{' + '.join(str(step.limit.whole) for step in steps)} ngày"
    minutes = [run.minutes_of(step, facts.calendar) for step in steps]
    if all(one % 60 == 0 for one in minutes):
        return f"{' + '.join(str(one // 60) for one in minutes)} giờ"
    return " + ".join(timephrases.hours(one) for one in minutes)
