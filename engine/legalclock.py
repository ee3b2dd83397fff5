"""The legal clock: from a ledger of starts, stops and extensions to the deadline in force at every moment.

A deadline is a pure function of ledger and calendars; columns named due_at are copies of what replay() says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.clock import minute
from engine.errors import InvalidError
from engine.ledger import ClockStatus, LedgerEntry, RunningClock
from engine.moving import days_left, minutes_left
from engine.timelimit import LimitRule, TimeLimit, is_late
from engine.worktime import WorkingCalendar

__all__ = [
    "CALENDAR_APPROVED",
    "Calendars",
    "ClockState",
    "DeadlineSpan",
    "LedgerEntry",
    "Turn",
    "first_breach",
    "replay",
    "replay_step",
    "step_ledger",
    "turns",
]

Calendars = Mapping[int, WorkingCalendar]  # by calendar_version_id

CALENDAR_APPROVED = "calendar_approved"  # the reason of a calendar entry that may move a deadline earlier


@dataclass(frozen=True, slots=True)
class DeadlineSpan:
    """A deadline in force from one moment until another (None: still in force).

    Both are moments of entering, so that no sweep is blamed for what it could not know; a receipt entered late gives a span that
    begins after its deadline. Only the end by finish or close is the moment at which that took effect.
    """

    from_: datetime
    until: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ClockState:
    """Where a clock stands after its last entry.

    due_at: the deadline in force; while stopped only one that had passed before the stop; once finished the one to judge by.
    remaining_minutes, remaining_days: what is held while stopped; days only of a limit counted in days.
    """

    clock: ClockStatus
    due_at: datetime | None = None
    remaining_minutes: int | None = None
    stopped_at: datetime | None = None
    history: tuple[DeadlineSpan, ...] = ()
    remaining_days: int | None = None
    calendar_version_id: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one entry did. due_before and due_after include a deadline that is held because the clock is stopped.

    clock is the clock itself, good until the next turn is asked for.
    """

    entry: LedgerEntry
    due_before: datetime | None
    due_after: datetime | None
    clock: RunningClock
    calendar: WorkingCalendar  # the version in force
    calendar_version_id: int


def turns(entries: Iterable[LedgerEntry], calendars: Calendars) -> Iterator[Turn]:
    """Move the clock entry by entry, in the order in which they were written.

    A calendar entry counts the whole ledger again in the new version, as if it had held from the start; the deadline moves later only,
    unless the entry's reason is CALENDAR_APPROVED (rule 1.6). Whatever is counted afterwards is counted in the new version.

    Raises: InvalidError (ledger_invalid, calendar_unknown, calendar_exhausted, limit_not_whole_days).
    """
    clock: RunningClock | None = None
    version = 0
    seen: list[LedgerEntry] = []
    for entry in entries:
        before = _due(clock)
        if clock is None or entry.kind in ("start", "calendar"):
            version = entry.calendar_version_id
        if clock is None:
            clock = RunningClock(_calendar(calendars, version))
        if entry.kind == "calendar":
            clock = _recounted(clock, seen, _calendar(calendars, version), entry)
        else:
            if entry.kind == "start":
                clock.calendar = _calendar(calendars, version)
            clock.apply(entry)
            seen.append(entry)
        yield Turn(entry, before, _due(clock), clock, clock.calendar, version)


def replay(entries: Iterable[LedgerEntry], calendars: Calendars) -> ClockState:
    """Work out where the clock stands and which deadline was in force when.

    Raises: as turns().
    """
    spans: list[DeadlineSpan] = []
    last: Turn | None = None
    for turn in turns(entries, calendars):
        _note(spans, turn)
        last = turn
    if last is None:
        return ClockState("none")
    clock, held = last.clock, None
    if clock.status == "stopped" and not clock.is_passed:
        held = clock.deadline
    return ClockState(
        clock=clock.status,
        due_at=clock.in_force,
        remaining_minutes=minutes_left(clock.calendar, held, clock.stopped_at) if held and clock.stopped_at else None,
        stopped_at=clock.stopped_at if clock.status == "stopped" else None,
        history=tuple(spans),
        remaining_days=days_left(clock.calendar, held, clock.stopped_at) if held and clock.stopped_at else None,
        calendar_version_id=last.calendar_version_id,
    )


