"""Reads of nonconformities."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from engine.actor import Actor
from engine.errors import NotFoundError
from processes.organisation.models import Agency
from processes.organisation.rights import visible_nonconformities
from processes.organisation.rules import OFFICE_ZONE
from processes.quality.models import nonconformities

COLUMNS = ("agency", "number", "kind", "source", "occurred_at", "raised_at", "status", "cancelled_at")


def visible(actor: Actor) -> ColumnElement[bool]:
    """The nonconformities that an actor may see."""
    table = nonconformities.c
    return visible_nonconformities(actor, agency_id=table.agency_id, handler_id=table.handler_id, instance_id=table.instance_id)


def nonconformity(connection: Connection, actor: Actor, number: str) -> Mapping[str, Any]:
    """One nonconformity of the actor's agency, or of a dossier that the actor sees.

    Raises: NotFoundError (nonconformity_not_found).
    """
    query = select(nonconformities).where(nonconformities.c.number == number, visible(actor))
    own_first = query.order_by((nonconformities.c.agency_id == actor.agency_id).desc()).limit(1)
    row = connection.execute(own_first).mappings().first()
    if row is None:
        raise NotFoundError("There is no such nonconformity.", code="nonconformity_not_found", numbers=[number])
    return dict(row)


def nonconformity_page(
    connection: Connection,
    actor: Actor,
    *,
    statuses: Sequence[str] = (),
    kind: str | None = None,
    step_code: str | None = None,
    text: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Mapping[str, Any]], int]:
    """A page of the register of nonconformities, newest first, and how many there are in all; two statements."""
    where: list[ColumnElement[bool]] = [visible(actor)]
    if statuses:
        where.append(nonconformities.c.status.in_(list(statuses)))
    if kind:
        where.append(nonconformities.c.kind == kind)
    if step_code:
        where.append(nonconformities.c.step_code == step_code)
    if text.strip():
        pattern = f"%{text.strip().upper()}%"
        where.append(or_(nonconformities.c.number.like(pattern), nonconformities.c.subject_code.like(pattern)))
    total = connection.execute(select(func.count()).select_from(nonconformities).where(*where)).scalar_one()
    query = (
        select(nonconformities)
        .where(*where)
        .order_by(nonconformities.c.raised_at.desc(), nonconformities.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [dict(row) for row in connection.execute(query).mappings()], int(total)


def of_instance(connection: Connection, actor: Actor, instance_id: int) -> list[Mapping[str, Any]]:
    """The nonconformities of one dossier, oldest first."""
    query = (
        select(nonconformities)
        .where(nonconformities.c.instance_id == instance_id, visible(actor))
        .order_by(nonconformities.c.occurred_at, nonconformities.c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def export_rows(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Every nonconformity for `eiso export`, moments as text in the office's zone."""
    table = nonconformities.c
    query = (
        select(Agency.code, table.number, table.kind, table.source, table.occurred_at, table.raised_at, table.status, table.cancelled_at)
        .join(Agency, Agency.id == table.agency_id)
        .order_by(Agency.code, table.number)
    )
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield tuple(value.astimezone(OFFICE_ZONE).isoformat(timespec="seconds") if isinstance(value, datetime) else value for value in row)
