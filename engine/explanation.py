"""Explains a deadline line by line: what happened, how much was counted by then, and day by day which sessions were used.

Facts only; pages and forms make sentences of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from engine.clock import minute
from engine.ledger import LedgerEntry, RunningClock
from engine.legalclock import Calendars, Turn, turns
from engine.moving import Deadline, Unit, days_left, minutes_left
from engine.timelimit import LimitRule, TimeLimit
from engine.worktime import CalendarDay, WorkingCalendar

LineKind = Literal["start", "stop", "resume", "extend", "calendar", "finish", "close", "now", "due"]


@dataclass(frozen=True, slots=True)
class UsedSession:
    """The part of a session that was counted."""

    from_: datetime
    until: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class DayLine:
    """A date between two lines.

    sessions, minutes: what was counted of it (limits in working minutes).
    days: 1 when the date itself counts (limits in days), else 0.
    counted: minutes or days counted so far, this date included.
    day: the day off or make-up day with its name, source and whether it is provisional; None for an ordinary date.
    """

    on: date
    sessions: tuple[UsedSession, ...]
    minutes: int
    days: int
    counted: int
    is_working_day: bool
    day: CalendarDay | None


@dataclass(frozen=True, slots=True)
class ExplainLine:
    """Something that happened to a clock, and where it stood then.

    counted_minutes + remaining_minutes is the limit with its extensions (working minutes); None for a limit that counts days, for
    which counted_days + remaining_days is.
    not_counted_minutes: on resume, the working minutes of the pause; not_counted_days likewise.
    overdue_minutes: on now, finish and close, the working minutes since the deadline.
    days: the dates that led from the line before to this one; their minutes and days add up to what was counted meanwhile.
    """

    kind: LineKind
    at: datetime
    unit: Unit
    counted_minutes: int | None = None
    remaining_minutes: int | None = None
    counted_days: int | None = None
    remaining_days: int | None = None
    limit: TimeLimit | None = None
    rule: LimitRule | None = None
    calendar_code: str | None = None
    calendar_version: int | None = None
    reason: str | None = None
    reference: str | None = None
    due_before: datetime | None = None
    due_after: datetime | None = None
    not_counted_minutes: int | None = None
    not_counted_days: int | None = None
    overdue_minutes: int | None = None
    days: tuple[DayLine, ...] = ()

    @property
    def provisional_days(self) -> tuple[CalendarDay, ...]:
        """The dates on the way that no document has decreed yet; the deadline may still move."""
        return tuple(line.day for line in self.days if line.day is not None and line.day.provisional)


def explain(entries: Iterable[LedgerEntry], calendars: Calendars, now: datetime | None = None) -> list[ExplainLine]:
    """Explain the deadline that a ledger gives, counted in the calendar version in force; empty without a deadline.

    The last line is the deadline itself, unless the clock is stopped. With `now` a line says where the clock stands at that moment.

    Raises: as legalclock.turns().
    """
    written = list(turns(entries, calendars))
    if not written or written[-1].due_after is None:
        return []
    return _Walk(written[-1].calendar, written).lines(None if now is None else minute(now))


def explain_limit(calendar: WorkingCalendar, start: datetime, limit: TimeLimit, rule: LimitRule = LimitRule.ELAPSED) -> list[ExplainLine]:
    """Explain the deadline of something received at a moment, before there is a ledger (intake, command line)."""
    return explain([LedgerEntry("start", start, 0, limit, rule)], {0: calendar})


@dataclass(slots=True)
class _Walk:
    """Walks a ledger in one calendar and measures between its entries."""

    calendar: WorkingCalendar
    turns: Sequence[Turn]
    clock: RunningClock = field(init=False)
    total: int = 0  # the limit with its extensions, in minutes or days as the unit says
    counted: int = 0
    since: datetime | None = None  # counting goes on from here; None while stopped
    skip: int = 0  # working days that make good the rest of the day of a stop
    shown: date | None = None
    released: datetime | None = None  # the latest receipt, when several things held the clock

    def lines(self, now: datetime | None) -> list[ExplainLine]:
        self.clock = RunningClock(self.calendar)
        lines = [self._turn(turn) for turn in self.turns]
        due_at = self.turns[-1].clock.in_force
        if now is not None and now > minute(lines[-1].at) and self.clock.status != "finished":
            lines.append(self._line("now", now, self._count_to(now), due_at))
        if due_at is not None and self.deadline.due_at is not None:
            days = self._count_to(self.deadline.due_at)
            earlier = [turn.due_before for turn in self.turns if turn.due_before not in (None, turn.due_after)]
            lines.append(replace(self._line("due", due_at, days, None), due_before=earlier[-1] if earlier else None, due_after=due_at))
        return lines

    @property
    def deadline(self) -> Deadline:
        return self.clock.deadline or Deadline(None, Unit.MINUTES, LimitRule.ELAPSED)

    @property
    def unit(self) -> Unit:
        return self.deadline.unit

    def _turn(self, turn: Turn) -> ExplainLine:
        entry, at = turn.entry, minute(turn.entry.at)
        days = self._count_to(at)
        stopped_at, before = self.clock.stopped_at, self.deadline
        if entry.kind != "calendar":  # the walk is made in the version in force from the start
            self.clock.apply(entry)
        days += self._go_on(entry, at, before)
        line = replace(
            self._line(entry.kind, at, days, turn.due_after if entry.kind in ("finish", "close") else None),
            limit=entry.limit,
            rule=entry.rule if entry.kind == "start" else None,
            reason=entry.reason,
            reference=entry.reference,
            due_before=turn.due_before,
            due_after=turn.due_after,
        )
        if entry.kind in ("start", "calendar"):
            return replace(line, calendar_code=turn.calendar.code, calendar_version=turn.calendar.version)
        if entry.kind == "resume" and stopped_at is not None and self.since is not None and stopped_at <= self.since:
            return replace(
                line, not_counted_minutes=self._minutes(stopped_at, self.since), not_counted_days=self._days(stopped_at, self.since)
            )
        return line

    def _go_on(self, entry: LedgerEntry, at: datetime, before: Deadline) -> tuple[DayLine, ...]:
        """Set what the entry changed: from when counting goes on, and how much there is to count."""
        more: tuple[DayLine, ...] = ()
        if entry.kind == "extend" and before.due_at is not None:
            earlier = min(self.clock.stopped_at or at, before.due_at)
            self.total += self._left(self.deadline, earlier) - self._left(before, earlier)
        elif entry.kind == "resume":
            self.released = max(at, self.released or at)
        if self.clock.stopped_at is not None:
            # A deadline that has passed stays. Should it be extended beyond the stop, the time up to the stop counts after all.
            more = self._count_to(self.clock.stopped_at)
            self.since = self.since if self.clock.is_passed else None
        elif self.since is None:
            self.since, self.released = self.released or at, None
        if self.since is not None and entry.kind in ("start", "resume"):
            self._begin_stretch(self.since, starts_anew=entry.limit is not None and self.deadline != before)
        return more

    def _begin_stretch(self, since: datetime, *, starts_anew: bool) -> None:
        if starts_anew:
            self.total, self.counted, self.shown = self._left(self.deadline, since), 0, None
        else:
            self.skip = max(0, self._left(self.deadline, since) - (self.total - self.counted))

    def _left(self, deadline: Deadline, at: datetime) -> int:
        """Minutes or days from a moment to a deadline."""
        left = minutes_left if self.unit in (Unit.MINUTES, Unit.WALL_CLOCK) else days_left
        return left(self.calendar, deadline, at) or 0

    def _line(self, kind: LineKind, at: datetime, days: tuple[DayLine, ...], judged_by: datetime | None) -> ExplainLine:
        remaining = max(0, self.total - self.counted)
        late = judged_by is not None and at > judged_by
        in_minutes = self.unit in (Unit.MINUTES, Unit.WALL_CLOCK)
        return ExplainLine(
            kind=kind,
            at=at,
            unit=self.unit,
            counted_minutes=self.counted if in_minutes else None,
            remaining_minutes=remaining if in_minutes else None,
            counted_days=None if in_minutes else self.counted,
            remaining_days=None if in_minutes else remaining,
            overdue_minutes=self._minutes(judged_by, at) if judged_by is not None and late else None,
            days=days,
        )

    def _count_to(self, at: datetime) -> tuple[DayLine, ...]:
        """Count from where counting goes on to a moment, not beyond the deadline."""
        since, due_at = self.since, self.deadline.due_at
        if since is None or due_at is None:
            return ()
        until = min(at, due_at)
        if until <= since:
            return ()
        self.since = until
        if self.unit is Unit.WALL_CLOCK:
            self.counted += self._minutes(since, until)
            return ()
        first, last = self.calendar.local(since).date(), self.calendar.local(until).date()
        dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        if self.unit is Unit.MINUTES:
            return tuple(line for on in dates if (line := self._day_of_minutes(on, since, until)) is not None)
        return tuple(line for on in dates if (line := self._day_of_days(on, first)) is not None)

    def _day_of_minutes(self, on: date, since: datetime, until: datetime) -> DayLine | None:
        used = tuple(_clipped(self.calendar.sessions_on(on), since, until))
        minutes = sum(session.minutes for session in used)
        ends_here = on == self.calendar.local(until).date() != self.calendar.local(since).date()
        if not minutes and (on == self.shown or ends_here):
            return None
        self.counted, self.shown = self.counted + minutes, on
        return DayLine(on, used, minutes, 0, self.counted, self.calendar.is_working_day(on), self.calendar.day(on))

    def _day_of_days(self, on: date, first: date) -> DayLine | None:
        """A date counts when it comes after the first of its stretch, and is a working day if those are counted."""
        if on == self.shown:
            return None
        is_working_day = self.calendar.is_working_day(on)
        counts = on > first and self.counted < self.total and (is_working_day or self.unit is Unit.CALENDAR_DAYS)
        if counts and self.skip:
            counts, self.skip = False, self.skip - 1
        self.counted, self.shown = self.counted + counts, on
        return DayLine(on, (), 0, int(counts), self.counted, is_working_day, self.calendar.day(on))

    def _minutes(self, start: datetime, end: datetime) -> int:
        if self.unit is Unit.WALL_CLOCK:
            return (end - start) // timedelta(minutes=1)
        return self.calendar.between(start, end)

    def _days(self, start: datetime, end: datetime) -> int | None:
        first, last = self.calendar.local(start).date(), self.calendar.local(end).date()
        if self.unit is Unit.CALENDAR_DAYS:
            return (last - first).days
        return self.calendar.working_days_between(first, last) if self.unit is Unit.WORKING_DAYS else None


def _clipped(sessions: Iterable[tuple[datetime, datetime]], since: datetime, until: datetime) -> Iterator[UsedSession]:
    for start, end in sessions:
        used_from, used_until = max(start, since), min(end, until)
        if used_from < used_until:
            yield UsedSession(used_from, used_until, (used_until - used_from) // timedelta(minutes=1))
