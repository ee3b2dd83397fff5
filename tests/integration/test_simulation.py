"""The simulated commune: the same for the same seed wherever it runs, complete, and without a breach that got lost."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, update

from engine.clock import VirtualClock
from engine.database import Database
from engine.definitions import Definitions
from engine.errors import WrongStateError
from engine.ids import TimeOrderedIds
from engine.model.reading import read_model
from engine.tables import clock_entries, instances, marks, steps
from engine.timelimit import is_late
from engine.trace.verification import verify
from processes import wiring
from processes.doctor.examination import examine
from processes.dossiers.export import DOSSIER_COLUMNS, STEP_COLUMNS, dossier_rows, step_rows
from processes.dossiers.models import dossiers, supplement_requests
from processes.organisation.calendars import PublishedCalendars
from processes.organisation.models import Agency, Person
from processes.organisation.passwords import Passwords
from processes.organisation.rules import OFFICE_ZONE
from processes.quality.queries import COLUMNS as NONCONFORMITY_COLUMNS
from processes.quality.queries import export_rows
from processes.simulation import rounds
from processes.simulation.driving import Run, Simulated, simulate
from processes.simulation.durability import without_durability
from processes.simulation.preparing import prepare
from web.cli import demo as demo_command
from web.cli import eiso
from web.schema import upgrade

PROCEDURES = Path(__file__).parents[2] / "bpmn" / "procedures"
UNTIL = datetime(2026, 11, 20, 16, tzinfo=OFFICE_ZONE)
SMALL = Run(60, 20, 7, UNTIL)
USUAL = Run(200, 45, 3, UNTIL)

Rows = list[dict[str, Any]]


def run(database: Database, what: Run = SMALL) -> Simulated:
    clock, ids = VirtualClock(what.begin), TimeOrderedIds()
    areas = wiring.build(clock=clock, ids=ids)
    with without_durability(database):
        with database.writing() as connection:
            prepare(connection, clock=clock, ids=ids, definitions=areas.engine.definitions, catalogue=PROCEDURES, facts={"seed": what.seed})
        return simulate(database, areas.engine, areas.dossiers, clock, what)


def exports(database: Database) -> tuple[Rows, Rows, Rows]:
    """What eiso export writes of dossiers, steps and nonconformities."""
    with database.reading() as connection:
        return (
            [dict(zip(DOSSIER_COLUMNS, row, strict=True)) for row in dossier_rows(connection)],
            [dict(zip(STEP_COLUMNS, row, strict=True)) for row in step_rows(connection)],
            [dict(zip(NONCONFORMITY_COLUMNS, row, strict=True)) for row in export_rows(connection)],
        )


@pytest.fixture(scope="module")
def simulated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated SQLite file, to be copied: simulating takes seconds."""
    path = tmp_path_factory.mktemp("simulated") / "eiso.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    run(database, USUAL)
    database.dispose()
    return path


