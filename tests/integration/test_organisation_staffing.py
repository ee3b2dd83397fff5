from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.actor import SYSTEM, Actor, Seat
from engine.database import Database
from engine.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, WrongStateError
from engine.tables import trace_entries, trace_values
from processes.organisation import queries
from processes.organisation.events import Event, PersonDisabled, SeatRevoked
from processes.organisation.models import LoginFailure, LoginSession
from processes.organisation.rights import PersonDisabledError, actor_for
from processes.organisation.sessions import log_in
from processes.organisation.staffing import add_person, change_own_password, disable_person, grant_seat, reset_password, revoke_seat
from tests.commune import PASSWORD, PASSWORDS, Commune, found_commune, hire, password_hash
from tests.refusals import last_entry, refused


@pytest.fixture
def commune(database: Database) -> Commune:
    return found_commune(database)


class TestAddPerson:
    def test_is_found_without_accents(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection:
            actor = commune.actor(connection, "may.quan")
            found = queries.people(connection, actor=actor, agency_id=commune.agency_id, search="dat")
        assert [person.full_name for person in found] == ["Phạm Văn Đất"]

    def test_puts_name_and_phone_into_the_trace_only_as_hashes(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            add_person(
                connection,
                agency_id=commune.agency_id,
                login=" Gio.Luc ",
                full_name="Lục  Văn Gió",
                password_hash=password_hash(),
                phone="+84 900 123 119",
                **commune.doing,
            )
            person = queries.person_by_login(connection, "gio.luc")
            body = connection.scalars(select(trace_entries.c.body).order_by(trace_entries.c.id.desc()).limit(1)).one()
            values = dict(
                connection.execute(select(trace_values.c.name, trace_values.c.value).order_by(trace_values.c.entry_id)).all()[-2:]
            )
        assert (person.login, person.full_name, person.phone) == ("gio.luc", "Lục Văn Gió", "0900123119")
        assert person.must_change_password
        assert b"argon2" not in body
        assert "Gió" not in body.decode()
        assert b"0900123119" not in body
        assert values == {"full_name": "Lục Văn Gió", "phone": "0900123119"}

    def test_refuses_a_login_that_is_taken_in_any_agency(self, database: Database, commune: Commune) -> None:
        error = refused(
            database,
            WrongStateError,
            lambda c: add_person(
                c, agency_id=commune.land_office_id, login="NANG.HOANG", full_name="Ai Đó", password_hash="x", **commune.doing
            ),
        )
        assert error.code == "login_taken"

    @pytest.mark.parametrize(
        ("given", "field"),
        [({"login": "có dấu"}, "login"), ({"login": ""}, "login"), ({"full_name": "  "}, "full_name"), ({"email": "mây"}, "email")],
    )
    def test_refuses_fields_that_cannot_be_used(self, database: Database, commune: Commune, given: dict[str, Any], field: str) -> None:
        values = {"login": "gio.luc", "full_name": "Lục Văn Gió", **given}
        error = refused(
            database, InvalidError, lambda c: add_person(c, agency_id=commune.agency_id, password_hash="x", **values, **commune.doing)
        )
        assert set(error.errors) == {field}

    def test_refuses_an_administrator_of_another_agency(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            hire(connection, commune, "dat.chu", "Chu Thị Đất", "administrator", agency_id=commune.land_office_id)
        with database.reading() as connection:
            stranger = actor_for(connection, queries.person_by_login(connection, "dat.chu").id, now=commune.clock.now())
        error = refused(
            database,
            NotPermittedError,
            lambda c: add_person(
                c, actor=stranger, agency_id=commune.agency_id, login="gio.luc", full_name="Gió", password_hash="x", **commune.tools()
            ),
        )
        assert error.code == "other_agency"


class TestGrantSeat:
    def test_gives_the_rights_from_its_first_to_its_last_day(self, database: Database, commune: Commune) -> None:
        person_id, now = commune.people["dau.do"], commune.clock.now()
        with database.writing() as connection:
            grant_seat(
                connection,
                person_id=person_id,
                role="intake_officer",
                unit_id=commune.units["counter"],
                from_on=date(2026, 11, 23),
                until_on=date(2026, 11, 24),
                **commune.doing,
            )
            held = {
                days: "intake_officer" in actor_for(connection, person_id, now=now + timedelta(days=days)).roles for days in (0, 2, 3, 4, 5)
            }
        assert held == {0: False, 2: False, 3: True, 4: True, 5: False}

    def test_counts_the_day_by_the_office_clock(self, database: Database, commune: Commune) -> None:
        person_id = commune.people["dau.do"]
        with database.writing() as connection:
            grant_seat(connection, person_id=person_id, role="council", from_on=date(2026, 11, 21), **commune.doing)
            late_evening = commune.clock.now().replace(hour=16, minute=59)  # 23:59 in Hà Nội
            assert "council" not in actor_for(connection, person_id, now=late_evening).roles
            assert "council" in actor_for(connection, person_id, now=late_evening + timedelta(minutes=1)).roles

    def test_refuses_a_seat_that_is_held_already(self, database: Database, commune: Commune) -> None:
        again = {"person_id": commune.people["dau.do"], "role": "clerk", "unit_id": commune.units["office"]}
        assert refused(database, WrongStateError, lambda c: grant_seat(c, **again, **commune.doing)).code == "seat_held"
        with database.writing() as connection:
            grant_seat(connection, **{**again, "unit_id": None}, **commune.doing)

    def test_refuses_an_unknown_role_and_days_the_wrong_way_round(self, database: Database, commune: Commune) -> None:
        error = refused(
            database,
            InvalidError,
            lambda c: grant_seat(
                c,
                person_id=commune.people["dau.do"],
                role="king",
                from_on=date(2026, 11, 23),
                until_on=date(2026, 11, 22),
                **commune.doing,
            ),
        )
        assert set(error.errors) == {"role", "until_on"}

    def test_refuses_a_unit_of_another_agency(self, database: Database, commune: Commune) -> None:
        person_id = commune.people["ruong.vi"]
        error = refused(
            database,
            NotFoundError,
            lambda c: grant_seat(c, person_id=person_id, role="specialist", unit_id=commune.units["economy"], **commune.doing),
        )
        assert error.code == "unit_not_found"


class TestRevokeSeat:
    def test_takes_effect_at_once_and_is_told(self, database: Database, commune: Commune) -> None:
        told: list[Event] = []
        with database.writing() as connection:
            seat = queries.seats(connection, [commune.people["dat.pham"]])[commune.people["dat.pham"]][0]
            revoke_seat(connection, seat_id=seat.id, tell=lambda _connection, events: told.extend(events), **commune.doing)
            assert commune.actor(connection, "dat.pham").seats == frozenset()
        assert told == [
            SeatRevoked(commune.agency_id, commune.people["dat.pham"], commune.units["economy"], "specialist", SYSTEM, commune.clock.now())
        ]

    def test_refuses_the_second_time(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            seat = queries.seats(connection, [commune.people["dat.pham"]])[commune.people["dat.pham"]][0]
            revoke_seat(connection, seat_id=seat.id, **commune.doing)
        assert refused(database, WrongStateError, lambda c: revoke_seat(c, seat_id=seat.id, **commune.doing)).code == "seat_revoked"

    def test_refuses_to_leave_the_agency_without_an_administrator(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection:
            seat = queries.seats(connection, [commune.people["may.quan"]])[commune.people["may.quan"]][0]
        assert refused(database, WrongStateError, lambda c: revoke_seat(c, seat_id=seat.id, **commune.doing)).code == "last_administrator"


class TestDisablePerson:
    def test_logs_out_everywhere_and_tells_others(self, database: Database, commune: Commune) -> None:
        log_in(database, login="dat.pham", password=PASSWORD, passwords=PASSWORDS, **commune.tools())
        told: list[Event] = []
        person_id = commune.people["dat.pham"]
        with database.writing() as connection:
            disable_person(connection, person_id=person_id, tell=lambda _connection, events: told.extend(events), **commune.doing)
            assert connection.scalar(select(func.count()).select_from(LoginSession)) == 0
            with pytest.raises(PersonDisabledError):
                commune.actor(connection, "dat.pham")
            assert last_entry(connection, commune)["facts"] == {"person_id": person_id, "login": "dat.pham", "sessions_ended": 1}
        assert told == [PersonDisabled(commune.agency_id, person_id, SYSTEM, commune.clock.now())]

    def test_refuses_the_second_time(self, database: Database, commune: Commune) -> None:
        person_id = commune.people["dat.pham"]
        with database.writing() as connection:
            disable_person(connection, person_id=person_id, **commune.doing)
        assert (
            refused(database, WrongStateError, lambda c: disable_person(c, person_id=person_id, **commune.doing)).code == "person_disabled"
        )

    def test_refuses_the_last_administrator(self, database: Database, commune: Commune) -> None:
        person_id = commune.people["may.quan"]
        error = refused(database, WrongStateError, lambda c: disable_person(c, person_id=person_id, **commune.doing))
        assert error.code == "last_administrator"
        with database.writing() as connection:
            hire(connection, commune, "sao.ly", "Lý Thị Sao", "administrator")
            disable_person(connection, person_id=person_id, **commune.doing)


class TestResetPassword:
    def test_replaces_the_password_lifts_the_lock_and_logs_out(self, database: Database, commune: Commune) -> None:
        log_in(database, login="dat.pham", password=PASSWORD, passwords=PASSWORDS, **commune.tools())
        for _ in range(5):
            with pytest.raises(InvalidError):
                log_in(database, login="dat.pham", password="quên mất rồi", passwords=PASSWORDS, **commune.tools())
        with database.writing() as connection:
            reset_password(
                connection, person_id=commune.people["dat.pham"], password_hash=PASSWORDS.hash("gió mới thổi về"), **commune.doing
            )
            assert connection.scalar(select(func.count()).select_from(LoginSession)) == 0
            assert connection.scalar(select(func.count()).select_from(LoginFailure)) == 0
        login = log_in(database, login="dat.pham", password="gió mới thổi về", passwords=PASSWORDS, **commune.tools())
        assert login.must_change_password


class TestChangeOwnPassword:
    def test_refuses_a_password_verified_against_a_hash_replaced_meanwhile(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection:
            actor = commune.actor(connection, "dat.pham")
        error = refused(
            database,
            ConflictError,
            lambda c: change_own_password(c, actor=actor, old_hash="an older one", new_hash="x", **commune.tools()),
        )
        assert error.code == "changed_meanwhile"

    def test_refuses_an_actor_who_is_nobody(self, database: Database, commune: Commune) -> None:
        refused(database, InvalidError, lambda c: change_own_password(c, old_hash="x", new_hash="y", **commune.doing))


class TestActorFor:
    def test_carries_agency_label_and_every_seat(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            grant_seat(connection, person_id=commune.people["but.luong"], role="council", **commune.doing)
            actor = commune.actor(connection, "but.luong")
        assert actor == Actor(
            person_id=commune.people["but.luong"],
            label="but.luong",
            agency_id=commune.agency_id,
            seats=frozenset({Seat(commune.units["office"], "specialist"), Seat(None, "council")}),
        )

    def test_refuses_somebody_who_does_not_exist(self, database: Database, commune: Commune) -> None:
        with database.reading() as connection, pytest.raises(NotFoundError):
            actor_for(connection, 1, now=commune.clock.now())


class TestWhoCouldWork:
    def test_names_those_in_the_unit_and_those_of_the_whole_agency(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            hire(connection, commune, "khe.ha", "Hà Thị Khe", "specialist")
            found = queries.who_could_work(
                connection, agency_id=commune.agency_id, role="specialist", unit_id=commune.units["economy"], now=commune.clock.now()
            )
        assert [person.login for person in found] == ["khe.ha", "dat.pham"]
