import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from engine.clock import SystemClock
from engine.database import Database
from engine.errors import NotFoundError, UnavailableError, WrongStateError
from engine.ids import TimeOrderedIds
from engine.tables import calendar_versions, definitions, trace_entries
from processes.organisation import queries
from processes.organisation.passwords import Passwords, PasswordWeakError
from processes.organisation.rights import PersonDisabledError, actor_for, may
from processes.organisation.sessions import log_in
from web.cli.init import init, kind_of
from web.cli.user import user

FOUND = ["--agency", "H99.018", "UBND xã Suối Mây", "--admin", "may.quan"]
PASSWORD = "mây trắng bay ngang"

Run = Callable[..., Result]


@pytest.fixture
def run(empty_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Calls a command on a database without any table, with what is typed on standard input."""
    monkeypatch.setenv("EISO_DATABASE_URL", empty_database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("EISO_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("LOGNAME", "quan.tri")

    def call(command: Command, *arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(command, arguments, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


class TestInit:
    def test_makes_an_empty_database_ready(self, run: Run, empty_database: Database) -> None:
        result = run(init)
        assert result.exit_code == 0
        assert "is ready, with 10 procedures" in result.stdout
        with empty_database.reading() as connection:
            assert connection.scalars(select(calendar_versions.c.code)).all() == ["vn"]
            assert connection.scalar(select(func.count()).select_from(definitions)) == 10
            assert queries.agencies(connection) == []

    def test_founds_the_first_agency_with_an_administrator_who_can_log_in(self, run: Run, empty_database: Database) -> None:
        result = run(init, *FOUND, "--json", typed=f"{PASSWORD}\n")
        assert json.loads(result.stdout)["agency"] == "H99.018"
        clock, ids = SystemClock(), TimeOrderedIds()
        login = log_in(empty_database, login="may.quan", password=PASSWORD, passwords=Passwords(), clock=clock, ids=ids)
        assert not login.must_change_password
        with empty_database.reading() as connection:
            actor = actor_for(connection, login.person_id, now=clock.now())
            agency = queries.agency_by_code(connection, "H99.018")
            units = [unit.key for unit in queries.units(connection, agency.id)]
            labels = {json.loads(body)["actor"]["label"] for body in connection.scalars(select(trace_entries.c.body))}
        assert may(actor, "admin.manage", agency_id=agency.id)
        assert units == ["counter", "leadership", "office", "economy", "culture_society", "police"]
        assert "cli:quan.tri" in labels

    def test_does_no_harm_the_second_time(self, run: Run, empty_database: Database) -> None:
        run(init, *FOUND, typed=f"{PASSWORD}\n")
        assert run(init).exit_code == 0
        with pytest.raises(WrongStateError):
            run(init, *FOUND, typed=f"{PASSWORD}\n")
        with empty_database.reading() as connection:
            assert len(queries.agencies(connection)) == 1
            assert len(connection.scalars(select(calendar_versions.c.id)).all()) == 1

    def test_leaves_nothing_behind_when_the_password_is_refused(self, run: Run, empty_database: Database) -> None:
        with pytest.raises(PasswordWeakError):
            run(init, *FOUND, typed="ngắn\n")
        run(init)
        with empty_database.reading() as connection:
            assert queries.agencies(connection) == []

    @pytest.mark.parametrize("arguments", [FOUND[:3], FOUND[3:]])
    def test_wants_agency_and_administrator_together(self, run: Run, arguments: list[str]) -> None:
        assert run(init, *arguments, typed=f"{PASSWORD}\n").exit_code == 2

    def test_wants_a_password_on_standard_input(self, run: Run) -> None:
        assert run(init, *FOUND, typed="").exit_code == 2


class TestKindOf:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("UBND xã Suối Mây", "commune"),
            ("UBND phường Gió Lành", "ward"),
            ("Ủy ban nhân dân đặc khu Đảo Sao", "special_zone"),
            ("Sở Nắng Mưa", "department"),
            ("Mây Ngàn", "commune"),
        ],
    )
    def test_is_told_by_the_name(self, name: str, kind: str) -> None:
        assert kind_of(name) == kind


class TestUser:
    @pytest.fixture(autouse=True)
    def founded(self, run: Run) -> None:
        run(init, *FOUND, typed=f"{PASSWORD}\n")

    def add(self, run: Run, *more: str) -> Result:
        return run(user, "add", "dat.pham", "Phạm Văn Đất", "--title", "Công chức địa chính", *more, typed="gió thổi qua đồi\n")

    def test_adds_a_person_with_seats_who_must_change_the_password(self, run: Run, empty_database: Database) -> None:
        result = self.add(run, "--role", "specialist@economy", "--role", "council", "--json")
        person_id = json.loads(result.stdout)["person_id"]
        with empty_database.reading() as connection:
            actor = actor_for(connection, person_id, now=SystemClock().now())
            economy = next(unit.id for unit in queries.units(connection, actor.agency_id or 0) if unit.key == "economy")
            assert queries.person(connection, person_id).must_change_password
        assert {(seat.role, seat.unit_id) for seat in actor.seats} == {("specialist", economy), ("council", None)}

    @pytest.mark.parametrize("role", ["king", "specialist@moon"])
    def test_adds_nobody_when_a_seat_does_not_exist(self, run: Run, empty_database: Database, role: str) -> None:
        assert self.add(run, "--role", role).exit_code == 2
        with empty_database.reading() as connection, pytest.raises(NotFoundError):
            queries.person_by_login(connection, "dat.pham")

    def test_disables_a_person(self, run: Run, empty_database: Database) -> None:
        person_id = json.loads(self.add(run, "--json").stdout)["person_id"]
        assert "no longer" in run(user, "disable", "Dat.Pham").stdout
        with empty_database.reading() as connection, pytest.raises(PersonDisabledError):
            actor_for(connection, person_id, now=SystemClock().now())

    def test_resets_a_password(self, run: Run, empty_database: Database) -> None:
        self.add(run)
        run(user, "reset-password", "dat.pham", typed="trăng lên đỉnh núi\r\n")
        login = log_in(
            empty_database,
            login="dat.pham",
            password="trăng lên đỉnh núi",
            passwords=Passwords(),
            clock=SystemClock(),
            ids=TimeOrderedIds(),
        )
        assert login.must_change_password


class TestUserWithoutDatabase:
    def test_says_what_to_do_first(self, run: Run) -> None:
        with pytest.raises(UnavailableError, match="eiso init"):
            run(user, "disable", "dat.pham")
