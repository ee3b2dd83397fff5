"""Time: the longest way stays within the legal limit, for every channel and variant."""

from collections.abc import Iterator
from typing import Any

from engine.model.budget import Budget, longest_path
from engine.model.elements import ProcessModel
from engine.model.findings import Finding
from engine.model.procedure import Legal
from engine.model.rules import finding
from engine.timelimit import LimitKind, TimeLimit


def check_budget(model: ProcessModel, legal: Legal | None, minutes_per_day: int = 480) -> list[Finding]:
    """Findings about the time that a model needs, one for each distinct legal limit. The structure must be sound."""
    main = model.main
    if legal is None:
        return [finding("budget.not_checked", main.file, main.id, reason="there is no legal limit beside the model.")]
    findings = [*_same_procedure(model, legal), *_coordination(model, legal)]
    channels: dict[tuple[str | None, TimeLimit, Budget], list[str]] = {}
    for one in legal.limits:
        given = {"channel": one.channel} if one.variant is None else {"channel": one.channel, "variant": one.variant}
        in_days = one.limit.kind is LimitKind.CALENDAR_DAYS
        budget = longest_path(model, minutes_per_day, in_calendar_days=in_days, given=given)
        channels.setdefault((one.variant, one.limit, budget), []).append(one.channel)
    for (variant, limit, budget), names in channels.items():
        who = ", ".join(names) if variant is None else f"{variant} ({', '.join(names)})"
        findings += _against(model, who, limit, minutes_per_day, budget)
    return findings


def _against(model: ProcessModel, who: str, limit: TimeLimit, day: int, budget: Budget) -> Iterator[Finding]:
    main = model.main
    path = " → ".join(budget.steps)
    needed = _length(budget.minutes, limit, day)
    facts: dict[str, Any] = {"who": who, "path": path, "needed": needed, "needed_minutes": budget.minutes}
    if limit.kind is LimitKind.SAME_DAY:
        yield finding("budget.shares", main.file, main.id, allowed=limit.text, **facts)
        return
    allowed_minutes = _allowed(limit, day)
    if allowed_minutes is None:
        yield finding("budget.untimed", main.file, main.id, **facts)
        return
    allowed = _length(allowed_minutes + budget.extended_minutes, limit, day)
    slack = allowed_minutes - budget.binding
    facts |= {"allowed": allowed, "allowed_minutes": allowed_minutes + budget.extended_minutes}
    if slack < 0:
        yield finding("budget.exceeded", main.file, main.id, over=_length(-slack, limit, day), over_minutes=-slack, **facts)
    else:
        yield finding("budget.fits", main.file, main.id, slack=_length(slack, limit, day), slack_minutes=slack, **facts)
        yield from _mixed(model, who, limit, day, budget)


def _allowed(limit: TimeLimit, day: int) -> int | None:
    return limit.whole * day if limit.kind is LimitKind.CALENDAR_DAYS and limit.whole else limit.working_minutes(day)


def _mixed(model: ProcessModel, who: str, limit: TimeLimit, day: int, budget: Budget) -> Iterator[Finding]:
    """Working days in a calendar-day procedure: five of them take a week. Calendar days in working time: they roll over weekends."""
    allowed = (_allowed(limit, day) or 0) + budget.extended_minutes
    if limit.kind is LimitKind.CALENDAR_DAYS:
        worst = budget.calendar_minutes + -(-budget.working_minutes * 7 // 5)
        is_mixed = budget.working_minutes > 0 and worst > allowed
    else:
        worst, is_mixed = budget.minutes, budget.calendar_minutes > 0
    if is_mixed:
        path = " → ".join(budget.steps)
        needed = _length(worst, limit, day)
        yield finding("budget.mixed", model.main.file, model.main.id, who=who, allowed=limit.text, needed=needed, path=path)


def _same_procedure(model: ProcessModel, legal: Legal) -> Iterator[Finding]:
    if model.main.procedure != legal.code:
        yield finding("budget.procedure", model.main.file, model.main.id, model=model.main.procedure or "none", procedure=legal.code)


def _coordination(model: ProcessModel, legal: Legal) -> Iterator[Finding]:
    if legal.coordination_counts:
        return
    for process in model.processes:
        for step in process.steps.values():
            lane = process.lanes.get(step.lane_id)
            if lane is not None and lane.agency != "own" and not step.stops_clock and step.limit.kind is not LimitKind.UNTIMED:
                yield finding("budget.coordination", process.file, step.id, line=process.lines.get(step.id), code=step.code)


def _length(minutes: int, limit: TimeLimit, day: int) -> str:
    """A length in the unit of the limit that it stands beside, at most two decimals."""
    unit, size = {LimitKind.WORKING_DAYS: ("d", day), LimitKind.CALENDAR_DAYS: ("cd", day)}.get(limit.kind, ("h", 60))
    return f"{minutes / size:.2f}".rstrip("0").rstrip(".") + unit
