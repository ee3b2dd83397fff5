"""What the desk asks about dossiers: facts beside a worklist, how much work there is, filings that wait, earlier applicants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, true

from engine.actor import Actor
from engine.queries import OPEN
from engine.tables import instances, steps
from processes.catalogue.models import Procedure, ProcedureVersion
from processes.dossiers import rules
from processes.dossiers.models import dossiers, parties
from processes.dossiers.queries import visible_dossiers
from processes.organisation.models import Person
from processes.organisation.rights import workable_steps

MINE, NOBODYS, ANOTHERS = "mine", "nobodys", "anothers"


@dataclass(frozen=True, slots=True)
class WorkCount:
    """How many open steps of a group, a field and a holder there are."""

    group: str
    field: str | None
    holder: str  # mine | nobodys | anothers
    count: int


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """What a line of the worklist shows of the dossier behind a step."""

    procedure_code: str
    phone: str
    channel: str
    accepted_at: datetime | None
    holder_name: str | None


@dataclass(frozen=True, slots=True)
class Filing:
    """An online filing that waits for its answer (status 1)."""

    code: str
    procedure_code: str
    procedure_name: str
    owner_name: str
    owner_phone: str
    filed_at: datetime
    answer_due_at: datetime | None
    total: int  # how many there are in all


@dataclass(frozen=True, slots=True)
class EarlierParty:
    """Somebody as they stood in an earlier dossier of the agency."""

    dossier_code: str
    filed_at: datetime
    name: str
    phone: str
    email: str
    address: str


def work_of(actor: Actor, scope: str, field: str | None = None) -> ColumnElement[bool]:
    """The work of an actor, over steps joined with their instances.

    scope: "mine" is what the actor holds or could take, "unclaimed" what nobody holds, "team" what colleagues hold as well.
    """
    nobodys = steps.c.handler_id.is_(None)
    by_scope = {"mine": or_(nobodys, steps.c.handler_id == actor.person_id), "unclaimed": nobodys, "team": true()}
    work = and_(workable_steps(actor), by_scope[scope])
    return and_(work, in_field(field)) if field else work


def in_field(field: str) -> ColumnElement[bool]:
    """The steps of dossiers of a field; stands where steps and their instances are joined."""
    of_field = (
        select(dossiers.c.id)
        .join(ProcedureVersion, ProcedureVersion.id == dossiers.c.procedure_version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(dossiers.c.instance_id == instances.c.id, Procedure.field == field)
    )
    return exists(of_field.correlate(instances))


def count_work(connection: Connection, who: ColumnElement[bool], group: ColumnElement[str], person_id: int | None) -> list[WorkCount]:
    """How much open work there is, by group, field and who holds it; one statement."""
    holder = case((steps.c.handler_id.is_(None), NOBODYS), (steps.c.handler_id == person_id, MINE), else_=ANOTHERS)
    rows = (
        select(group.label("work_group"), Procedure.field, holder.label("holder"), func.count())
        .select_from(steps)
        .join(instances, instances.c.id == steps.c.instance_id)
        .outerjoin(dossiers, dossiers.c.instance_id == instances.c.id)
        .outerjoin(ProcedureVersion, ProcedureVersion.id == dossiers.c.procedure_version_id)
        .outerjoin(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(steps.c.status.in_(OPEN), who)
        .group_by(group, Procedure.field, holder)
    )
    return [WorkCount(*row) for row in connection.execute(rows)]


def work_facts(connection: Connection, step_ids: Sequence[int]) -> Mapping[int, WorkFacts]:
    """The dossiers behind these steps, by step; one statement. A step of another kind of process has none."""
    if not step_ids:
        return {}
    owner = parties.alias("owner")
    query = (
        select(steps.c.id, dossiers.c.procedure_code, owner.c.phone, dossiers.c.channel, dossiers.c.accepted_at, Person.full_name)
        .join(dossiers, dossiers.c.instance_id == steps.c.instance_id)
        .join(owner, and_(owner.c.dossier_id == dossiers.c.id, owner.c.part == "owner"))
        .outerjoin(Person, Person.id == steps.c.handler_id)
        .where(steps.c.id.in_(list(step_ids)))
    )
    return {row[0]: WorkFacts(*row[1:]) for row in connection.execute(query)}


def waiting_filings(connection: Connection, actor: Actor, *, limit: int = 20) -> list[Filing]:
    """Online filings that nobody has answered yet, those whose answer is due next first; one statement."""
    owner = parties.alias("owner")
    query = (
        select(
            dossiers.c.code,
            dossiers.c.procedure_code,
            Procedure.name,
            owner.c.name,
            owner.c.phone,
            dossiers.c.filed_at,
            dossiers.c.answer_due_at,
            func.count().over(),
        )
        .join(owner, and_(owner.c.dossier_id == dossiers.c.id, owner.c.part == "owner"))
        .join(ProcedureVersion, ProcedureVersion.id == dossiers.c.procedure_version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(dossiers.c.agency_id == actor.agency_id, dossiers.c.status == rules.FILED, visible_dossiers(actor))
        .order_by(dossiers.c.answer_due_at, dossiers.c.id)
        .limit(limit)
    )
    return [Filing(*row) for row in connection.execute(query)]


def earlier_party(connection: Connection, actor: Actor, id_number: str) -> EarlierParty | None:
    """The holder of an ID number as they stood in the latest dossier of the actor's agency; None when they were never here."""
    query = (
        select(dossiers.c.code, dossiers.c.filed_at, parties.c.name, parties.c.phone, parties.c.email, parties.c.address)
        .join(dossiers, dossiers.c.id == parties.c.dossier_id)
        .where(parties.c.agency_id == actor.agency_id, parties.c.id_number == id_number, visible_dossiers(actor))
        .order_by(dossiers.c.filed_at.desc(), dossiers.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return EarlierParty(*row) if row is not None else None
