"""The doctor finds nothing in what was lived by the rules, and names the place in what was changed by hand."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, event, text, update

from engine.actor import SYSTEM
from engine.clock import SystemClock
from engine.database import Database
from engine.definitions import Definitions
from engine.ids import TimeOrderedIds
from engine.recounting import move_deadlines
from engine.tables import instances, steps, timers
from engine.worktime import CalendarDay, default_days
from processes.catalogue.loading import load_procedure
from processes.doctor.examination import OF_LIVES, OF_TABLES, examine
from processes.doctor.report import Check, Finding, Report
from processes.dossiers.operations import Accepted
from processes.organisation.calendars import PublishedCalendars, publish_calendar
from processes.quality.models import nonconformities
from tests.integration.breaks import BREAKS, Break
from tests.integration.lives import INVENTED, examined, faults, invented_procedure, random_office
from tests.office import COPY, Office, local, open_office
from web.schema import upgrade

START = "2026-11-20T08:00"


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database).at(START)


@pytest.fixture
def odd_office(office: Office, tmp_path: Path) -> Office:
    """With the invented procedure that has timers, a drawn wait and an extension."""
    with office.database.writing() as connection:
        folder = invented_procedure(tmp_path / INVENTED)
        load_procedure(connection, folder, definitions=office.areas.engine.definitions, actor=SYSTEM, ids=office.commune.ids)
    return office


class TestReport:
    def test_names_the_first_faults_and_counts_the_others(self) -> None:
        finding = Finding("numbers")
        for number in range(7):
            finding.looked()
            finding.expect(f"KPH-{number}", "the year", 2025, 2026)
        assert finding.check() == Check(
            "numbers", False, 7, "; ".join(f"KPH-{n}: the year is 2025, should be 2026" for n in range(5)) + "; and 2 more"
        )

    def test_has_the_keys_that_scripts_rely_on(self) -> None:
        report = Report(None, (Check("a", True, 3, ""), Check("b", False, 1, "x: y")))
        assert report.as_dict() == {
            "ok": False,
            "checks": [{"name": "a", "ok": True, "counted": 3, "detail": ""}, {"name": "b", "ok": False, "counted": 1, "detail": "x: y"}],
        }


class TestExamine:
    def test_finds_nothing_in_an_office_that_has_just_opened(self, office: Office) -> None:
        report = examined(office)
        assert (report.ok, report.as_of) == (True, None)

    def test_misses_a_breach_only_once_a_sweep_should_have_found_it(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T09:59").sweep()
        office.at("2026-11-20T10:30")  # B1 was due at 10:00
        assert faults(examined(office)) == {}
        missed = faults(examined(office, at=local("2026-11-20T10:01")))
        assert missed == {"breaches.steps": f"{accepted.code}/B1/1: the deadline 2026-11-20T03:00+00:00 passed and no breach is recorded"}
        office.sweep()
        assert faults(examined(office)) == {}

    def test_misses_a_breach_that_completing_should_have_settled(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T10:01").complete(accepted, "nang.hoang", late_reason="workload")
        assert faults(examined(office)) == {}
        with office.database.writing() as connection:
            connection.execute(update(steps).where(steps.c.code == "B1").values(breached_at=None, breach_handler_id=None))
        assert "breaches.steps" in faults(examined(office))  # no sweep has run, yet the completion touched it

    def test_does_not_ask_why_a_sweep_is_late(self, office: Office) -> None:
        office.accept()
        office.sweep()
        office.at("2026-12-20T10:00")
        assert examined(office).ok

    def test_finds_a_nonconformity_deleted_by_hand(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T10:01").sweep()
        assert examined(office).ok
        with office.database.writing() as connection:
            connection.execute(delete(nonconformities))
        found = faults(examined(office))
        assert found["nonconformities.of_breaches"] == f"{accepted.code}/B1/1: its breach has no nonconformity"
        assert found["numbers.nonconformities"] == "H99.018, nonconformity 2026: the highest number is 0, the last one taken is 1"
        assert found["trace.gone"] == "nonconformity KPH-2026-0001: the trace speaks of it and it is gone"

    def test_finds_a_deadline_moved_by_hand_although_its_row_agrees_with_itself(self, office: Office) -> None:
        accepted = office.accept()
        with office.database.writing() as connection:
            connection.execute(update(steps).values(due_at=local("2026-11-20T16:00")))
        assert faults(examined(office)) == {
            "clock.steps": f"{accepted.code}/B1/1: due_at is 2026-11-20T09:00+00:00, should be 2026-11-20T03:00+00:00"
        }

    def test_calls_a_breach_before_its_moment_wrong(self, office: Office) -> None:
        accepted = office.accept()
        with office.database.writing() as connection:
            connection.execute(update(instances).values(breached_at=instances.c.due_at))
        found = faults(examined(office))
        assert found["breaches.dossiers"] == f"{accepted.code}: a breach at 2026-11-23T01:00+00:00 is recorded, but no deadline passed"

    def test_goes_on_when_a_ledger_cannot_be_replayed(self, office: Office) -> None:
        office.accept()
        other = office.accept()
        with office.database.writing() as connection:
            connection.execute(text("update clock_entries set kind = 'resume' where instance_id = :id"), {"id": other.instance_id})
        found = faults(examined(office))
        assert other.code in found["clock.instances"]
        assert "running.waiting" not in found


class TestWhatTheDoctorFoundOnce:
    """Ways in which data came apart, each found by random lives."""

    def test_a_calendar_applied_while_the_clock_is_stopped_moves_what_is_held(self, odd_office: Office) -> None:
        office = odd_office
        accepted = office.accept()
        office.later(minutes=30)
        ask(office, accepted)
        publish_days(office, office.at("2026-11-26T09:00"), date(2026, 11, 20))
        assert faults(examined(office)) == {}

    def test_a_deadline_that_an_approved_calendar_moves_into_the_past_is_breached_at_once(self, office: Office) -> None:
        publish_days(office, office, date(2026, 11, 23))
        accepted = office.accept()  # due on 25/11 at 8:00, as the 23rd and the 24th are off
        office.at("2026-11-23T10:00")
        ask(office, accepted)
        publish_days(office, office.at("2026-11-25T10:00"), approved=True)  # the 23rd was a working day after all
        assert office.instance(accepted)["breached_at"] == local("2026-11-23T08:00")
        assert faults(examined(office)) == {}

    def test_a_step_that_its_timer_ends_after_another_one_is_corrected_with_it(self, odd_office: Office) -> None:
        """In one sweep, one dossier's step is cancelled in time and another's is found overdue and cancelled."""
        office = odd_office
        first, second = accept_at_timer(office), accept_at_timer(office)
        with office.database.writing() as connection:  # the first has a step that is not late when its timer goes off
            connection.execute(update(timers).where(timers.c.instance_id == first.instance_id).values(fire_at=local("2026-11-20T11:00")))
        office.at("2026-11-30T09:00").sweep()
        statuses = {row["source"]: row["status"] for row in office.nonconformities()}
        assert statuses[f"{second.code}/B2/1"] == "corrected"

    def test_a_timer_found_late_after_a_receipt_entered_late(self, odd_office: Office) -> None:
        office = odd_office
        accepted = accept_at_timer(office)  # B2 and its timer run since 20/11 10:00
        ask(office, accepted)
        office.at("2026-11-30T09:00")
        with office.database.writing() as connection:
            office.areas.dossiers.receive_supplement(
                connection,
                actor=office.commune.actor(connection, "nang.hoang"),
                code=accepted.code,
                received_at=local("2026-11-25T10:00"),
            )
        office.later(minutes=5).sweep()
        (step,) = [step for step in office.steps(accepted) if step["code"] == "B2"]
        assert (step["status"], step["breached_at"]) == ("cancelled", local("2026-11-25T15:30"))
        assert faults(examined(office)) == {}


def ask(office: Office, accepted: Accepted) -> None:
    with office.database.writing() as connection:
        actor = office.commune.actor(connection, "nang.hoang")
        office.areas.dossiers.request_supplement(connection, actor=actor, code=accepted.code, content="Giấy ủy quyền", reason="Còn thiếu")


def accept_at_timer(office: Office) -> Accepted:
    """A dossier of the invented procedure whose drawn wait has ended, so that B2 and the timer on it run."""
    accepted = office.at(START).accept(INVENTED)
    for code in ("B1", "B4"):
        office.complete(accepted, "but.luong", code)
    return accepted


def publish_days(office: Office, _then: Office, *off: date, approved: bool = False) -> None:
    """Publish a calendar with these days off, and move the open deadlines."""
    with office.database.writing() as connection:
        version = publish_calendar(
            connection,
            code="vn",
            name="Lịch làm việc",
            source="TB-1",
            days=[*default_days(), *(CalendarDay(on, "off", "Nghỉ phòng chống bão Mây", "TB-1") for on in off)],
            first_on=date(2024, 1, 1),
            last_on=date(2027, 12, 31),
            **office.commune.doing,
        )
        move_deadlines(
            connection,
            office.areas.engine,
            agency_id=office.commune.agency_id,
            calendar_version_id=version,
            actor=SYSTEM,
            reference="TB-1",
            approved=approved,
        )


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Callable[[Database], Report]]]:
    """A database in which enough has happened that every break finds its row; the doctor finds nothing in it."""
    folder = tmp_path_factory.mktemp("lived")
    path = folder / "lived.db"
    database = Database(f"sqlite:///{path}")
    event.listen(database.sql, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    upgrade(database)
    lives = random_office(database, folder, 24, "2.000908", "1.004873", "1.001193")
    finish_in_time(lives.office)
    for _ in range(20):
        lives.live(100)
        if has_all_rows(path):
            break
    assert faults(examined(lives.office)) == {}
    database.dispose()
    now = lives.now

    def doctor(opened: Database) -> Report:
        definitions = Definitions(clock=SystemClock(), ids=TimeOrderedIds())
        with opened.reading() as connection:
            return examine(connection, calendars=PublishedCalendars(), definitions=definitions, now=now)

    yield path, doctor


def finish_in_time(office: Office) -> None:
    """Random officers are seldom quick; one dossier is through within the hour."""
    accepted = office.accept(COPY)
    for login, outcome in (("nang.hoang", None), ("but.luong", None), ("tinh.dinh", "approve"), ("dau.do", None)):
        office.later(minutes=5).complete(accepted, login, outcome=outcome)
    step = office.open_step(accepted)
    with office.database.writing() as connection:
        actor = office.commune.actor(connection, "nang.hoang")
        office.areas.dossiers.return_result(connection, actor=actor, code=accepted.code, step_id=step["id"], receiver="Lường Văn Đạt")


def has_all_rows(path: Path) -> bool:
    connection = sqlite3.connect(path)
    found = [connection.execute(f"{broken.find} limit 1").fetchone() for broken in BREAKS]
    connection.close()
    return None not in found


class TestWhatIsChangedByHand:
    @pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.label)
    def test_is_found_and_named(self, broken: Break, lived: tuple[Path, Callable[[Database], Report]], tmp_path: Path) -> None:
        path, doctor = lived
        copy = tmp_path / "broken.db"
        shutil.copyfile(path, copy)
        row_id, name = change_by_hand(copy, broken)
        opened = Database(f"sqlite:///{copy}")
        found = faults(doctor(opened))
        opened.dispose()
        assert broken.check in found, f"{name} ({row_id}) was changed and not found; found: {found}"
        assert name.split("/")[0] in found[broken.check]

    def test_has_a_break_for_every_check(self) -> None:
        assert {broken.check for broken in BREAKS} == {*OF_LIVES, *OF_TABLES}


def change_by_hand(path: Path, broken: Break) -> tuple[object, str]:
    """As somebody with the password of the database would do it: past foreign keys and past the triggers of the trace."""
    connection = sqlite3.connect(path)
    for (trigger,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        connection.execute(f"drop trigger {trigger}")
    found = connection.execute(f"{broken.find} limit 1").fetchone()
    assert found is not None, f"nobody lived so that there is: {broken.find}"
    row_id, name = found
    assert connection.execute(broken.change, (row_id,)).rowcount
    connection.commit()
    connection.close()
    return row_id, str(name)
