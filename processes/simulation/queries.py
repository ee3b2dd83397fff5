"""What the simulation reads. Nouns; they change nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, exists, func, select

from engine.errors import WrongStateError
from engine.tables import calendar_days, calendar_versions, instances, marks, steps, timers
from engine.worktime import CalendarDay, Session
from processes.catalogue.queries import find_procedures
from processes.dossiers.models import dossiers
from processes.organisation.models import Agency, Partner, Person, SeatGrant, Unit
from processes.organisation.rights import held_on
from processes.organisation.rules import local_day

SIMULATED = "simulated"  # the origin of its dossiers, and the name of its mark
_OPEN = ("open", "claimed")


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """A published calendar version with everything that its next version repeats."""

    code: str
    name: str
    sessions: Mapping[int, Sequence[Session]]
    minutes_per_working_day: int
    days: Sequence[CalendarDay]
    timezone: str


def require_no_live_dossier(connection: Connection) -> None:
    """Refuse a database that somebody works with.

    Raises: WrongStateError (database_is_live).
    """
    live = connection.execute(select(dossiers.c.code).where(dossiers.c.origin != SIMULATED).order_by(dossiers.c.code).limit(1)).scalar()
    if live is not None:
        raise WrongStateError(
            f"This database holds dossiers that were not simulated ({live}); nothing is simulated beside them.",
            code="database_is_live",
            dossier_code=live,
        )


def is_marked(connection: Connection) -> bool:
    """Whether the database is marked as simulated."""
    return connection.execute(select(marks.c.value).where(marks.c.name == SIMULATED)).first() is not None


def has_agency(connection: Connection) -> bool:
    return bool(connection.scalar(select(exists(select(Agency.id)))))


def has_procedures(connection: Connection, at: datetime) -> bool:
    """Whether any procedure is in force on that day."""
    return bool(find_procedures(connection, "", local_day(at), limit=1))


def commune_with_counter(connection: Connection) -> int | None:
    """The agency that receives citizens: the first by its code that has a counter."""
    query = select(Agency.id).join(Unit, Unit.agency_id == Agency.id).where(Unit.is_counter).order_by(Agency.code).limit(1)
    return connection.scalar(query)


def staff(connection: Connection, agency_id: int, at: datetime) -> list[Mapping[str, Any]]:
    """The people of an agency and of its partners on the system, one row for each seat held on that day."""
    partners = select(Partner.partner_agency_id).where(Partner.agency_id == agency_id, Partner.partner_agency_id.is_not(None))
    parent = select(Agency.parent_id).where(Agency.id == agency_id, Agency.parent_id.is_not(None))
    query = (
        select(Person.login, Person.id.label("person_id"), Person.agency_id, SeatGrant.unit_id, SeatGrant.role)
        .join(SeatGrant, SeatGrant.person_id == Person.id)
        .where(
            (Person.agency_id == agency_id) | Person.agency_id.in_(partners) | Person.agency_id.in_(parent),
            Person.disabled_at.is_(None),
            held_on(local_day(at)),
        )
        .order_by(Person.login, SeatGrant.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def holds_dossiers_since(connection: Connection, moment: datetime) -> bool:
    """Whether a dossier was filed at or after a moment."""
    return bool(connection.scalar(select(exists(select(dossiers.c.id).where(dossiers.c.filed_at >= moment)))))


def open_step_rows(connection: Connection, instance_id: int) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """An instance as it stands, and its open steps in the order of their codes."""
    columns = (instances.c.definition_id, instances.c.clock, instances.c.status, instances.c.due_at)
    instance = connection.execute(select(*columns).where(instances.c.id == instance_id)).mappings().one()
    query = select(steps).where(steps.c.instance_id == instance_id, steps.c.status.in_(_OPEN)).order_by(steps.c.code, steps.c["pass"])
    return dict(instance), [dict(row) for row in connection.execute(query).mappings()]


def next_due(connection: Connection) -> datetime | None:
    """The moment from which on a sweep would find something to do, unless something changes; None: never."""
    minute = timedelta(minutes=1)  # a deadline is missed when its minute has passed, a timer fires on its own
    step = select(func.min(steps.c.due_at)).where(steps.c.status.in_(_OPEN), steps.c.breached_at.is_(None), steps.c.due_at.is_not(None))
    subject = select(func.min(instances.c.due_at)).where(
        instances.c.clock == "running", instances.c.breached_at.is_(None), instances.c.due_at.is_not(None)
    )
    timer = select(func.min(timers.c.fire_at)).where(timers.c.status == "waiting", timers.c.fire_at.is_not(None))
    found = [
        moment + late for query, late in ((step, minute), (subject, minute), (timer, timedelta())) if (moment := connection.scalar(query))
    ]
    return min(found, default=None)


def calendar_facts(connection: Connection, version_id: int) -> CalendarFacts:
    """A calendar version as it was published."""
    row = connection.execute(select(calendar_versions).where(calendar_versions.c.id == version_id)).one()
    columns = calendar_days.c
    query = select(columns.on, columns.kind, columns.name, columns.source, columns.provisional)
    days = connection.execute(query.where(columns.calendar_version_id == version_id).order_by(columns.on))
    sessions = {
        int(weekday): [Session(time.fromisoformat(start), time.fromisoformat(end), counts) for start, end, counts in parts]
        for weekday, parts in row.sessions.items()
    }
    return CalendarFacts(row.code, row.name, sessions, row.minutes_per_working_day, [CalendarDay(*day) for day in days], row.timezone)


def outcomes(connection: Connection, codes: Sequence[str], agency_id: int) -> dict[str, int]:
    """What became of dossiers: how many were accepted, are in each status, finished on time, and how many steps and breaches they left."""
    wanted = set(codes)
    query = (
        select(dossiers.c.code, dossiers.c.status, dossiers.c.accepted_at, dossiers.c.finished_at, instances.c.breached_at)
        .outerjoin(instances, instances.c.id == dossiers.c.instance_id)
        .where(dossiers.c.agency_id == agency_id)
    )
    rows = [row for row in connection.execute(query) if row.code in wanted]
    step_query = (
        select(instances.c.subject_code, steps.c.breached_at)
        .join(instances, instances.c.id == steps.c.instance_id)
        .where(instances.c.agency_id == agency_id, instances.c.subject_kind == "dossier")
    )
    step_rows = [row for row in connection.execute(step_query) if row.subject_code in wanted]
    counted = {f"status_{status}": sum(row.status == status for row in rows) for status in range(1, 11)}
    return counted | {
        "accepted": sum(row.accepted_at is not None for row in rows),
        "finished": sum(row.finished_at is not None for row in rows),
        "finished_on_time": sum(row.finished_at is not None and row.breached_at is None for row in rows),
        "dossiers_overdue": sum(row.breached_at is not None for row in rows),
        "steps": len(step_rows),
        "steps_overdue": sum(row.breached_at is not None for row in step_rows),
    }
