"""The time budget: the longest way from acceptance to the completion of the step with status 9, held against the law.

Parallel branches count as their longest; a loop counts once, as it lies on the way, and the way back not at all (each turn is a new
step row with its full limit, and the appointment does not move); a step that stops the clock and one that is untimed count nothing;
a timer on the edge of a step counts from the opening of that step. What `extends` lengthens, it lengthens on its own way only, so the
way that binds is the one with the least room, not always the longest. Ways that a channel or variant cannot take are left out for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.model.elements import Flow, ModelStep, Process, ProcessModel
from engine.model.expressions import ExpressionFailedError, UnsafeExpressionError, compile_expression
from engine.model.graph import Graph
from engine.timelimit import LimitKind, TimeLimit

DAY_OF_CLOCK = 24 * 60


@dataclass(frozen=True)
class Budget:
    """The way that binds. Unit: minutes of working time; for a limit in calendar days, a whole day counts minutes_per_day."""

    minutes: int
    steps: tuple[str, ...] = ()  # the codes on the way
    extended_minutes: int = 0  # what steps on the way add to the limit
    working_minutes: int = 0  # the part of `minutes` that is counted in working time
    calendar_minutes: int = 0  # the part that is counted in calendar days

    @property
    def binding(self) -> int:
        """What the legal limit itself must cover."""
        return self.minutes - self.extended_minutes

    def and_then(self, other: "Budget") -> "Budget":
        """One way after the other."""
        return Budget(
            self.minutes + other.minutes,
            self.steps + other.steps,
            self.extended_minutes + other.extended_minutes,
            self.working_minutes + other.working_minutes,
            self.calendar_minutes + other.calendar_minutes,
        )


def longest_path(
    model: ProcessModel, minutes_per_day: int = 480, *, in_calendar_days: bool = False, given: Mapping[str, str] | None = None
) -> Budget:
    """The way with the least room from the start to the completion of a step or end with status 9; to an end when there is none.

    `in_calendar_days`: the legal limit counts calendar days, so a working day is taken for one of them. `given`: channel and variant,
    when the way of one of them is asked for. The structure must be sound.
    """
    walker = _Walker(model, minutes_per_day, in_calendar_days, given or {})
    return walker.to_nine(model.main) or walker.through(model.main)


class _Walker:
    def __init__(self, model: ProcessModel, minutes_per_day: int, in_calendar_days: bool, given: Mapping[str, str]) -> None:
        self.model = model
        self.minutes_per_day = minutes_per_day
        self.in_calendar_days = in_calendar_days
        self.given = given
        self.known: dict[tuple[str, bool], Budget | None] = {}

    def through(self, process: Process) -> Budget:
        """From the start to an end."""
        return self.walk(process, to_nine=False) or Budget(0)

    def to_nine(self, process: Process) -> Budget | None:
        """From the start to status 9; None when the process does not reach it."""
        return self.walk(process, to_nine=True)

    def walk(self, process: Process, to_nine: bool) -> Budget | None:
        key = (process.id, to_nine)
        if key not in self.known:
            self.known[key] = None  # a process that calls itself is refused elsewhere; here it must only not turn for ever
            self.known[key] = self.arrivals(process, to_nine)
        return self.known[key]

    def arrivals(self, process: Process, to_nine: bool) -> Budget | None:
        graph = Graph(process, closed=_closed(process, self.given))
        arrived = {start: Budget(0) for start in process.starts}
        found: Budget | None = None
        for node in graph.order:
            before = arrived.get(node)
            if before is None:
                continue
            done = self.done(process, node, before)
            target = self.target(process, node, before, done, to_nine)
            found = _tighter(found, target) if target else found
            for following in graph.onward(node):
                timer = process.timers.get(following)
                on_edge = timer is not None and timer.attached_to == node
                arrived[following] = _tighter(arrived.get(following), self.entered(process, node, before) if on_edge else done)
        return found

    def target(self, process: Process, node: str, before: Budget, done: Budget, to_nine: bool) -> Budget | None:
        """The whole way, when it ends at this node."""
        if not to_nine:
            return done if node in process.ends else None
        if node in process.calls:
            called = self.model.called.get(process.calls[node].called)
            inside = self.to_nine(called) if called else None
            return before.and_then(inside) if inside else None
        element = process.steps.get(node) or process.ends.get(node)
        return done if element is not None and element.status == 9 else None

    def entered(self, process: Process, node: str, before: Budget) -> Budget:
        """A step that was entered and that a timer ends: it has lengthened the limit, and the timer counts instead of it."""
        step = process.steps.get(node)
        return before if step is None else before.and_then(replace(self.of_step(step), minutes=0, working_minutes=0, calendar_minutes=0))

    def done(self, process: Process, node: str, before: Budget) -> Budget:
        if node in process.steps:
            return before.and_then(self.of_step(process.steps[node]))
        if node in process.timers:
            host = process.steps.get(process.timers[node].attached_to or "")
            stopped = host is not None and host.stops_clock
            return before if stopped else before.and_then(self.of_limit(process.timers[node].limit))
        if node in process.calls and process.calls[node].called in self.model.called:
            return before.and_then(self.through(self.model.called[process.calls[node].called]))
        return before

    def of_step(self, step: ModelStep) -> Budget:
        own = Budget(0) if step.stops_clock else self.of_limit(step.limit)
        extended = self.of_limit(step.extends).minutes if step.extends else 0
        return replace(own, steps=(step.code,), extended_minutes=extended)

    def of_limit(self, limit: TimeLimit) -> Budget:
        day = self.minutes_per_day
        working = limit.working_minutes(day)
        if working is not None:
            return Budget(working, working_minutes=working)
        if limit.kind is LimitKind.CALENDAR_DAYS:
            days = limit.whole or 0
            counted = (days if self.in_calendar_days else days - days // 7 * 2) * day
            return Budget(counted, calendar_minutes=counted)
        if limit.kind is LimitKind.SAME_DAY:
            return Budget(day, working_minutes=day)
        duration = limit.duration
        if duration is None:
            return Budget(0)
        days, rest = divmod(duration.minutes, DAY_OF_CLOCK)
        counted = (duration.months * 31 + duration.days + days) * day + min(rest, day)
        return Budget(counted, calendar_minutes=counted)


def _closed(process: Process, given: Mapping[str, str]) -> set[str]:
    """The ways out of exclusive gateways that are never taken with these values: the first that holds is, in the order of the file."""
    closed: set[str] = set()
    for gateway in process.gateways.values():
        is_decided = False
        ways = process.outgoing(gateway.id) if gateway.kind == "exclusive" else ()
        for way in sorted(ways, key=lambda w: w.id == gateway.default):
            holds = None if way.id == gateway.default else _holds(way, given)
            if is_decided or holds is False:
                closed.add(way.id)
            is_decided = is_decided or holds is True
    return closed


def _holds(way: Flow, given: Mapping[str, str]) -> bool | None:
    """Whether a condition holds; None when it asks for anything that is not given."""
    if way.condition is None:
        return None
    try:
        condition = compile_expression(way.condition)
        return bool(condition(given)) if condition.names <= given.keys() else None
    except (UnsafeExpressionError, ExpressionFailedError):
        return None


def _tighter(one: Budget | None, other: Budget) -> Budget:
    return other if one is None or other.binding > one.binding else one
