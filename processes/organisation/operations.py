"""What can be done to agencies, units and partners. People and their seats: staffing.py."""

from sqlalchemy import Connection, insert, select, update

from engine.actor import Actor
from engine.clock import Clock
from engine.errors import NotFoundError, WrongStateError
from engine.ids import Ids
from processes.organisation.models import Agency, Partner, Unit, UnitField
from processes.organisation.recording import changing
from processes.organisation.rights import require
from processes.organisation.rules import AGENCY_KINDS, agency_code_problem, blank_problem, check, key_problem


def create_agency(
    connection: Connection,
    *,
    actor: Actor,
    clock: Clock,
    ids: Ids,
    code: str,
    name: str,
    kind: str = "commune",
    counter_name: str = "",
    parent_id: int | None = None,
    address: str = "",
    phone: str = "",
    place_name: str = "",
    calendar_code: str = "vn",
    dossier_code_prefix: str = "",
) -> int:
    """Create an agency; returns its id.

    The first ones come from the system itself; later an administrator creates those below the own agency. Where nothing else
    is said the counter is the first unit below the agency (H99.018.01) and is called the centre of public administration services.

    Raises: InvalidError with errors by field; WrongStateError (agency_exists); NotPermittedError.
    """
    require(actor, "admin.manage", agency_id=None if actor.is_system else parent_id or 0)
    prefix = dossier_code_prefix or f"{code}.01"
    check(
        code=agency_code_problem(code),
        name=blank_problem(name),
        kind=None if kind in AGENCY_KINDS else f"The kinds of agencies are: {', '.join(sorted(AGENCY_KINDS))}.",
        dossier_code_prefix=agency_code_problem(prefix),
    )
    _refuse_taken(connection, code, prefix)
    agency_id = ids.next()
    facts = {
        "code": code,
        "name": name.strip(),
        "kind": kind,
        "counter_name": counter_name.strip() or f"Trung tâm Phục vụ hành chính công {short_name(name)}",
        "parent_id": parent_id,
        "address": address.strip(),
        "phone": phone.strip(),
        "place_name": place_name.strip() or place_of(name),
        "calendar_code": calendar_code,
        "dossier_code_prefix": prefix,
    }
    connection.execute(insert(Agency).values(id=agency_id, created_at=clock.now(), trace_seq=0, **facts))
    with changing(connection, agency_id, actor=actor, clock=clock, ids=ids, permission=None) as change:
        change.record("organisation.agency.created", {"after": facts})
    return agency_id


def place_of(name: str) -> str:
    """The bare place, as forms print it before a date: "UBND xã Suối Mây" is at "Suối Mây"."""
    place = short_name(name)
    for rank in ("xã ", "phường ", "đặc khu "):
        place = place.removeprefix(rank)
    return place


def short_name(name: str) -> str:
    """The place in an agency's name: "UBND xã Suối Mây" is at "xã Suối Mây"."""
    for office in ("Ủy ban nhân dân ", "Uỷ ban nhân dân ", "UBND "):
        name = name.strip().removeprefix(office)
    return name


def _refuse_taken(connection: Connection, code: str, prefix: str) -> None:
    taken = connection.execute(
        select(Agency.code, Agency.dossier_code_prefix).where((Agency.code == code) | (Agency.dossier_code_prefix == prefix))
    ).first()
    if taken is not None:
        what = "code" if taken.code == code else "dossier code prefix"
        raise WrongStateError(
            f"An agency with this {what} exists already.", code="agency_exists", agency_code=taken.code, prefix=taken.dossier_code_prefix
        )


