"""Who may do what, and who may see what: permission not given is refused.

Roles give permissions, seats give roles. Three choices stand behind the clauses below:

* An agency is small (a commune has some thirty officers who stand in for each other), so whoever may read dossiers reads all
  those of the own agency; units scope the work (a seat in another unit does not claim a step), not the reading.
* Another agency sees a dossier as soon as one of its steps is that agency's, and never before; nobody else sees it.
* Personal values (ID number, address, phone) are shown to those who receive citizens at the counter, and to the handlers of a
  dossier; every other eye gets them masked.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, false, or_, select, true

from engine.actor import Actor, Seat
from engine.errors import NotFoundError, NotPermittedError
from engine.tables import instances, steps, trace_entries
from processes.organisation.models import Person, SeatGrant
from processes.organisation.rules import OFFICE_ZONE, local_day

PERMISSIONS = frozenset(
    {
        "dossier.accept",
        "dossier.read",
        "dossier.supplement",
        "dossier.refuse",
        "dossier.withdraw",
        "dossier.return_result",
        "step.work",
        "step.reassign",
        "register.read",
        "monitor.read",
        "quality.read",
        "quality.close",
        "quality.cancel",
        "trace.read",
        "trace.verify",
        "personal.view",
        "catalogue.read",
        "catalogue.publish",
        "calendar.publish",
        "admin.manage",
    }
)

_PARTICIPANT = frozenset({"step.work", "dossier.read", "catalogue.read"})
_OFFICER = _PARTICIPANT | {"register.read"}
_OVERSEER = frozenset({"dossier.read", "register.read", "monitor.read", "quality.read", "trace.read", "catalogue.read"})

ROLE_PERMISSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "intake_officer": _OFFICER
        | {"dossier.accept", "dossier.supplement", "dossier.refuse", "dossier.withdraw", "dossier.return_result", "personal.view"},
        "specialist": _OFFICER | {"dossier.supplement"},
        "division_head": _OFFICER | {"dossier.supplement", "dossier.refuse", "step.reassign", "monitor.read", "quality.read"},
        "leader": _OFFICER
        | _OVERSEER
        | {"dossier.refuse", "step.reassign", "quality.cancel", "trace.verify", "catalogue.publish", "calendar.publish"},
        "clerk": _OFFICER,
        "council": _PARTICIPANT,
        "iso_secretary": _OVERSEER | {"step.work", "quality.close"},
        "quality_representative": _OVERSEER | {"step.work", "quality.close", "quality.cancel", "trace.verify", "catalogue.publish"},
        "auditor": _OVERSEER | {"step.work", "trace.verify"},
        "police": _PARTICIPANT,
        "land_officer": _PARTICIPANT,
        "applicant": frozenset(),
        "administrator": frozenset({"admin.manage", "calendar.publish", "catalogue.read", "catalogue.publish", "trace.verify"}),
    }
)


class OtherAgencyError(NotPermittedError):
    """This belongs to another agency."""

    code = "other_agency"


class PersonDisabledError(NotPermittedError):
    """This person no longer works here."""

    code = "person_disabled"


# --- may -----------------------------------------------------------------------------------------------------------


def may(actor: Actor, permission: str, *, agency_id: int | None = None) -> bool:
    """Whether the actor holds the permission, in this agency when one is named."""
    if actor.is_system:
        return True
    if agency_id is not None and agency_id != actor.agency_id:
        return False
    return any(permission in ROLE_PERMISSIONS.get(role, frozenset()) for role in actor.roles)


def require(actor: Actor, permission: str, *, agency_id: int | None = None) -> None:
    """Refuse an actor without the permission, or one of another agency.

    Raises: NotPermittedError with the roles that hold it; OtherAgencyError.
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"there is no permission {permission}")
    if may(actor, permission, agency_id=agency_id):
        return
    if may(actor, permission):
        raise OtherAgencyError(permission=permission, agency_id=agency_id)
    raise NotPermittedError(permission=permission, roles=sorted(roles_with(permission)))


def roles_with(permission: str) -> frozenset[str]:
    """The roles that give a permission: whom to ask."""
    return frozenset(role for role, given in ROLE_PERMISSIONS.items() if permission in given)


def may_view_personal(actor: Actor, *, agency_id: int, handler_ids: Collection[int | None] = ()) -> bool:
    """Whether the actor sees the personal values of a dossier of this agency whose steps these persons hold or held."""
    return may(actor, "personal.view", agency_id=agency_id) or (actor.person_id is not None and actor.person_id in handler_ids)


def actor_for(connection: Connection, person_id: int, *, now: datetime, zone: ZoneInfo = OFFICE_ZONE) -> Actor:
    """The actor that a person is at this moment, with the seats that are valid on this day; one statement.

    Raises: NotFoundError (person_not_found), PersonDisabledError.
    """
    valid = and_(SeatGrant.person_id == Person.id, held_on(local_day(now, zone)))
    query = (
        select(Person.login, Person.agency_id, Person.disabled_at, SeatGrant.role, SeatGrant.unit_id)
        .outerjoin_from(Person, SeatGrant, valid)
        .where(Person.id == person_id)
    )
    rows = connection.execute(query).all()
    if not rows:
        raise NotFoundError("There is no such person.", code="person_not_found", person_id=person_id)
    if rows[0].disabled_at is not None:
        raise PersonDisabledError(person_id=person_id, disabled_at=rows[0].disabled_at)
    seats = frozenset(Seat(row.unit_id, row.role) for row in rows if row.role is not None)
    return Actor(person_id=person_id, label=rows[0].login, agency_id=rows[0].agency_id, seats=seats)


