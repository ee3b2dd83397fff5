"""Working calendars as published: immutable versions, read back into engine.worktime.WorkingCalendar."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, insert, select

from engine.actor import Actor
from engine.clock import Clock
from engine.errors import InvalidError, NotFoundError
from engine.ids import Ids
from engine.tables import calendar_days, calendar_versions
from engine.trace.records import Record
from engine.trace.writing import append_loose
from engine.worktime import CalendarDay, Session, WorkingCalendar, default_calendar, default_days
from processes.organisation.events import CalendarPublished, Tell, tell_nobody
from processes.organisation.models import Agency
from processes.organisation.rights import require
from processes.organisation.rules import OFFICE_ZONE, blank_problem, check

Week = Mapping[int, Iterable[Session]]  # by weekday, 0 = Monday

DEFAULT_CODE = "vn"
DEFAULT_WEEK: Week = dict.fromkeys(range(5), (Session(time(7, 30), time(11, 30)), Session(time(13), time(17))))


def publish_calendar(
    connection: Connection,
    *,
    actor: Actor,
    clock: Clock,
    ids: Ids,
    code: str,
    name: str,
    source: str,
    days: Iterable[CalendarDay],
    first_on: date,
    last_on: date,
    sessions: Week = DEFAULT_WEEK,
    minutes_per_working_day: int = 480,
    zone: ZoneInfo = OFFICE_ZONE,
    tell: Tell = tell_nobody,
) -> int:
    """Publish the next version of a calendar with the document behind it; returns its id.

    Open deadlines stay as they are: moving them is an operation of its own. A calendar belongs to no single agency, so its entry
    in the trace is a loose one.

    Raises: InvalidError (calendar_inconsistent, days_unsourced); NotPermittedError.
    """
    require(actor, "calendar.publish")
    check(name=blank_problem(name), source=blank_problem(source))
    days = sorted(days, key=lambda day: day.on)
    _require_sources(days)
    week = {weekday: tuple(parts) for weekday, parts in sessions.items()}
    before = _latest(connection, code)
    version = before.version + 1 if before is not None else 1
    WorkingCalendar.build(  # refuses what contradicts itself
        code=code,
        version=version,
        zone=zone,
        sessions=week,
        days=days,
        first_on=first_on,
        last_on=last_on,
        minutes_per_working_day=minutes_per_working_day,
    )
    version_id = ids.next()
    row: dict[str, Any] = {
        "id": version_id,
        "code": code,
        "version": version,
        "name": name.strip(),
        "source": source.strip(),
        "timezone": zone.key,
        "sessions": _week_as_json(week),
        "minutes_per_working_day": minutes_per_working_day,
        "first_on": first_on,
        "last_on": last_on,
    }
    connection.execute(insert(calendar_versions).values(**row, published_at=clock.now(), published_by=actor.label))
    rows = [_row(day) for day in days]
    if rows:
        connection.execute(insert(calendar_days), [{**one, "calendar_version_id": version_id} for one in rows])
    before_days = _days_of(connection, before.id) if before is not None else []
    traced = {**row, "first_on": first_on.isoformat(), "last_on": last_on.isoformat(), **_difference(before_days, rows)}
    append_loose(
        connection,
        Record("organisation.calendar.published", traced, subject_code=code, agency_id=actor.agency_id),
        actor,
        clock.now(),
        clock.recorded_now(),
        ids,
    )
    tell(connection, [CalendarPublished(version_id, code, version, actor, clock.now())])
    return version_id


def seed_default_calendar(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids) -> int:
    """Publish the packaged calendar of Vietnamese offices unless there is one; returns the id of the latest version."""
    known = _latest(connection, DEFAULT_CODE)
    if known is not None:
        return int(known.id)
    packaged = default_calendar()
    return publish_calendar(
        connection,
        actor=actor,
        clock=clock,
        ids=ids,
        code=DEFAULT_CODE,
        name="Lịch làm việc của cơ quan hành chính Việt Nam",
        source="Bộ luật Lao động 2019 Điều 112 và thông báo nghỉ lễ, Tết hằng năm; văn bản của từng ngày ghi ở dòng của ngày đó",
        days=default_days(),
        first_on=packaged.first_on,
        last_on=packaged.last_on,
    )


def load_calendar(connection: Connection, code: str) -> WorkingCalendar:
    """The latest version of a calendar.

    Raises: NotFoundError (calendar_not_found).
    """
    latest = _latest(connection, code)
    if latest is None:
        raise _missing(code)
    return _read(connection, latest.id)


# made once: every acceptance asks it
_CURRENT = (
    select(calendar_versions.c.id)
    .join(Agency, Agency.calendar_code == calendar_versions.c.code)
    .where(Agency.id == bindparam("agency_id"))
    .order_by(calendar_versions.c.version.desc())
    .limit(1)
)


class PublishedCalendars:
    """Answers engine.performers.Calendars; keeps the versions read last, which never change."""

    def __init__(self, keep: int = 64) -> None:
        self._keep = keep
        self._kept: OrderedDict[int, WorkingCalendar] = OrderedDict()
        self._lock = threading.Lock()

    def by_id(self, connection: Connection, version_id: int) -> WorkingCalendar:
        """A version by its id.

        Raises: NotFoundError (calendar_not_found).
        """
        with self._lock:
            if version_id in self._kept:
                self._kept.move_to_end(version_id)
                return self._kept[version_id]
        calendar = _read(connection, version_id)
        with self._lock:
            self._kept[version_id] = calendar
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        return calendar

    def current(self, connection: Connection, agency_id: int) -> tuple[int, WorkingCalendar]:
        """The version by which a new deadline of this agency is counted today: the latest of its calendar.

        Raises: NotFoundError (calendar_not_found).
        """
        version_id = connection.scalar(_CURRENT, {"agency_id": agency_id})
        if version_id is None:
            raise _missing(connection.scalar(select(Agency.calendar_code).where(Agency.id == agency_id)), agency_id=agency_id)
        return version_id, self.by_id(connection, version_id)


def _latest(connection: Connection, code: str) -> Any:
    columns = calendar_versions.c
    return connection.execute(
        select(columns.id, columns.version).where(columns.code == code).order_by(columns.version.desc()).limit(1)
    ).first()


def _read(connection: Connection, version_id: int) -> WorkingCalendar:
    row = connection.execute(select(calendar_versions).where(calendar_versions.c.id == version_id)).first()
    if row is None:
        raise _missing(None, calendar_version_id=version_id)
    return WorkingCalendar.build(
        code=row.code,
        version=row.version,
        zone=ZoneInfo(row.timezone),
        sessions={
            int(weekday): [Session(time.fromisoformat(a), time.fromisoformat(b), counts) for a, b, counts in parts]
            for weekday, parts in row.sessions.items()
        },
        minutes_per_working_day=row.minutes_per_working_day,
        days=[CalendarDay(**day) for day in _days_of(connection, version_id)],
        first_on=row.first_on,
        last_on=row.last_on,
    )


def _days_of(connection: Connection, version_id: int) -> list[dict[str, Any]]:
    columns = calendar_days.c
    query = select(columns.on, columns.kind, columns.name, columns.source, columns.provisional)
    rows = connection.execute(query.where(columns.calendar_version_id == version_id).order_by(columns.on))
    return [_row(CalendarDay(*row)) for row in rows]


def _row(day: CalendarDay) -> dict[str, Any]:
    return {"on": day.on, "kind": day.kind, "name": day.name, "source": day.source, "provisional": day.provisional}


def _difference(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[str, Any]:
    """The days that this version adds and drops against the one before; a changed day is in both."""

    def texts(rows: list[dict[str, Any]], without: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "on": row["on"].isoformat()} for row in rows if row not in without]

    return {"days_added": texts(after, before), "days_dropped": texts(before, after)}


def _week_as_json(week: Mapping[int, tuple[Session, ...]]) -> dict[str, list[list[Any]]]:
    return {
        str(weekday): [[part.start.isoformat("minutes"), part.end.isoformat("minutes"), part.counts] for part in parts]
        for weekday, parts in sorted(week.items())
    }


def _require_sources(days: Iterable[CalendarDay]) -> None:
    bare = {f"days.{day.on}": "Name the document behind this day." for day in days if not day.source.strip()}
    if bare:
        raise InvalidError("Every day off and make-up day has its source.", code="days_unsourced", errors=bare)


def _missing(code: str | None, **facts: Any) -> NotFoundError:
    return NotFoundError("There is no such working calendar.", code="calendar_not_found", calendar=code, **facts)
