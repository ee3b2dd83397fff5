"""Reads of dossiers. Nouns; they change nothing. Every list goes through rights.visible, as every read does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from engine.actor import Actor
from engine.errors import NotFoundError
from engine.folding import fold
from engine.tables import instances, steps
from processes.catalogue.models import Procedure, ProcedureVersion
from processes.dossiers.models import dossiers, issued_forms, parties, submitted_papers, supplement_requests
from processes.organisation.rights import may, visible_instances
from processes.organisation.rules import OFFICE_ZONE


@dataclass(frozen=True, slots=True)
class DossierView:
    """A dossier with everything its page shows, but for the slip."""

    row: Mapping[str, Any]
    instance: Mapping[str, Any] | None
    owner: Mapping[str, Any]
    filer: Mapping[str, Any] | None
    papers: Sequence[Mapping[str, Any]]
    forms: Sequence[Mapping[str, Any]]
    supplements: Sequence[Mapping[str, Any]]
    open_steps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DossierLine:
    """A dossier as it stands in a list."""

    dossier_id: int
    code: str
    running_no: int | None
    procedure_code: str
    procedure_name: str
    sets: int
    status: int
    channel: str
    owner_name: str
    owner_address: str
    owner_phone: str
    accepted_at: datetime | None
    filed_at: datetime
    promised_at: datetime | None
    due_at: datetime | None
    handed_over_at: datetime | None  # sent on to the handling body: the first step was completed
    finished_at: datetime | None  # the result came back to the counter
    returned_at: datetime | None
    closed_at: datetime | None
    result_channel: str
    result_receiver: str | None
    breached_at: datetime | None
    origin: str


def visible_dossiers(actor: Actor) -> ColumnElement[bool]:
    """The dossiers that an actor may see: the instance decides; a filing without one belongs to its agency."""
    with_instance = exists(
        select(instances.c.id).where(instances.c.id == dossiers.c.instance_id, visible_instances(actor)).correlate(dossiers)
    )
    if not may(actor, "dossier.read"):
        return with_instance
    return or_(with_instance, and_(dossiers.c.instance_id.is_(None), dossiers.c.agency_id == actor.agency_id))


def dossier_view(connection: Connection, actor: Actor, code: str) -> DossierView:
    """One dossier.

    Raises: NotFoundError (dossier_not_found), also for one that the actor may not see.
    """
    row = connection.execute(select(dossiers).where(dossiers.c.code == code, visible_dossiers(actor))).mappings().first()
    if row is None:
        raise NotFoundError("There is no such dossier.", code="dossier_not_found", dossier_code=code)
    instance = None
    if row["instance_id"] is not None:
        instance = connection.execute(select(instances).where(instances.c.id == row["instance_id"])).mappings().one()
    people = {one["part"]: dict(one) for one in connection.execute(select(parties).where(parties.c.dossier_id == row["id"])).mappings()}
    return DossierView(
        row=dict(row),
        instance=dict(instance) if instance is not None else None,
        owner=people["owner"],
        filer=people.get("filer"),
        papers=_of(connection, submitted_papers, row["id"], submitted_papers.c.id),
        forms=_of(connection, issued_forms, row["id"], issued_forms.c.id),
        supplements=_of(connection, supplement_requests, row["id"], supplement_requests.c.ordinal),
        open_steps=_open_steps(connection, row["instance_id"]),
    )


def find_dossiers(connection: Connection, actor: Actor, text: str, *, limit: int = 20) -> list[DossierLine]:
    """Dossiers by code, name with or without accents, phone or ID number, newest first.

    The parts of a code match from the left of its running part; names match by every word.
    """
    words = fold(text).split()
    if not words:
        return []
    digits = "".join(letter for letter in text if letter.isdigit())
    code = text.strip().upper()
    by_name = and_(*(parties.c.name_folded.like(f"%{_escaped(word)}%", escape="\\") for word in words))
    ways: list[ColumnElement[bool]] = [by_name]
    if len(digits) >= 9:
        ways += [parties.c.phone == digits, parties.c.id_number == digits]
    of_party = exists(select(parties.c.id).where(parties.c.dossier_id == dossiers.c.id, or_(*ways)).correlate(dossiers))
    by_code = dossiers.c.code.like(f"%{_escaped(code)}%", escape="\\")
    query = _lines().where(visible_dossiers(actor), or_(by_code, of_party)).order_by(dossiers.c.filed_at.desc(), dossiers.c.id.desc())
    return [DossierLine(**row) for row in connection.execute(query.limit(limit)).mappings()]


def dossier_page(
    connection: Connection,
    actor: Actor,
    *,
    since: date | None = None,
    until: date | None = None,
    statuses: Sequence[int] = (),
    procedure_code: str | None = None,
    text: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[DossierLine], int]:
    """A page of the dossiers that an actor may see, newest first, and how many there are in all; two statements.

    since, until: local dates of acceptance (filing where there is none), both included.
    """
    where = [visible_dossiers(actor), *_filters(since, until, statuses, procedure_code, text)]
    total = connection.execute(select(func.count()).select_from(dossiers).where(*where)).scalar_one()
    query = _lines().where(*where).order_by(dossiers.c.filed_at.desc(), dossiers.c.id.desc()).limit(limit).offset(offset)
    return [DossierLine(**row) for row in connection.execute(query).mappings()], int(total)


def _filters(
    since: date | None, until: date | None, statuses: Sequence[int], procedure_code: str | None, text: str
) -> list[ColumnElement[bool]]:
    taken_at = func.coalesce(dossiers.c.accepted_at, dossiers.c.filed_at)
    where: list[ColumnElement[bool]] = []
    if since is not None:
        where.append(taken_at >= _start_of(since))
    if until is not None:
        where.append(taken_at < _start_of(until + timedelta(days=1)))
    if statuses:
        where.append(dossiers.c.status.in_(list(statuses)))
    if procedure_code:
        where.append(dossiers.c.procedure_code == procedure_code)
    for word in fold(text).split():
        pattern = f"%{_escaped(word)}%"
        named = exists(
            select(parties.c.id)
            .where(parties.c.dossier_id == dossiers.c.id, parties.c.name_folded.like(pattern, escape="\\"))
            .correlate(dossiers)
        )
        where.append(or_(named, func.lower(dossiers.c.code).like(pattern, escape="\\")))
    return where


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), OFFICE_ZONE)


def _lines() -> Select[Any]:
    first_done = select(func.min(steps.c.done_at)).where(steps.c.instance_id == dossiers.c.instance_id, steps.c.status == "completed")
    owner = parties.alias("owner")
    return (
        select(
            dossiers.c.id.label("dossier_id"),
            dossiers.c.code,
            dossiers.c.running_no,
            dossiers.c.procedure_code,
            Procedure.name.label("procedure_name"),
            dossiers.c.sets,
            dossiers.c.status,
            dossiers.c.channel,
            owner.c.name.label("owner_name"),
            owner.c.address.label("owner_address"),
            owner.c.phone.label("owner_phone"),
            dossiers.c.accepted_at,
            dossiers.c.filed_at,
            dossiers.c.promised_at,
            instances.c.due_at,
            first_done.correlate(dossiers).scalar_subquery().label("handed_over_at"),
            dossiers.c.finished_at,
            dossiers.c.returned_at,
            dossiers.c.closed_at,
            dossiers.c.result_channel,
            dossiers.c.result_receiver,
            instances.c.breached_at,
            dossiers.c.origin,
        )
        .select_from(dossiers)
        .join(owner, and_(owner.c.dossier_id == dossiers.c.id, owner.c.part == "owner"))
        .join(ProcedureVersion, ProcedureVersion.id == dossiers.c.procedure_version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .outerjoin(instances, instances.c.id == dossiers.c.instance_id)
    )


def _of(connection: Connection, table: Any, dossier_id: int, order: Any) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(select(table).where(table.c.dossier_id == dossier_id).order_by(order)).mappings()]


def _open_steps(connection: Connection, instance_id: int | None) -> list[Mapping[str, Any]]:
    if instance_id is None:
        return []
    query = select(steps).where(steps.c.instance_id == instance_id, steps.c.status.in_(("open", "claimed"))).order_by(steps.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
