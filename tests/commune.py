"""The invented commune Suối Mây, as tests need it: its units, a few cheerful officers, and the land office next door."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection

from engine.actor import SYSTEM, Actor
from engine.clock import VirtualClock
from engine.database import Database
from engine.ids import TimeOrderedIds
from processes.organisation.calendars import seed_default_calendar
from processes.organisation.commune import add_standard_units
from processes.organisation.operations import create_agency, register_partner
from processes.organisation.passwords import Passwords
from processes.organisation.rights import actor_for
from processes.organisation.staffing import add_person, grant_seat

PASSWORD = "mây trắng bay ngang"
PASSWORDS = Passwords(time_cost=1, memory_kib=8, parallelism=1)
START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # 08:00 on a Friday

_STAFF = (
    ("nang.hoang", "Hoàng Thị Nắng", "intake_officer", "counter"),
    ("som.nguyen", "Nguyễn Văn Sớm", "division_head", "economy"),
    ("dat.pham", "Phạm Văn Đất", "specialist", "economy"),
    ("but.luong", "Lường Thị Bút", "specialist", "office"),
    ("dau.do", "Đỗ Thị Dấu", "clerk", "office"),
    ("tinh.dinh", "Đinh Quang Tĩnh", "leader", "leadership"),
    ("chuan.ngo", "Ngô Văn Chuẩn", "iso_secretary", None),
    ("soi.ta", "Tạ Minh Soi", "auditor", None),
    ("may.quan", "Quan Thị Máy", "administrator", None),
)


@cache
def password_hash() -> str:
    return PASSWORDS.hash(PASSWORD)


@dataclass
class Commune:
    """Where everything is: units by key, people by login; `doing` is what every operation is handed."""

    agency_id: int
    land_office_id: int
    calendar_version_id: int
    clock: VirtualClock
    ids: TimeOrderedIds
    units: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)

    @property
    def doing(self) -> dict[str, Any]:
        return {"actor": SYSTEM, "clock": self.clock, "ids": self.ids}

    def tools(self) -> dict[str, Any]:
        return {"clock": self.clock, "ids": self.ids}

    def actor(self, connection: Connection, login: str) -> Actor:
        return actor_for(connection, self.people[login], now=self.clock.now())


def found_commune(database: Database) -> Commune:
    """Build all of it in one transaction."""
    clock, ids = VirtualClock(START), TimeOrderedIds()
    doing: dict[str, Any] = {"actor": SYSTEM, "clock": clock, "ids": ids}
    with database.writing() as connection:
        calendar_version_id = seed_default_calendar(connection, **doing)
        agency_id = create_agency(connection, code="H99.018", name="UBND xã Suối Mây", **doing)
        land_office_id = create_agency(connection, code="H99.900", name="Văn phòng đăng ký đất đai Mây Ngàn", kind="office", **doing)
        commune = Commune(agency_id, land_office_id, calendar_version_id, clock, ids)
        commune.units = add_standard_units(connection, agency_id=agency_id, **doing)
        register_partner(connection, agency_id=agency_id, key="land_office", partner_agency_id=land_office_id, **doing)
        for login, name, role, unit in _STAFF:
            commune.people[login] = hire(connection, commune, login, name, role, unit)
        commune.people["ruong.vi"] = hire(connection, commune, "ruong.vi", "Vi Văn Ruộng", "land_officer", None, agency_id=land_office_id)
    return commune


def hire(
    connection: Connection, commune: Commune, login: str, name: str, role: str, unit: str | None = None, *, agency_id: int | None = None
) -> int:
    """Take on one more person with one seat."""
    person_id = add_person(
        connection,
        agency_id=agency_id or commune.agency_id,
        login=login,
        full_name=name,
        password_hash=password_hash(),
        must_change_password=False,
        **commune.doing,
    )
    grant_seat(connection, person_id=person_id, role=role, unit_id=commune.units[unit] if unit else None, **commune.doing)
    return person_id