@pytest.fixture
def simulated(simulated_file: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "simulated.db"
    shutil.copyfile(simulated_file, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


class TestSimulate:
    def test_gives_the_same_on_both_databases(self, sqlite_url: str, postgresql_url: str) -> None:
        found = []
        for url in (sqlite_url, postgresql_url):
            database = Database(url)
            counted = run(database).counted
            found.append((counted, exports(database)))
            database.dispose()
        assert found[0] == found[1]

    def test_gives_something_else_for_another_seed(self, database: Database, simulated: Database) -> None:
        run(database, Run(USUAL.dossiers, USUAL.days, USUAL.seed + 1, UNTIL))
        assert exports(database)[0] != exports(simulated)[0]

    def test_is_swept_as_if_every_round_had_been_made(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        run(database)
        skipping = exports(database)
        again = Database("sqlite://")
        upgrade(again)
        monkeypatch.setattr(rounds, "next_due", lambda connection: datetime(2020, 1, 1, tzinfo=UTC))  # always something, so never skip
        run(again)
        assert exports(again) == skipping

    def test_adds_exactly_so_many_rows_each_time(self, database: Database) -> None:
        run(database)
        assert len(exports(database)[0]) == SMALL.dossiers
        run(database, Run(25, 10, 9, UNTIL))
        assert len(exports(database)[0]) == SMALL.dossiers + 25

    def test_is_refused_beside_a_dossier_that_was_not_simulated(self, simulated: Database) -> None:
        with simulated.writing() as connection:
            one = connection.execute(select(dossiers.c.code).order_by(dossiers.c.code).limit(1)).scalar_one()
            connection.execute(update(dossiers).where(dossiers.c.code == one).values(origin="live"))
        with pytest.raises(WrongStateError) as refused:
            run(simulated)
        assert refused.value.code == "database_is_live"
        assert refused.value.facts["dossier_code"] == one
        assert len(exports(simulated)[0]) == USUAL.dossiers

    def test_marks_the_database_and_every_dossier(self, simulated: Database) -> None:
        with simulated.reading() as connection:
            assert connection.execute(select(marks.c.name)).scalars().all() == ["simulated"]
            assert set(connection.execute(select(dossiers.c.origin)).scalars()) == {"simulated"}
            assert set(connection.execute(select(instances.c.origin)).scalars()) == {"simulated"}

    def test_needs_somebody_at_a_counter(self, database: Database) -> None:
        with database.writing() as connection:
            values = {"id": 1, "code": "H99.777", "name": "UBND xã Không Người", "kind": "commune", "counter_name": "", "address": ""}
            more = {"phone": "", "place_name": "", "calendar_code": "vn", "dossier_code_prefix": "H99.777.01", "created_at": UNTIL}
            connection.execute(insert(Agency).values(**values, **more, trace_seq=0))
        with pytest.raises(WrongStateError) as refused:
            run(database)
        assert refused.value.code == "simulation_unstaffed"


class TestSimulatedCommune:
    def test_leaves_dossiers_in_all_states(self, simulated: Database) -> None:
        states = Counter(row["status"] for row in exports(simulated)[0])
        assert set(states) == {1, 2, 3, 4, 5, 7, 9, 10}  # 6 and 8 have no operation of their own yet

    def test_is_good_but_not_perfect(self, simulated: Database) -> None:
        finished = [row for row in exports(simulated)[0] if row["finished_at"] is not None]
        on_time = sum(row["breached_at"] is None for row in finished) / len(finished)
        assert 0.88 < on_time < 0.99

    def test_has_one_nonconformity_for_every_breach(self, simulated: Database) -> None:
        filed, done, nonconformities = exports(simulated)
        late_steps = {f"{row['dossier_code']}/{row['step_code']}/{row['pass']}" for row in done if row["breached_at"]}
        late_dossiers = {row["dossier_code"] for row in filed if row["breached_at"]}
        assert late_steps
        assert late_dossiers
        assert Counter(row["source"] for row in nonconformities) == Counter(late_steps | late_dossiers)

    def test_has_a_breach_for_every_deadline_that_was_missed(self, simulated: Database) -> None:
        filed, done, _ = exports(simulated)
        for row in (*filed, *done):
            if row["due_at"] is None or row.get("status") in (3, 7, "cancelled"):
                continue
            ended = row["done_at"] if "done_at" in row else row["finished_at"]
            missed = is_late(datetime.fromisoformat(row["due_at"]), datetime.fromisoformat(ended) if ended else UNTIL)
            assert missed == (row["breached_at"] is not None), row

    def test_works_in_office_hours_only(self, simulated: Database) -> None:
        for row in exports(simulated)[1]:
            for name in ("claimed_at", "done_at"):
                if row[name] is None:
                    continue
                at = datetime.fromisoformat(row[name])
                assert at.weekday() < 5
                assert "07:30:00" <= f"{at:%H:%M:%S}" <= "11:30:00" or "13:00:00" <= f"{at:%H:%M:%S}" <= "17:00:00", row

    def test_closed_for_a_day_that_the_calendar_learned_of_late(self, simulated: Database) -> None:
        with simulated.reading() as connection:
            agency_id = connection.execute(select(Agency.id).where(Agency.code == "H99.018")).scalar_one()
            _, calendar = PublishedCalendars().current(connection, agency_id)
            moved = connection.execute(
                select(clock_entries.c.due_before, clock_entries.c.due_after).where(clock_entries.c.kind == "calendar")
            )
            assert any(after > before for before, after in moved if before is not None and after is not None)
        assert (calendar.code, calendar.version) == ("suoi-may", 2)
        days = [UNTIL.date() - timedelta(days=n) for n in range(USUAL.days)]
        closed = next(on for on in days if "bão" in (calendar.day_name(on) or ""))
        worked = {row[name][:10] for row in exports(simulated)[1] for name in ("claimed_at", "done_at") if row[name]}
        assert closed.isoformat() not in worked

    def test_asked_for_supplements_and_got_most_of_them(self, simulated: Database) -> None:
        with simulated.reading() as connection:
            received = connection.execute(select(supplement_requests.c.received_at)).scalars().all()
        assert received.count(None) < len(received) / 2
        assert None in received

    def test_asked_for_one_minutes_before_a_step_was_due(self, simulated: Database) -> None:
        query = (
            select(supplement_requests.c.requested_at, steps.c.opened_at, steps.c.limit_minutes, steps.c.calendar_version_id)
            .join(dossiers, dossiers.c.id == supplement_requests.c.dossier_id)
            .join(steps, steps.c.instance_id == dossiers.c.instance_id)
            .where(steps.c.opened_at < supplement_requests.c.requested_at, steps.c.limit_minutes.is_not(None))
            .where(steps.c.done_at.is_(None) | (steps.c.done_at > supplement_requests.c.requested_at))
        )
        with simulated.reading() as connection:
            calendars = PublishedCalendars()
            left = [
                calendars.by_id(connection, row.calendar_version_id).add(row.opened_at, row.limit_minutes) - row.requested_at
                for row in connection.execute(query).all()
            ]
        assert any(timedelta(0) < one < timedelta(minutes=10) for one in left)

    def test_involves_the_land_office(self, simulated: Database) -> None:
        assert {row["handler"] for row in exports(simulated)[1] if row["agency"] == "H99.900"} >= {"ruong.vi"}

    def test_lets_nobody_check_the_own_work(self, simulated: Database) -> None:
        filed, done, _ = exports(simulated)
        procedure = {row["dossier_code"]: row["procedure"] for row in filed}
        rules = {code: _checked_steps(code) for code in set(procedure.values())}
        handler = {(row["dossier_code"], row["step_code"]): row["handler"] for row in done}
        checked = [
            (handler[dossier, step], handler.get((dossier, rules[procedure[dossier]][step])))
            for dossier, step in handler
            if step in rules[procedure[dossier]] and handler[dossier, step] is not None
        ]
        assert checked
        assert [pair for pair in checked if pair[0] == pair[1]] == []

    def test_has_one_password_for_everybody(self, simulated: Database) -> None:
        with simulated.reading() as connection:
            hashes = set(connection.execute(select(Person.password_hash)).scalars())
        assert len(hashes) == 1
        assert Passwords().verify(hashes.pop(), "demo")

    def test_stands_up_to_the_doctor_and_to_the_verification_of_the_trace(self, simulated: Database) -> None:
        clock, ids = VirtualClock(UNTIL), TimeOrderedIds()
        with simulated.reading() as connection:
            report = examine(connection, calendars=PublishedCalendars(), definitions=Definitions(clock=clock, ids=ids), now=UNTIL)
            assert [check for check in report.checks if not check.ok] == []
            assert verify(connection).ok


def _checked_steps(code: str) -> dict[str, str]:
    """Step codes that may not be done by whoever did another: that other's code."""
    model = read_model({"model.bpmn": next(PROCEDURES.glob(f"{code}-*")).joinpath("model.bpmn").read_bytes()})
    return {step.code: step.handler.code for step in model.steps.values() if step.handler is not None and step.handler.kind == "not"}


class TestCommands:
    @pytest.fixture(autouse=True)
    def _environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EISO_VAR", str(tmp_path))
        monkeypatch.delenv("EISO_DATABASE_URL", raising=False)

    def test_simulate_prints_what_came_of_it(self, tmp_path: Path) -> None:
        arguments = ["simulate", "--dossiers", "30", "--days", "12", "--seed", "5", "--until", "2026-11-20T16:00", "--json"]
        result = CliRunner().invoke(eiso, arguments, catch_exceptions=False)
        assert result.exit_code == 0
        facts = json.loads(result.stdout)
        assert facts["finished"] + facts["refused"] + facts["withdrawn"] + facts["waiting"] == facts["dossiers"] == 30
        assert facts["until"] == "2026-11-20T16:00:00+07:00"
        exported = CliRunner().invoke(eiso, ["export", "dossiers", "--out", str(tmp_path / "dossiers.csv")], catch_exceptions=False)
        assert exported.exit_code == 0
        with (tmp_path / "dossiers.csv").open(encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) == 30

    @pytest.mark.parametrize(
        "wrong", [["--dossiers", "0", "--days", "5"], ["--days", "5"], ["--dossiers", "5", "--days", "5", "--until", "gestern"]]
    )
    def test_simulate_refuses_what_makes_no_sense(self, wrong: list[str]) -> None:
        assert CliRunner().invoke(eiso, ["simulate", *wrong]).exit_code != 0

    def test_demo_leaves_a_database_alone_that_is_none_of_its_own(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EISO_LISTEN", "127.0.0.1:18479")
        monkeypatch.setenv("EISO_DATABASE_URL", database.url.render_as_string(hide_password=False))
        result = CliRunner().invoke(eiso, ["demo"])
        assert result.exit_code != 0
        assert "left alone" in result.output

    def test_demo_is_built_once_and_goes_on(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        served = list[str]()
        monkeypatch.setenv("EISO_LISTEN", "127.0.0.1:18480")
        monkeypatch.setattr(demo_command, "DOSSIERS", 25)
        monkeypatch.setattr(demo_command, "DAYS", 15)
        monkeypatch.setattr(demo_command, "listen", lambda settings, factory: served.append(factory))
        monkeypatch.setattr(demo_command, "application_of", lambda settings, url: None)
        for _ in range(2):
            monkeypatch.delenv("EISO_DATABASE_URL", raising=False)
            result = CliRunner().invoke(eiso, ["demo"], catch_exceptions=False)
            assert result.exit_code == 0
            assert "http://127.0.0.1:18480" in result.output
            assert "nang.hoang" in result.output
        assert served == ["web.cli.demo:application"] * 2
        assert result.output.count("building") == 0
        database = Database(f"sqlite:///{tmp_path / 'demo.db'}")
        assert len(exports(database)[0]) == 25
        database.dispose()
