"""How one deadline is set, lengthened and moved past a pause, in the unit in which its limit is counted."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from engine.clock import minute
from engine.errors import InvalidError
from engine.timelimit import LimitKind, LimitRule, TimeLimit, deadline, is_late, whole_days
from engine.worktime import WorkingCalendar


class Unit(StrEnum):
    """What is left of a limit when its clock stops."""

    MINUTES = "minutes"  # working minutes
    WORKING_DAYS = "working_days"  # whole days under the end-of-day rule
    CALENDAR_DAYS = "calendar_days"
    WALL_CLOCK = "wall_clock"  # an ISO 8601 duration of a timer


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline and what has to be known to move it.

    nominal_on: calendar days only: the date before it was rolled on to a working day. Later days are counted from it,
    or a weekend would be given away twice.
    """

    due_at: datetime | None
    unit: Unit
    rule: LimitRule
    nominal_on: date | None = None


def begin(calendar: WorkingCalendar, start: datetime, limit: TimeLimit, rule: LimitRule, minutes: int | None = None) -> Deadline:
    """The deadline of something that starts now; `minutes` overrides the limit (a same-day share).

    Raises: InvalidError (limit_not_whole_days, calendar_exhausted).
    """
    if minutes is not None:
        return Deadline(calendar.add(start, minutes), Unit.MINUTES, rule)
    due_at, unit = deadline(calendar, start, limit, rule), _unit(limit, rule)
    if unit is not Unit.CALENDAR_DAYS:
        return Deadline(due_at, unit, rule)
    return Deadline(due_at, unit, rule, calendar.local(start).date() + timedelta(days=limit.whole or 0))


def lengthen(calendar: WorkingCalendar, present: Deadline, by: TimeLimit) -> Deadline:
    """The deadline when its limit grows; counted from the present deadline, whether the clock runs or is stopped.

    Raises: InvalidError (extension_invalid) unless `by` is in days or hours.
    """
    if present.due_at is None:
        return present
    due_on = calendar.local(present.due_at).date()
    if by.kind is LimitKind.CALENDAR_DAYS:
        nominal = (present.nominal_on or due_on) + timedelta(days=by.whole or 0)
        return replace(present, due_at=calendar.close_on_or_after(nominal), nominal_on=nominal if present.nominal_on else None)
    minutes = by.working_minutes(calendar.minutes_per_working_day)
    if minutes is None:
        raise InvalidError(f"A limit is lengthened by days or hours, not by {by.text}.", code="extension_invalid", limit=by.text)
    if by.kind is LimitKind.WORKING_DAYS and present.rule is LimitRule.END_OF_DAY:
        due_at = calendar.close_of_nth_working_day(due_on, whole_days(by))
    else:
        due_at = calendar.add(present.due_at, minutes)
    return replace(present, due_at=due_at, nominal_on=calendar.local(due_at).date() if present.nominal_on else None)


def after_pause(calendar: WorkingCalendar, present: Deadline, stopped_at: datetime, resumed_at: datetime) -> Deadline:
    """The deadline after a pause. Never earlier than it was and never before the resume; one that had passed stays.

    Working minutes: what was left at the stop is counted on from the resume.
    Calendar days: the days between the two dates are added, then rolled (rule 2.5).
    Whole working days (end of day): the working days that were left after the date of the stop are counted on after the date of
    the resume, which like the day of receipt does not count. The rest of the day of the stop is made good by the rest of
    the day of the resume; where that day has none left (a day off, after hours), by the next working day.
    Wall clock: the time of the pause is added.
    """
    stopped_at, resumed_at = minute(stopped_at), minute(resumed_at)
    if present.due_at is None or is_late(present.due_at, stopped_at) or resumed_at == stopped_at:
        return present
    match present.unit:
        case Unit.MINUTES:
            return replace(present, due_at=calendar.add(resumed_at, calendar.between(stopped_at, present.due_at)))
        case Unit.WALL_CLOCK:
            return replace(present, due_at=present.due_at + (resumed_at - stopped_at))
        case Unit.WORKING_DAYS:
            return replace(present, due_at=_whole_days_on(calendar, present.due_at, stopped_at, resumed_at))
    days = calendar.local(resumed_at).date() - calendar.local(stopped_at).date()
    nominal = _counted_to(calendar, present, stopped_at) + days
    return replace(present, due_at=calendar.close_on_or_after(nominal, not_before=resumed_at), nominal_on=nominal)


def minutes_left(calendar: WorkingCalendar, present: Deadline, at: datetime) -> int | None:
    """The minutes from a moment to the deadline, working ones unless it runs on the wall clock; None without a deadline."""
    if present.due_at is None:
        return None
    if present.unit is Unit.WALL_CLOCK:
        return max(0, (present.due_at - minute(at)) // timedelta(minutes=1))
    return max(0, calendar.between(at, present.due_at))


def days_left(calendar: WorkingCalendar, present: Deadline, at: datetime) -> int | None:
    """The days from a moment's date to the deadline, in the limit's own unit; None for a limit that counts no days."""
    if present.due_at is None:
        return None
    on, due_on = calendar.local(at).date(), calendar.local(present.due_at).date()
    if present.unit is Unit.CALENDAR_DAYS:
        return max(0, (_counted_to(calendar, present, at) - on).days)
    if present.unit is Unit.WORKING_DAYS:
        return calendar.working_days_between(on, due_on) if on < due_on else 0
    return None


def _unit(limit: TimeLimit, rule: LimitRule) -> Unit:
    if limit.kind is LimitKind.CALENDAR_DAYS:
        return Unit.CALENDAR_DAYS
    if limit.kind is LimitKind.DURATION:
        return Unit.WALL_CLOCK
    whole = limit.kind is LimitKind.WORKING_DAYS and rule is LimitRule.END_OF_DAY
    return Unit.WORKING_DAYS if whole else Unit.MINUTES


def _counted_to(calendar: WorkingCalendar, present: Deadline, at: datetime) -> date:
    """The date to which calendar days are counted: the nominal one, or when that is over the one it was rolled on to."""
    due_on = calendar.local(present.due_at or at).date()
    nominal = present.nominal_on or due_on
    return nominal if calendar.local(at).date() <= nominal else due_on


def _whole_days_on(calendar: WorkingCalendar, due_at: datetime, stopped_at: datetime, resumed_at: datetime) -> datetime:
    stopped_on, resumed_on = calendar.local(stopped_at).date(), calendar.local(resumed_at).date()
    left = calendar.working_days_between(stopped_on, calendar.local(due_at).date())
    stop_close, resume_close = calendar.close_of(stopped_on), calendar.close_of(resumed_on)
    has_rest = stop_close is not None and stopped_at < stop_close
    gives_rest = resume_close is not None and resumed_at < resume_close
    if left == 0:
        return calendar.close_on_or_after(resumed_on, not_before=resumed_at + timedelta(minutes=1 if has_rest else 0))
    return calendar.close_of_nth_working_day(resumed_on, left + (1 if has_rest and not gives_rest else 0))
