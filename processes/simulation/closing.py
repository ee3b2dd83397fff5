"""One day on which the office is shut although the calendar did not say so: a new version is published, open deadlines move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from engine.recounting import move_deadlines
from engine.worktime import CalendarDay, WorkingCalendar
from processes.organisation.calendars import publish_calendar
from processes.simulation.queries import calendar_facts
from processes.simulation.stage import Stage

_DAYS_AHEAD = 3
_FEWEST_DAYS = 6
_DOCUMENT = "Thông báo số 27/TB-UBND xã Suối Mây về việc tạm nghỉ để phòng, tránh bão (hư cấu)"


@dataclass(frozen=True, slots=True)
class Closing:
    """A day off, and when people learn of it."""

    announced_at: datetime
    day: CalendarDay


def plan_closing(chance: Random, calendar: WorkingCalendar, working_days: Sequence[date]) -> Closing | None:
    """A storm in the second half of the time, announced some working days before; None when the time is too short for one."""
    if len(working_days) < _FEWEST_DAYS:
        return None
    index = chance.randrange(len(working_days) // 2, max(len(working_days) // 2 + 1, len(working_days) - _DAYS_AHEAD - 2))
    start, _ = calendar.sessions_on(working_days[index])[0]
    announced_at = start + timedelta(seconds=chance.randint(1800, 12000))
    on = working_days[min(index + _DAYS_AHEAD, len(working_days) - 2)]
    return Closing(announced_at, CalendarDay(on, "off", "Tạm nghỉ phòng, tránh bão", _DOCUMENT, False))


def close_for_a_day(stage: Stage, closing: Closing) -> int:
    """Publish the calendar with that day off and move the open deadlines by it; returns how many moved."""
    engine, leaders = stage.engine, stage.roster.permitted(stage.agency_id, "calendar.publish", stage.today)
    publisher = next(iter(leaders), None) or next(one for one in stage.roster.workers if one.may("calendar.publish"))
    with stage.writing() as connection:
        actor = stage.actor(connection, publisher)
        version_id, calendar = engine.calendars.current(connection, stage.agency_id)
        facts = calendar_facts(connection, version_id)
        version_id = publish_calendar(
            connection,
            actor=actor,
            clock=stage.clock,
            ids=engine.ids,
            code=facts.code,
            name=facts.name,
            source=_DOCUMENT,
            days=[*(day for day in facts.days if day.on != closing.day.on), closing.day],
            first_on=calendar.first_on,
            last_on=calendar.last_on,
            sessions=facts.sessions,
            minutes_per_working_day=facts.minutes_per_working_day,
            zone=ZoneInfo(facts.timezone),
        )
        moves = move_deadlines(
            connection, engine, agency_id=stage.agency_id, calendar_version_id=version_id, actor=actor, reference=_DOCUMENT
        )
        stage.calendar = engine.calendars.by_id(connection, version_id)
    return len(moves)
