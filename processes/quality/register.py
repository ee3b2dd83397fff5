"""The register of nonconformities: found, counted by state and age. Nouns; they change nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select

from engine.actor import Actor
from engine.tables import instances, trace_entries
from engine.trace.canonical import decode
from processes.organisation.models import Agency, Person, Unit
from processes.organisation.rights import require, visible_entries
from processes.quality.models import nonconformities
from processes.quality.queries import visible

AGE_DAYS = (3, 10)  # the bounds between young, older and old, in calendar days of one stage
OPEN = ("raised", "corrected")


@dataclass(frozen=True, slots=True)
class NonconformityFilter:
    """What is asked of the register."""

    statuses: tuple[str, ...] = ()
    kind: str | None = None
    unit_id: int | None = None
    step_code: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class NonconformityLine:
    """One line; is_own: of the actor's agency, not one of another agency that our dossier shows (rule 3.6)."""

    number: str
    kind: str
    status: str
    severity: str
    title: str
    subject_code: str
    procedure_name: str
    step_code: str | None
    agency_name: str
    is_own: bool
    unit_name: str | None
    handler_name: str | None
    external_provider: str | None
    origin: str
    occurred_at: datetime
    raised_at: datetime
    stage_since: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """How many are in a state, by how long they have been in it: up to AGE_DAYS[0] days, up to AGE_DAYS[1], longer."""

    status: str
    count: int
    young: int
    older: int
    old: int
    oldest_since: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What the trace says of one nonconformity."""

    kind: str
    at: datetime
    actor_id: int | None
    facts: Mapping[str, Any]


def register_page(
    connection: Connection, actor: Actor, asked: NonconformityFilter, *, limit: int = 50, offset: int = 0
) -> tuple[list[NonconformityLine], int]:
    """A page of the register, newest first, and how many lines there are in all; two statements.

    Raises: NotPermittedError.
    """
    require(actor, "quality.read")
    where = [visible(actor), *_filters(asked)]
    total = connection.execute(select(func.count()).select_from(nonconformities).where(*where)).scalar_one()
    query = _lines(actor).where(*where).order_by(nonconformities.c.raised_at.desc(), nonconformities.c.id.desc())
    return [NonconformityLine(**row) for row in connection.execute(query.limit(limit).offset(offset)).mappings()], int(total)


def stages(connection: Connection, actor: Actor, asked: NonconformityFilter, *, now: datetime) -> Mapping[str, Stage]:
    """The states with how long their nonconformities have been in them, whatever states are asked for; one statement.

    Raises: NotPermittedError.
    """
    require(actor, "quality.read")
    since, bounds = _stage_since(), [now - timedelta(days=days) for days in AGE_DAYS]
    ages = (
        func.count(case((since >= bounds[0], 1))).label("young"),
        func.count(case((since < bounds[0], case((since >= bounds[1], 1))))).label("older"),
        func.count(case((since < bounds[1], 1))).label("old"),
        func.min(since).label("oldest_since"),
    )
    columns = (nonconformities.c.status, func.count().label("count"), *ages)
    query = select(*columns).where(visible(actor), *_filters(asked, any_status=True)).group_by(nonconformities.c.status)
    return {row["status"]: Stage(**row) for row in connection.execute(query).mappings()}


def choices(connection: Connection, actor: Actor) -> tuple[list[tuple[int, str]], list[str]]:
    """The units and step codes that nonconformities name, to choose from; two statements.

    Raises: NotPermittedError.
    """
    require(actor, "quality.read")
    units = select(Unit.id, Unit.name).where(Unit.agency_id == actor.agency_id).order_by(Unit.id)
    codes = select(nonconformities.c.step_code).where(visible(actor), nonconformities.c.step_code.is_not(None)).distinct()
    return [(row.id, row.name) for row in connection.execute(units)], sorted(connection.execute(codes).scalars())


def history(connection: Connection, actor: Actor, number: str) -> Sequence[HistoryEntry]:
    """What the trace says of one nonconformity, oldest first; nothing for whoever may not read the trace."""
    query = (
        select(trace_entries.c.kind, trace_entries.c.at, trace_entries.c.actor_id, trace_entries.c.body)
        .where(visible_entries(actor), trace_entries.c.subject_code == number, trace_entries.c.chain_kind == "nonconformity")
        .order_by(trace_entries.c.chain_seq)
    )
    return [HistoryEntry(row.kind, row.at, row.actor_id, decode(bytes(row.body))["facts"]) for row in connection.execute(query)]


def _stage_since() -> ColumnElement[Any]:
    table = nonconformities.c
    return case(
        (table.status == "corrected", table.corrected_at),
        (table.status == "closed", table.closed_at),
        (table.status == "cancelled", table.cancelled_at),
        else_=table.raised_at,
    )


def _lines(actor: Actor) -> Select[Any]:
    table = nonconformities.c
    return (
        select(
            table.number,
            table.kind,
            table.status,
            table.severity,
            table.title,
            table.subject_code,
            table.procedure_name,
            table.step_code,
            Agency.name.label("agency_name"),
            (table.agency_id == actor.agency_id).label("is_own"),
            Unit.name.label("unit_name"),
            Person.full_name.label("handler_name"),
            table.external_provider,
            table.origin,
            table.occurred_at,
            table.raised_at,
            _stage_since().label("stage_since"),
        )
        .select_from(nonconformities)
        .join(Agency, Agency.id == table.agency_id)
        .outerjoin(Unit, Unit.id == table.unit_id)
        .outerjoin(Person, Person.id == table.handler_id)
    )


def _filters(asked: NonconformityFilter, *, any_status: bool = False) -> list[ColumnElement[bool]]:
    table, where = nonconformities.c, list[ColumnElement[bool]]()
    if asked.statuses and not any_status:
        where.append(table.status.in_(asked.statuses))
    if asked.kind:
        where.append(table.kind == asked.kind)
    if asked.unit_id is not None:
        where.append(table.unit_id == asked.unit_id)
    if asked.step_code:
        where.append(table.step_code == asked.step_code)
    for word in asked.text.upper().split():
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        where.append(or_(table.number.like(pattern, escape="\\"), table.subject_code.like(pattern, escape="\\")))
    return where


def subject_of(connection: Connection, instance_id: int | None) -> Mapping[str, Any] | None:
    """The instance behind a nonconformity, as its clock stands now."""
    if instance_id is None:
        return None
    columns = ("subject_kind", "subject_code", "started_at", "due_at", "breached_at", "finished_at", "ended_at", "clock", "limit_text")
    query = select(*(instances.c[name] for name in (*columns, "limit_rule", "calendar_version_id"))).where(instances.c.id == instance_id)
    row = connection.execute(query).mappings().first()
    return dict(row) if row is not None else None