def add_unit(
    connection: Connection,
    *,
    actor: Actor,
    clock: Clock,
    ids: Ids,
    agency_id: int,
    key: str,
    name: str,
    is_counter: bool = False,
    fields: tuple[str, ...] = (),
) -> int:
    """Add a unit, with the fields of procedures that it is responsible for; returns its id.

    Raises: InvalidError; WrongStateError (unit_exists, counter_exists); NotPermittedError; NotFoundError.
    """
    check(key=key_problem(key), name=blank_problem(name))
    with changing(connection, agency_id, actor=actor, clock=clock, ids=ids) as change:
        units = connection.execute(select(Unit.key, Unit.name, Unit.is_counter).where(Unit.agency_id == agency_id)).all()
        if any(unit.key == key for unit in units):
            raise WrongStateError(f"The agency has a unit {key} already.", code="unit_exists", key=key)
        counter = next((unit for unit in units if unit.is_counter), None)
        if is_counter and counter is not None:
            raise WrongStateError("The agency has a counter already.", code="counter_exists", key=counter.key, name=counter.name)
        unit_id = ids.next()
        connection.execute(insert(Unit).values(id=unit_id, agency_id=agency_id, key=key, name=name.strip(), is_counter=is_counter))
        change.record(
            "organisation.unit.added", {"after": {"unit_id": unit_id, "key": key, "name": name.strip(), "is_counter": is_counter}}
        )
    for field in fields:
        assign_field(connection, actor=actor, clock=clock, ids=ids, unit_id=unit_id, field=field)
    return unit_id


def assign_field(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, unit_id: int, field: str) -> None:
    """Make a unit responsible for a field of procedures; another unit of the agency gives it up.

    Running dossiers keep their units: the performers of an instance are fixed at its start.

    Raises: InvalidError; NotFoundError (unit_not_found); NotPermittedError.
    """
    check(field=blank_problem(field))
    unit = connection.execute(select(Unit.agency_id, Unit.key).where(Unit.id == unit_id)).first()
    if unit is None:
        raise NotFoundError("There is no such unit.", code="unit_not_found", unit_id=unit_id)
    here = (UnitField.agency_id == unit.agency_id, UnitField.field == field.strip())
    with changing(connection, unit.agency_id, actor=actor, clock=clock, ids=ids) as change:
        before = connection.execute(select(UnitField.unit_id, Unit.key).join_from(UnitField, Unit).where(*here)).first()
        if before is None:
            connection.execute(insert(UnitField).values(agency_id=unit.agency_id, field=field.strip(), unit_id=unit_id))
        elif before.unit_id == unit_id:
            return
        else:
            connection.execute(update(UnitField).where(*here).values(unit_id=unit_id))
        change.record("organisation.field.assigned", {"field": field.strip(), "before": before.key if before else None, "after": unit.key})


def register_partner(
    connection: Connection,
    *,
    actor: Actor,
    clock: Clock,
    ids: Ids,
    agency_id: int,
    key: str,
    partner_agency_id: int | None = None,
    name: str | None = None,
) -> None:
    """Say whom an agency means by a partner key of a model: an agency on the system, or the name of one that is not.

    Registering a key again replaces it for dossiers accepted from then on.

    Raises: InvalidError; NotFoundError (agency_not_found); NotPermittedError.
    """
    named = (name or "").strip() or None
    check(
        key=key_problem(key) or ("This word has a meaning of its own in models." if key in ("own", "parent") else None),
        partner=None if (partner_agency_id is None) != (named is None) else "Give either an agency on the system or a name.",
        partner_agency_id="An agency is not its own partner." if partner_agency_id == agency_id else None,
    )
    if partner_agency_id is not None and connection.scalar(select(Agency.id).where(Agency.id == partner_agency_id)) is None:
        raise NotFoundError("There is no such partner agency.", code="agency_not_found", agency_id=partner_agency_id)
    with changing(connection, agency_id, actor=actor, clock=clock, ids=ids) as change:
        here = (Partner.agency_id == agency_id, Partner.key == key)
        before = connection.execute(select(Partner.partner_agency_id, Partner.name).where(*here)).mappings().first()
        after = {"partner_agency_id": partner_agency_id, "name": named}
        if before is None:
            connection.execute(insert(Partner).values(agency_id=agency_id, key=key, **after))
        else:
            connection.execute(update(Partner).where(*here).values(after))
        change.record("organisation.partner.registered", {"key": key, "before": dict(before) if before else None, "after": after})
