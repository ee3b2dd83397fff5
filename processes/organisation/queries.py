"""What can be asked about agencies, units and people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, or_, select

from engine.actor import Actor
from engine.errors import NotFoundError
from engine.folding import fold
from processes.organisation.models import Agency, Partner, Person, SeatGrant, Unit, UnitField
from processes.organisation.rights import held_on, require
from processes.organisation.rules import local_day, tidy_login


@dataclass(frozen=True, slots=True)
class AgencyView:
    """An agency as forms and pages name it."""

    id: int
    code: str
    name: str
    counter_name: str
    kind: str
    parent_id: int | None
    address: str
    phone: str
    place_name: str
    calendar_code: str
    dossier_code_prefix: str


@dataclass(frozen=True, slots=True)
class UnitView:
    id: int
    agency_id: int
    key: str
    name: str
    is_counter: bool
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonView:
    id: int
    agency_id: int
    login: str
    full_name: str
    title: str
    phone: str
    email: str
    must_change_password: bool
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeatView:
    id: int
    person_id: int
    role: str
    unit_id: int | None
    unit_name: str | None
    from_on: date
    until_on: date | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class PartnerView:
    key: str
    partner_agency_id: int | None
    name: str


_AGENCY = [getattr(Agency, name) for name in AgencyView.__slots__]
_PERSON = [getattr(Person, name) for name in PersonView.__slots__]


def agency(connection: Connection, agency_id: int) -> AgencyView:
    """An agency by its id.

    Raises: NotFoundError (agency_not_found).
    """
    row = connection.execute(select(*_AGENCY).where(Agency.id == agency_id)).first()
    if row is None:
        raise NotFoundError("There is no such agency.", code="agency_not_found", agency_id=agency_id)
    return AgencyView(*row)


def agency_by_code(connection: Connection, code: str) -> AgencyView:
    """An agency by its code.

    Raises: NotFoundError (agency_not_found).
    """
    row = connection.execute(select(*_AGENCY).where(Agency.code == code)).first()
    if row is None:
        raise NotFoundError(f"There is no agency with the code {code}.", code="agency_not_found", agency_code=code)
    return AgencyView(*row)


def agencies(connection: Connection) -> list[AgencyView]:
    """Every agency on this database, by code."""
    return [AgencyView(*row) for row in connection.execute(select(*_AGENCY).order_by(Agency.code))]


def units(connection: Connection, agency_id: int) -> list[UnitView]:
    """The units of an agency with their fields, the counter first."""
    fields: dict[int, list[str]] = {}
    for unit_id, field in connection.execute(
        select(UnitField.unit_id, UnitField.field).where(UnitField.agency_id == agency_id).order_by(UnitField.field)
    ):
        fields.setdefault(unit_id, []).append(field)
    columns = (Unit.id, Unit.agency_id, Unit.key, Unit.name, Unit.is_counter)
    rows = connection.execute(select(*columns).where(Unit.agency_id == agency_id).order_by(Unit.is_counter.desc(), Unit.id))
    return [UnitView(*row, fields=tuple(fields.get(row.id, ()))) for row in rows]


def partners(connection: Connection, agency_id: int) -> list[PartnerView]:
    """The partners of an agency by key, each with its name."""
    query = (
        select(Partner.key, Partner.partner_agency_id, Partner.name, Agency.name.label("agency_name"))
        .outerjoin_from(Partner, Agency, Agency.id == Partner.partner_agency_id)
        .where(Partner.agency_id == agency_id)
        .order_by(Partner.key)
    )
    return [PartnerView(row.key, row.partner_agency_id, row.name or row.agency_name) for row in connection.execute(query)]


def person(connection: Connection, person_id: int) -> PersonView:
    """A person by id.

    Raises: NotFoundError (person_not_found).
    """
    row = connection.execute(select(*_PERSON).where(Person.id == person_id)).first()
    if row is None:
        raise NotFoundError("There is no such person.", code="person_not_found", person_id=person_id)
    return PersonView(*row)


def person_by_login(connection: Connection, login: str) -> PersonView:
    """A person by login.

    Raises: NotFoundError (person_not_found).
    """
    row = connection.execute(select(*_PERSON).where(Person.login == tidy_login(login))).first()
    if row is None:
        raise NotFoundError(f"There is nobody with the login {login}.", code="person_not_found", login=login)
    return PersonView(*row)


def people(connection: Connection, *, actor: Actor, agency_id: int, search: str = "", limit: int = 50, offset: int = 0) -> list[PersonView]:
    """The people of an agency by name, disabled ones too; found by any part of the name without accents, or of the login.

    Raises: NotPermittedError.
    """
    require(actor, "admin.manage", agency_id=agency_id)
    query = select(*_PERSON).where(Person.agency_id == agency_id)
    if search.strip():
        query = query.where(
            or_(Person.folded_name.contains(fold(search), autoescape=True), Person.login.contains(tidy_login(search), autoescape=True))
        )
    rows = connection.execute(query.order_by(Person.folded_name, Person.id).limit(limit).offset(offset))
    return [PersonView(*row) for row in rows]


def seats(connection: Connection, person_ids: Iterable[int]) -> dict[int, list[SeatView]]:
    """Every seat that these people hold or held, oldest first, by person."""
    wanted = list(person_ids)
    columns = (
        SeatGrant.id,
        SeatGrant.person_id,
        SeatGrant.role,
        SeatGrant.unit_id,
        Unit.name,
        SeatGrant.from_on,
        SeatGrant.until_on,
        SeatGrant.revoked_at,
    )
    query = (
        select(*columns)
        .outerjoin_from(SeatGrant, Unit, Unit.id == SeatGrant.unit_id)
        .where(SeatGrant.person_id.in_(wanted))
        .order_by(SeatGrant.id)
    )
    found: dict[int, list[SeatView]] = {person_id: [] for person_id in wanted}
    for row in connection.execute(query):
        found[row.person_id].append(SeatView(*row))
    return found


def names_of(connection: Connection, person_ids: Iterable[int | None]) -> Mapping[int, str]:
    """Full names by person; for slips and lists."""
    wanted = {person_id for person_id in person_ids if person_id is not None}
    if not wanted:
        return {}
    return {row.id: row.full_name for row in connection.execute(select(Person.id, Person.full_name).where(Person.id.in_(wanted)))}


def unit_names(connection: Connection, unit_ids: Iterable[int | None]) -> Mapping[int, str]:
    """Names by unit; for slips and lists."""
    wanted = {unit_id for unit_id in unit_ids if unit_id is not None}
    if not wanted:
        return {}
    return {row.id: row.name for row in connection.execute(select(Unit.id, Unit.name).where(Unit.id.in_(wanted)))}


def who_could_work(connection: Connection, *, agency_id: int, role: str, unit_id: int | None, now: datetime) -> list[PersonView]:
    """Those who hold a role in a unit today: to whom a step can be handed over, whom to ask."""
    seat = select(SeatGrant.id).where(SeatGrant.person_id == Person.id, SeatGrant.role == role, held_on(local_day(now)))
    if unit_id is not None:
        seat = seat.where(or_(SeatGrant.unit_id.is_(None), SeatGrant.unit_id == unit_id))
    query = select(*_PERSON).where(Person.agency_id == agency_id, Person.disabled_at.is_(None), seat.exists())
    return [PersonView(*row) for row in connection.execute(query.order_by(Person.folded_name, Person.id))]