def held_on(day: date) -> ColumnElement[bool]:
    """The seats that are held on a day: the one clause behind every question who sits where."""
    lasting = or_(SeatGrant.until_on.is_(None), SeatGrant.until_on >= day)
    return and_(SeatGrant.revoked_at.is_(None), SeatGrant.from_on <= day, lasting)


# --- visible -------------------------------------------------------------------------------------------------------


def visible(actor: Actor, table: Table) -> ColumnElement[bool]:
    """The one clause behind read, list, search, count and export of the engine's rows that this actor may see."""
    clauses = {instances.name: visible_instances, steps.name: visible_steps, trace_entries.name: visible_entries}
    return clauses[table.name](actor)


def visible_instances(actor: Actor) -> ColumnElement[bool]:
    """The instances that the actor may see.

    Dossiers: those of the own agency, and those with a step of the own agency. Quality processes: those of the own agency with
    quality.read. Whatever else: where a step falls to a role of the actor's, or was in the actor's hands.
    """
    if actor.is_system:
        return true()
    if actor.agency_id is None:
        return false()
    own = instances.c.agency_id == actor.agency_id
    ways: list[ColumnElement[bool]] = []
    if may(actor, "dossier.read"):
        ways.append(and_(instances.c.subject_kind == "dossier", or_(own, _has_step(actor))))
    if may(actor, "quality.read"):
        ways.append(and_(instances.c.subject_kind != "dossier", own))
    if may(actor, "step.work"):
        ways.append(_has_step(actor, only_mine=True))
    return or_(false(), *ways)


def _has_step(actor: Actor, *, only_mine: bool = False) -> ColumnElement[bool]:
    step = steps.alias()
    found = and_(step.c.instance_id == instances.c.id, step.c.agency_id == actor.agency_id)
    if only_mine:
        mine: tuple[Any, ...] = (step.c.handler_id == actor.person_id, step.c.done_by_id == actor.person_id)
        found = and_(found, or_(_covers(actor, step.c.role, step.c.unit_id), *mine))
    return exists(select(step.c.id).where(found).correlate(instances))


def visible_steps(actor: Actor) -> ColumnElement[bool]:
    """The steps of the instances that the actor may see: who sees a dossier sees its whole slip."""
    if actor.is_system:
        return true()
    return exists(select(instances.c.id).where(instances.c.id == steps.c.instance_id, visible_instances(actor)).correlate(steps))


def workable_steps(actor: Actor) -> ColumnElement[bool]:
    """The steps that fall to the actor's seats or were given to the actor by name: the worklist."""
    if actor.agency_id is None or not may(actor, "step.work"):
        return false()
    named = or_(steps.c.handler_id == actor.person_id, steps.c.offered_to_id == actor.person_id)
    return and_(steps.c.agency_id == actor.agency_id, or_(named, _covers(actor, steps.c.role, steps.c.unit_id)))


def _covers(actor: Actor, role: ColumnElement[Any], unit_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Actor.holds() as a clause."""
    working = [seat for seat in actor.seats if "step.work" in ROLE_PERMISSIONS.get(seat.role, frozenset())]
    ways = [
        role == seat.role if seat.unit_id is None else and_(role == seat.role, or_(unit_id.is_(None), unit_id == seat.unit_id))
        for seat in sorted(working, key=lambda seat: (seat.role, seat.unit_id or 0))
    ]
    return or_(false(), *ways)


def visible_nonconformities(
    actor: Actor,
    *,
    agency_id: ColumnElement[Any],
    handler_id: ColumnElement[Any] | None = None,
    instance_id: ColumnElement[Any] | None = None,
) -> ColumnElement[bool]:
    """The nonconformities that the actor may see, over the columns handed in.

    Those of the own agency with quality.read; those that name the actor as handler; those of instances that the actor sees (so
    the one raised for a step of another agency is shown on our dossier).
    """
    if actor.is_system:
        return true()
    ways: list[ColumnElement[bool]] = []
    if may(actor, "quality.read"):
        ways.append(agency_id == actor.agency_id)
    if handler_id is not None and actor.person_id is not None:
        ways.append(handler_id == actor.person_id)
    if instance_id is not None:
        ways.append(instance_id.in_(select(instances.c.id).where(visible_instances(actor))))
    return or_(false(), *ways)


def visible_entries(actor: Actor) -> ColumnElement[bool]:
    """The trace entries that the actor may see: those of the own agency with trace.read."""
    if actor.is_system:
        return true()
    if actor.agency_id is None or not may(actor, "trace.read"):
        return false()
    return trace_entries.c.agency_id == actor.agency_id
