"""How long steps took in working time, measured by the database: the calendar goes along as a table of days.

The working minutes up to a moment are those before its day plus the parts of that day's sessions before it; a step took the
difference between the end and the beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnClause, ColumnElement, Connection, Integer, String, and_, case, column, exists, func, or_, select, values

from engine.tables import clock_entries, instances, steps
from engine.worktime import WorkingCalendar
from processes.dossiers.models import dossiers
from processes.reporting.localtime import local_day_text, local_minute
from processes.reporting.queries import Scope

LONGEST_DAYS = 200  # a step that took longer than this is not measured


@dataclass(frozen=True, slots=True)
class StepTimes:
    """A step of a procedure over the passes completed in a period.

    Unit: minutes are working minutes; p90_permille is the ninth decile of time used by limit.
    """

    procedure_code: str
    procedure_name: str
    code: str
    name: str
    limit_text: str
    passes: int
    late: int
    median_minutes: int
    p90_minutes: int
    p90_permille: int


def slowest_steps(connection: Connection, scope: Scope, calendar: WorkingCalendar, *, limit: int = 8) -> list[StepTimes]:
    """The steps that use most of their limit, by the ninth decile; one statement.

    Measured are passes whose limit counts working time and in which the clock never stopped.
    """
    days = _days(calendar, scope.period.since - timedelta(days=LONGEST_DAYS), scope.period.until)
    opened, done = days.alias("opened"), days.alias("done")
    minutes = (_worked(done, steps.c.done_at) - _worked(opened, steps.c.opened_at)).label("minutes")
    measured = (
        select(
            dossiers.c.procedure_code,
            instances.c.subject_title,
            steps.c.code,
            steps.c.name,
            steps.c.limit_text,
            steps.c.limit_minutes,
            steps.c.breached_at,
            minutes,
        )
        .select_from(
            steps.join(instances, instances.c.id == steps.c.instance_id)
            .join(dossiers, dossiers.c.instance_id == instances.c.id)
            .join(opened, opened.c.day == local_day_text(steps.c.opened_at))
            .join(done, done.c.day == local_day_text(steps.c.done_at))
        )
        .where(*scope.where(), *_measurable(scope))
        .subquery("measured")
    )
    permille = (measured.c.minutes * 1000 // measured.c.limit_minutes).label("permille")
    group = (measured.c.procedure_code, measured.c.code)
    ranked = select(
        measured,
        permille,
        func.row_number().over(partition_by=group, order_by=(permille, measured.c.minutes)).label("rank"),
        func.count().over(partition_by=group).label("passes"),
    ).subquery("ranked")
    median_rank, p90_rank = (ranked.c.passes + 1) // 2, (ranked.c.passes * 9 + 9) // 10
    p90 = func.max(case((ranked.c.rank == p90_rank, ranked.c.permille)))
    query = (
        select(
            ranked.c.procedure_code,
            func.max(ranked.c.subject_title).label("procedure_name"),
            ranked.c.code,
            func.max(ranked.c.name).label("name"),
            func.max(ranked.c.limit_text).label("limit_text"),
            func.max(ranked.c.passes).label("passes"),
            func.count(ranked.c.breached_at).label("late"),
            func.max(case((ranked.c.rank == median_rank, ranked.c.minutes))).label("median_minutes"),
            func.max(case((ranked.c.rank == p90_rank, ranked.c.minutes))).label("p90_minutes"),
            p90.label("p90_permille"),
        )
        .group_by(ranked.c.procedure_code, ranked.c.code)
        .order_by(p90.desc(), ranked.c.procedure_code, ranked.c.code)
        .limit(limit)
    )
    return [StepTimes(**{name: _whole(value) for name, value in row.items()}) for row in connection.execute(query).mappings()]


def _measurable(scope: Scope) -> list[ColumnElement[bool]]:
    entry = clock_entries.alias()
    stopped = exists(
        select(entry.c.id)
        .where(
            entry.c.instance_id == steps.c.instance_id,
            or_(
                and_(entry.c.kind == "stop", entry.c.at >= steps.c.opened_at, entry.c.at < steps.c.done_at),
                and_(entry.c.kind == "resume", entry.c.at > steps.c.opened_at, entry.c.at <= steps.c.done_at),
            ),
        )
        .correlate(steps)
    )
    return [
        steps.c.status == "completed",
        steps.c.done_at >= scope.period.starts_at,
        steps.c.done_at < scope.period.ends_at,
        steps.c.agency_id == scope.actor.agency_id,
        steps.c.limit_minutes > 0,
        steps.c.stops_clock.is_(False),
        ~stopped,
    ]


def _days(calendar: WorkingCalendar, first: date, last: date) -> CTE:
    """The calendar's days as a table: date, working minutes before it, and for each session where it begins and ends."""
    first, last = max(first, calendar.first_on), min(last, calendar.last_on)
    rows = list(_laid_out(calendar, first, last))
    width = max((len(row[2]) for row in rows), default=0)
    names = [name for n in range(width) for name in (f"from_{n}", f"until_{n}")]
    columns: list[ColumnClause[Any]] = [column("day", String), column("before", Integer), *(column(name, Integer) for name in names)]
    data = [(day, before, *_padded(sessions, width)) for day, before, sessions in rows]
    return values(*columns, name="calendar_days_laid_out", literal_binds=True).data(data).cte("laid_out")


def _laid_out(calendar: WorkingCalendar, first: date, last: date) -> Iterator[tuple[str, int, list[tuple[int, int]]]]:
    before = 0
    for n in range((last - first).days + 1):
        on = first + timedelta(days=n)
        sessions = [(_of_day(calendar, start), _of_day(calendar, end)) for start, end in calendar.sessions_on(on)]
        yield on.isoformat(), before, sessions
        before += sum(until - from_ for from_, until in sessions)


def _of_day(calendar: WorkingCalendar, moment: Any) -> int:
    local = calendar.local(moment)
    return int(local.hour * 60 + local.minute)


def _padded(sessions: list[tuple[int, int]], width: int) -> list[int]:
    """Sessions of no length make up for those that a day has fewer than another."""
    return [value for session in [*sessions, *([(0, 0)] * (width - len(sessions)))] for value in session]


def _worked(days: Any, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """Working minutes from the first day of the table up to a moment on the joined day."""
    at, total = local_minute(moment), days.c.before
    for start in (one for one in days.c if one.name.startswith("from_")):
        end = days.c[start.name.replace("from_", "until_")]
        total = total + case((at <= start, 0), (at >= end, end - start), else_=at - start)
    return total  # type: ignore[no-any-return]


def _whole(value: Any) -> Any:
    """PostgreSQL gives numeric back where integers were divided."""
    return int(value) if not isinstance(value, str) else value
