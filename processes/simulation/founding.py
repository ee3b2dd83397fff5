"""Founds the invented commune: its agency, units, people and calendar, and the land office that takes part in its procedures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from engine.actor import SYSTEM
from engine.clock import Clock
from engine.ids import Ids
from engine.worktime import default_calendar, default_days
from processes.organisation.calendars import publish_calendar, seed_default_calendar
from processes.organisation.commune import add_standard_units
from processes.organisation.operations import create_agency, register_partner
from processes.organisation.passwords import Passwords
from processes.organisation.staffing import add_person, grant_seat
from processes.simulation.staff import (
    COMMUNE_CODE,
    COMMUNE_NAME,
    COMMUNE_STAFF,
    DEMO_PASSWORD,
    LAND_OFFICE_CODE,
    LAND_OFFICE_NAME,
    LAND_OFFICE_STAFF,
    InventedPerson,
)

CALENDAR_CODE = "suoi-may"  # of its own: a local day off is no business of the agencies next door


@dataclass(frozen=True, slots=True)
class Founded:
    """The two agencies of the invented commune."""

    agency_id: int
    land_office_id: int


def found_commune(connection: Connection, *, clock: Clock, ids: Ids) -> Founded:
    """Create the commune Suối Mây with everybody who works there, and the land office as another agency on the system.

    Everybody's password is the same: DEMO_PASSWORD, hashed once.

    Raises: WrongStateError (agency_exists, login_taken) where there is such a commune already.
    """
    doing: dict[str, Any] = {"actor": SYSTEM, "clock": clock, "ids": ids}
    seed_default_calendar(connection, **doing)
    _publish_own_calendar(connection, doing)
    agency_id = create_agency(
        connection,
        code=COMMUNE_CODE,
        name=COMMUNE_NAME,
        address="Bản Mây Hồng, xã Suối Mây",
        phone="0900 000 001",
        calendar_code=CALENDAR_CODE,
        **doing,
    )
    land_office_id = create_agency(connection, code=LAND_OFFICE_CODE, name=LAND_OFFICE_NAME, kind="office", phone="0900 000 002", **doing)
    units = add_standard_units(connection, agency_id=agency_id, **doing)
    register_partner(connection, agency_id=agency_id, key="land_office", partner_agency_id=land_office_id, **doing)
    password_hash = Passwords(min_length=len(DEMO_PASSWORD)).hash(DEMO_PASSWORD)
    _hire(connection, agency_id, units, COMMUNE_STAFF, password_hash, first_phone=11, doing=doing)
    _hire(connection, land_office_id, {}, LAND_OFFICE_STAFF, password_hash, first_phone=81, doing=doing)
    return Founded(agency_id, land_office_id)


def _publish_own_calendar(connection: Connection, doing: dict[str, Any]) -> None:
    packaged = default_calendar()
    publish_calendar(
        connection,
        code=CALENDAR_CODE,
        name="Lịch làm việc xã Suối Mây",
        source="Lịch làm việc của cơ quan hành chính Việt Nam; Thông báo 01/TB-UBND xã Suối Mây (hư cấu)",
        days=default_days(),
        first_on=packaged.first_on,
        last_on=packaged.last_on,
        **doing,
    )


def _hire(
    connection: Connection,
    agency_id: int,
    units: dict[str, int],
    people: Sequence[InventedPerson],
    password_hash: str,
    *,
    first_phone: int,
    doing: dict[str, Any],
) -> None:
    for number, person in enumerate(people, first_phone):
        person_id = add_person(
            connection,
            agency_id=agency_id,
            login=person.login,
            full_name=person.name,
            password_hash=password_hash,
            title=person.title,
            phone=f"0900 000 {number:03d}",
            must_change_password=False,
            **doing,
        )
        for role, unit in person.seats:
            grant_seat(connection, person_id=person_id, role=role, unit_id=units[unit] if unit else None, **doing)
