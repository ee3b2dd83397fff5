"""Who does the steps of a lane: answers the engine's protocol of that name.

* `unit`: a unit key of the agency. `field` (the default) is the unit responsible for the procedure's field; for roles that sit beside
  the specialised units (leader, clerk, council, ISO ...) it is the whole agency, for intake officers the counter.
* `agency`: `own`; `parent`; or a partner key. A partner on the system does its steps itself: in the unit responsible for the
  field there, else wherever it has that role. For a partner that is not on the system the step stays ours and carries its name;
  our unit responsible for the field writes down what it answers, so the role is that of a specialist.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, and_, bindparam, select

from engine.errors import InvalidError
from engine.model.elements import Lane
from engine.performers import Performer
from processes.organisation.models import Agency, Partner, Person, SeatGrant, Unit, UnitField
from processes.organisation.rights import held_on
from processes.organisation.rules import AGENCY_WIDE_ROLES, COUNTER_ROLES, OFFICE_ZONE, local_day

_WATCHES_EXTERNAL = "specialist"


class LaneUnresolvedError(InvalidError):
    """A lane of the model names somebody whom this agency does not have."""

    code = "lane_unresolved"


@dataclass(frozen=True, slots=True)
class Unstaffed:
    """A lane whose steps nobody could claim at the moment."""

    lane_id: str
    lane_name: str
    agency_id: int
    unit_id: int | None
    role: str


@dataclass(frozen=True, slots=True)
class _House:
    """The units of one agency as lanes see them."""

    agency_id: int
    units: Mapping[str, int]
    field_unit: int | None
    counter: int | None


class OrganisationPerformers:
    """Resolves lanes from agencies, units and partners as they are at the start of an instance."""

    def resolve_all(self, connection: Connection, *, agency_id: int, field: str, lanes: Mapping[str, Lane]) -> Mapping[str, Performer]:
        """Who does each lane's steps: (agency, unit, role, name of an agency that is not on the system).

        Raises: LaneUnresolvedError for the first lane with a unit, parent or partner that does not exist; its `remedy` says what to do.
        """
        partners = _partners(connection, agency_id, {lane.agency for lane in lanes.values()} - {"own"})
        on_system = {found for found, _name in partners.values() if found is not None}
        houses = _houses(connection, {agency_id, *on_system}, field)
        return {lane_id: _resolve(lane, houses, agency_id, field, partners) for lane_id, lane in lanes.items()}


def _resolve(
    lane: Lane, houses: Mapping[int, _House], own_id: int, field: str, partners: Mapping[str, tuple[int | None, str | None]]
) -> Performer:
    own = houses[own_id]
    if lane.agency == "own":
        return own_id, _unit(lane, own, field, is_own=True), lane.role, None
    if lane.agency not in partners:
        remedy = "Give the agency a parent." if lane.agency == "parent" else f"Register the partner {lane.agency}."
        raise _unresolved(lane, f"the agency has no {lane.agency}", remedy, agency_id=own_id)
    partner_id, name = partners[lane.agency]
    if partner_id is None:
        return own_id, own.field_unit, _WATCHES_EXTERNAL, name
    return partner_id, _unit(lane, houses[partner_id], field, is_own=False), lane.role, None


def _unit(lane: Lane, house: _House, field: str, *, is_own: bool) -> int | None:
    if lane.unit != "field":
        if lane.unit in house.units:
            return house.units[lane.unit]
        if lane.unit == "counter" and house.counter is not None:
            return house.counter
        raise _unresolved(
            lane, f"there is no unit {lane.unit}", f"Add a unit with the key {lane.unit}.", agency_id=house.agency_id, unit=lane.unit
        )
    if lane.role in AGENCY_WIDE_ROLES:
        return None
    if lane.role in COUNTER_ROLES:
        return house.counter
    if house.field_unit is None and field and is_own:
        remedy = f"Make a unit responsible for the field {field}."
        raise _unresolved(lane, f"no unit is responsible for the field {field}", remedy, agency_id=house.agency_id, field=field)
    return house.field_unit


def unstaffed(
    connection: Connection, *, lanes: Mapping[str, Lane], performers: Mapping[str, Performer], now: datetime, zone: ZoneInfo = OFFICE_ZONE
) -> list[Unstaffed]:
    """The lanes whose role nobody holds in their unit today: a warning when a procedure is put into service, never a refusal."""
    query = (
        select(Person.agency_id, SeatGrant.role, SeatGrant.unit_id)
        .join_from(SeatGrant, Person)
        .where(
            Person.agency_id.in_({agency_id for agency_id, *_ in performers.values()}),
            Person.disabled_at.is_(None),
            held_on(local_day(now, zone)),
        )
    )
    held = {tuple(row) for row in connection.execute(query)}
    found = []
    for lane_id, (agency_id, unit_id, role, _external) in performers.items():
        anywhere = {(agency, seat_role) for agency, seat_role, _unit_id in held}
        here = (agency_id, role) in anywhere if unit_id is None else bool(held & {(agency_id, role, None), (agency_id, role, unit_id)})
        if not here:
            found.append(Unstaffed(lane_id, lanes[lane_id].name, agency_id, unit_id, role))
    return found


def _partners(connection: Connection, agency_id: int, keys: Iterable[str]) -> dict[str, tuple[int | None, str | None]]:
    """Agency on the system, or name, by partner key; the parent under the key "parent"."""
    wanted = set(keys)
    found: dict[str, tuple[int | None, str | None]] = {}
    if "parent" in wanted:
        parent_id = connection.scalar(select(Agency.parent_id).where(Agency.id == agency_id))
        if parent_id is not None:
            found["parent"] = (parent_id, None)
    if wanted - {"parent"}:
        query = select(Partner.key, Partner.partner_agency_id, Partner.name).where(Partner.agency_id == agency_id, Partner.key.in_(wanted))
        found.update({row.key: (row.partner_agency_id, row.name) for row in connection.execute(query)})
    return found


_units, _fields = cast(Table, Unit.__table__), cast(Table, UnitField.__table__)
_IS_RESPONSIBLE = and_(_fields.c.unit_id == _units.c.id, _fields.c.agency_id == _units.c.agency_id, _fields.c.field == bindparam("field"))
# made once: every acceptance asks it
_UNITS_OF = (
    select(_units.c.agency_id, _units.c.id, _units.c.key, _units.c.is_counter, _fields.c.field)
    .outerjoin_from(_units, _fields, _IS_RESPONSIBLE)
    .where(_units.c.agency_id.in_(bindparam("agency_ids", expanding=True)))
)


def _houses(connection: Connection, agency_ids: set[int], field: str) -> dict[int, _House]:
    rows = connection.execute(_UNITS_OF, {"field": field, "agency_ids": list(agency_ids)}).all()
    houses = {}
    for agency_id in agency_ids:
        mine = [row for row in rows if row.agency_id == agency_id]
        houses[agency_id] = _House(
            agency_id=agency_id,
            units={row.key: row.id for row in mine},
            field_unit=next((row.id for row in mine if row.field is not None), None),
            counter=next((row.id for row in mine if row.is_counter), None),
        )
    return houses


def _unresolved(lane: Lane, reason: str, remedy: str, **facts: Any) -> LaneUnresolvedError:
    return LaneUnresolvedError(
        f"Lane {lane.id} ({lane.name}): {reason}. {remedy}", lane_id=lane.id, lane_name=lane.name, remedy=remedy, **facts
    )
