"""Reads of the engine's rows: worklists, slips, what is waiting. Nouns; they change nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from engine.tables import clock_entries, definitions, heartbeats, instances, marks, steps, timers

OPEN = ("open", "claimed")


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A step as it stands in a worklist, with what must be known of its subject."""

    step_id: int
    instance_id: int
    agency_id: int  # whose step it is
    owner_agency_id: int  # whose dossier it is
    step_code: str
    step_name: str
    step_pass: int
    step_status: str
    role: str
    unit_id: int | None
    handler_id: int | None
    offered_to_id: int | None
    status_on_completion: int | None
    stops_clock: bool
    opened_at: datetime
    due_at: datetime | None
    remaining_minutes: int | None
    reply_due_at: datetime | None
    breached_at: datetime | None
    calendar_version_id: int
    clock: str
    is_suspended: bool
    stopped_at: datetime | None
    subject_kind: str
    subject_id: int
    subject_code: str
    subject_title: str
    subject_party: str
    subject_due_at: datetime | None
    subject_reply_due_at: datetime | None
    definition_id: int
    element_id: str


_WORK_COLUMNS = (
    steps.c.id.label("step_id"),
    steps.c.instance_id,
    steps.c.agency_id,
    instances.c.agency_id.label("owner_agency_id"),
    steps.c.code.label("step_code"),
    steps.c.name.label("step_name"),
    steps.c["pass"].label("step_pass"),
    steps.c.status.label("step_status"),
    steps.c.role,
    steps.c.unit_id,
    steps.c.handler_id,
    steps.c.offered_to_id,
    steps.c.status_on_completion,
    steps.c.stops_clock,
    steps.c.opened_at,
    steps.c.due_at,
    steps.c.remaining_minutes,
    steps.c.reply_due_at,
    steps.c.breached_at,
    steps.c.calendar_version_id,
    instances.c.clock,
    instances.c.is_suspended,
    instances.c.stopped_at,
    instances.c.subject_kind,
    instances.c.subject_id,
    instances.c.subject_code,
    instances.c.subject_title,
    instances.c.subject_party,
    instances.c.due_at.label("subject_due_at"),
    instances.c.reply_due_at.label("subject_reply_due_at"),
    instances.c.definition_id,
    steps.c.element_id,
)

# Groups of a worklist, in the order in which they are worked on.
OVERDUE, TODAY, THIS_WEEK, WAITING, LATER = "overdue", "today", "week", "waiting", "later"


def work_group(end_of_today: datetime, end_of_week: datetime, now: datetime) -> ColumnElement[str]:
    """Which group of the worklist a step belongs to; the moments are the ends of the local day and week."""
    is_waiting = or_(instances.c.is_suspended, steps.c.stops_clock, and_(instances.c.clock == "stopped", steps.c.due_at.is_(None)))
    return case(
        (and_(steps.c.due_at < now, steps.c.due_at.is_not(None)), OVERDUE),
        (is_waiting, WAITING),
        (steps.c.due_at <= end_of_today, TODAY),
        (steps.c.due_at <= end_of_week, THIS_WEEK),
        else_=LATER,
    )


def worklist(
    connection: Connection,
    who: ColumnElement[bool],
    group: ColumnElement[str],
    *,
    only: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[tuple[str, WorkItem]]:
    """Open steps, each with its group, those due next first; one statement."""
    query = _work(who).add_columns(group.label("work_group"))
    if only is not None:
        query = query.where(group == only)
    query = query.order_by(steps.c.due_at.is_(None), steps.c.due_at, steps.c.id).limit(limit).offset(offset)
    return [(row[-1], WorkItem(*row[:-1])) for row in connection.execute(query)]


def worklist_heads(
    connection: Connection, who: ColumnElement[bool], group: ColumnElement[str], *, most: int = 15
) -> list[tuple[str, WorkItem]]:
    """The beginning of every group, at most so many steps of each, those due next first; one statement."""
    order = (steps.c.due_at.is_(None), steps.c.due_at, steps.c.id)
    place = func.row_number().over(partition_by=group, order_by=order).label("place")
    work = _work(who).add_columns(group.label("work_group"), place).subquery()
    columns = [work.c[column.key] for column in _WORK_COLUMNS]
    query = select(*columns, work.c.work_group).where(work.c.place <= most).order_by(work.c.due_at.is_(None), work.c.due_at, work.c.step_id)
    return [(row[-1], WorkItem(*row[:-1])) for row in connection.execute(query)]


def count_work(connection: Connection, who: ColumnElement[bool], group: ColumnElement[str]) -> Mapping[str, int]:
    """How many open steps there are in each group."""
    query = (
        select(group.label("work_group"), func.count())
        .select_from(steps.join(instances, instances.c.id == steps.c.instance_id))
        .where(steps.c.status.in_(OPEN), who)
        .group_by(group)
    )
    return {name: int(count) for name, count in connection.execute(query)}


def work_item(connection: Connection, step_id: int) -> WorkItem | None:
    """One step with what must be known of its subject, open or not; None when there is none."""
    query = select(*_WORK_COLUMNS).join(instances, instances.c.id == steps.c.instance_id).where(steps.c.id == step_id)
    row = connection.execute(query).mappings().first()
    return WorkItem(**row) if row is not None else None


def _work(who: ColumnElement[bool]) -> Select[Any]:
    return select(*_WORK_COLUMNS).join(instances, instances.c.id == steps.c.instance_id).where(steps.c.status.in_(OPEN), who)


def steps_of(connection: Connection, instance_ids: Iterable[int]) -> list[Mapping[str, Any]]:
    """All steps of these instances, oldest first."""
    query = select(steps).where(steps.c.instance_id.in_(list(instance_ids))).order_by(steps.c.instance_id, steps.c.opened_at, steps.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def ledger_of(connection: Connection, instance_ids: Iterable[int]) -> list[Mapping[str, Any]]:
    """The legal clock's ledger of these instances."""
    query = (
        select(clock_entries)
        .where(clock_entries.c.instance_id.in_(list(instance_ids)))
        .order_by(clock_entries.c.instance_id, clock_entries.c.seq)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def timers_of(connection: Connection, instance_ids: Iterable[int]) -> list[Mapping[str, Any]]:
    """All timers of these instances."""
    query = select(timers).where(timers.c.instance_id.in_(list(instance_ids))).order_by(timers.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def definition_of(connection: Connection, definition_id: int) -> Mapping[str, Any]:
    """Which version of which model this is: key, version, name, published_at."""
    columns = (definitions.c.key, definitions.c.version, definitions.c.name, definitions.c.published_at)
    return dict(connection.execute(select(*columns).where(definitions.c.id == definition_id)).mappings().one())


def last_sweep(connection: Connection) -> Mapping[str, Any] | None:
    """The heartbeat of the last sweep; None when none has run."""
    row = connection.execute(select(heartbeats).where(heartbeats.c.name == "sweep")).mappings().first()
    return dict(row) if row is not None else None


def parked_instances(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Instances on which a sweep failed and which are tried again."""
    columns = (
        instances.c.id,
        instances.c.agency_id,
        instances.c.subject_code,
        instances.c.parked_at,
        instances.c.parked_error,
        instances.c.attempts,
        instances.c.retry_at,
    )
    return [
        dict(row)
        for row in connection.execute(select(*columns).where(instances.c.parked_at.is_not(None)).order_by(instances.c.parked_at)).mappings()
    ]


def is_simulated(connection: Connection) -> bool:
    """Whether this database is marked as simulated: its figures are live figures there, and every page says so."""
    return connection.execute(select(marks.c.value).where(marks.c.name == "simulated")).first() is not None