def replay_step(
    entries: Iterable[LedgerEntry],
    calendars: Calendars,
    *,
    opened_at: datetime,
    limit: TimeLimit,
    calendar_version_id: int,
    limit_minutes: int | None = None,
    rule: LimitRule = LimitRule.ELAPSED,
    ended_at: datetime | None = None,
    stops_clock: bool = False,
) -> ClockState:
    """Work out a step's deadline under the stops of its dossier; for timers alike.

    A step opened while the clock is stopped starts on resume; a step that stops the clock itself has no deadline.

    Raises: as turns().
    """
    if stops_clock:
        return ClockState("none")
    ledger = step_ledger(
        entries,
        calendars,
        opened_at=opened_at,
        limit=limit,
        calendar_version_id=calendar_version_id,
        limit_minutes=limit_minutes,
        rule=rule,
        ended_at=ended_at,
    )
    if ledger:
        return replay(ledger, calendars)
    if ended_at is not None:
        return ClockState("finished", calendar_version_id=calendar_version_id)
    per_day = _calendar(calendars, calendar_version_id).minutes_per_working_day
    left = limit_minutes if limit_minutes is not None else limit.working_minutes(per_day)
    return ClockState("stopped", remaining_minutes=left, stopped_at=minute(opened_at), calendar_version_id=calendar_version_id)


def step_ledger(
    entries: Iterable[LedgerEntry],
    calendars: Calendars,
    *,
    opened_at: datetime,
    limit: TimeLimit,
    calendar_version_id: int,
    limit_minutes: int | None = None,
    rule: LimitRule = LimitRule.ELAPSED,
    ended_at: datetime | None = None,
) -> list[LedgerEntry]:
    """A step's own ledger, made from its dossier's; empty while it has not started because the clock is stopped.

    Extensions lengthen the dossier alone. A calendar entry concerns the step only if the step is counted in that calendar (a lane of
    another agency has its own).
    """
    start = LedgerEntry("start", opened_at, calendar_version_id, limit, rule, limit_minutes=limit_minutes)
    code = _calendar(calendars, calendar_version_id).code
    ledger: list[LedgerEntry] = [start]
    holds, released_at = 0, minute(opened_at)
    for entry in entries:
        if ended_at is not None and (entry.known_at > ended_at or (entry.known_at == ended_at and entry.kind == "stop")):
            break
        is_before = entry.known_at <= opened_at
        if entry.kind in ("stop", "resume") and (is_before or not ledger):
            holds, released_at = _held(holds, released_at, entry)
            ledger = [] if holds else [replace(start, at=released_at, entered_at=max(opened_at, entry.known_at))]
        elif is_before or (entry.kind == "calendar" and _calendar(calendars, entry.calendar_version_id).code != code):
            continue
        elif entry.kind == "calendar" and not ledger:
            start = replace(start, calendar_version_id=entry.calendar_version_id)
        elif entry.kind in ("stop", "resume", "calendar", "close") and ledger:
            ledger.append(entry if entry.kind != "resume" else replace(entry, limit=None))
    if ledger and ended_at is not None:
        ledger.append(LedgerEntry("finish", ended_at, calendar_version_id))
    return ledger


def first_breach(history: Sequence[DeadlineSpan], until: datetime) -> datetime | None:
    """The first deadline in force that passed before it was touched; the one still in force is judged at `until`.

    With `until` the moment of the last sweep this is rule 3.3: touching settles, so a deadline that was touched since counts as it stood
    then, and one that passed later and is untouched is not yet missing.
    """
    for span in history:
        if span.until is None and span.from_ > until:
            continue
        if is_late(span.due_at, span.until or until):
            return span.due_at
    return None


def _held(holds: int, released_at: datetime, entry: LedgerEntry) -> tuple[int, datetime]:
    if entry.kind == "stop":
        return holds + 1, released_at
    return max(0, holds - 1), max(released_at, minute(entry.at))


def _note(spans: list[DeadlineSpan], turn: Turn) -> None:
    """Write down from when until when a deadline was in force."""
    clock, present = turn.clock, spans[-1] if spans and spans[-1].until is None else None
    is_over = clock.status == "finished"
    due_at = None if is_over else clock.in_force
    if present is not None and due_at != present.due_at:
        ended = replace(present, until=turn.entry.at if is_over else turn.entry.known_at)
        # One that was replaced in the operation that set it was never in force.
        spans[-1:] = [] if ended.from_ == ended.until and not is_late(ended.due_at, ended.from_) else [ended]
    if due_at is not None and (present is None or due_at != present.due_at):
        spans.append(DeadlineSpan(turn.entry.known_at, None, due_at))


def _recounted(present: RunningClock, seen: Iterable[LedgerEntry], calendar: WorkingCalendar, entry: LedgerEntry) -> RunningClock:
    clock = RunningClock(calendar)
    for earlier in seen:
        clock.apply(earlier)
    old, new = present.deadline, clock.deadline
    is_earlier = old is not None and new is not None and old.due_at is not None and new.due_at is not None and new.due_at < old.due_at
    if is_earlier and entry.reason != CALENDAR_APPROVED:
        clock.deadline = old
    return clock


def _due(clock: RunningClock | None) -> datetime | None:
    return clock.deadline.due_at if clock is not None and clock.deadline is not None else None


def _calendar(calendars: Calendars, version: int) -> WorkingCalendar:
    if version not in calendars:
        raise InvalidError(
            "The ledger names a calendar version that was not handed in.", code="calendar_unknown", calendar_version_id=version
        )
    return calendars[version]
