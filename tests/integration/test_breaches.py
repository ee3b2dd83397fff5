"""A missed deadline becomes a nonconformity by itself, exactly once, whichever way it is found: no way may lose one."""

import threading
from datetime import date, timedelta

import pytest

from engine.actor import SYSTEM
from engine.database import Database
from engine.errors import InvalidError, WrongStateError
from engine.recounting import list_moves, move_deadlines
from engine.worktime import CalendarDay
from processes.dossiers.operations import Accepted
from processes.organisation.calendars import publish_calendar
from processes.organisation.rights import actor_for
from tests.office import Office, local, open_office


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database).at("2026-11-20T08:00")


@pytest.fixture
def overdue(office: Office) -> Accepted:
    """B1 was due at 10:00; it is 10:01."""
    accepted = office.accept()
    office.at("2026-11-20T10:01")
    return accepted


def sources(office: Office) -> list[str]:
    return [row["source"].removeprefix("H99.018.01-261120-") for row in office.nonconformities()]


class TestSweep:
    def test_leaves_a_step_alone_until_its_minute_has_passed(self, office: Office) -> None:
        office.accept()
        assert office.at("2026-11-20T10:00").sweep().steps_overdue == 0
        assert office.later(seconds=59).sweep().steps_overdue == 0
        assert office.later(seconds=1).sweep().steps_overdue == 1

    def test_records_the_true_moment_however_late_it_runs(self, office: Office, overdue: Accepted) -> None:
        office.at("2026-11-27T09:00").sweep()
        step = office.open_step(overdue)
        assert step["breached_at"] == local("2026-11-20T10:00")
        assert [(row["kind"], row["occurred_at"]) for row in office.nonconformities()] == [
            ("dossier_overdue", local("2026-11-23T08:00")),
            ("step_overdue", local("2026-11-20T10:00")),
        ]

    def test_finds_nothing_the_second_time(self, office: Office, overdue: Accepted) -> None:
        assert office.sweep("2026-11-20T10:01").nonconformities_raised == 1
        again = office.sweep("2026-11-20T10:01")
        assert (again.steps_overdue, again.dossiers_overdue, again.nonconformities_raised, again.timers_fired) == (0, 0, 0, 0)
        assert sources(office) == ["0001/B1/1"]

    def test_refuses_to_look_into_the_future_of_a_live_database(self, office: Office) -> None:
        with pytest.raises(InvalidError) as refused:
            office.sweep("2026-11-20T12:00")
        assert refused.value.code == "sweep_in_future"

    def test_blames_the_unit_for_a_step_that_nobody_took(self, office: Office, overdue: Accepted) -> None:
        office.sweep()
        (raised,) = office.nonconformities()
        assert raised["handler_id"] is None
        assert raised["unit_id"] == office.commune.units["counter"]

    def test_blames_the_one_who_held_it_when_the_deadline_passed(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T08:30").claim(accepted, "nang.hoang")
        office.at("2026-11-20T10:01").sweep()
        (raised,) = office.nonconformities()
        assert raised["handler_id"] == office.commune.people["nang.hoang"]
        assert raised["evidence"]["slip"]["unclaimed_minutes"] == 30
        assert raised["evidence"]["slip"]["holders"][0]["minutes_before_due"] == 90

    def test_does_not_blame_the_one_who_took_it_after_the_deadline(self, office: Office, overdue: Accepted) -> None:
        office.claim(overdue, "nang.hoang")
        office.at("2026-11-20T10:30").complete(overdue, "nang.hoang", late_reason="workload")
        (raised,) = office.nonconformities()
        assert raised["handler_id"] is None

    def test_waits_for_an_instance_that_somebody_holds(self, office: Office, overdue: Accepted) -> None:
        """The heartbeat speaks for every deadline: none is passed over because an officer was just working there."""
        if office.database.dialect == "sqlite":
            pytest.skip("SQLite has one writer; nothing is passed over there")
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with office.database.writing() as connection:
                office.areas.engine.lock(connection, overdue.instance_id)
                held.set()
                release.wait(10)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(10)
        threading.Timer(0.3, release.set).start()
        assert office.sweep().steps_overdue == 1
        holder.join()


class TestNoWayLosesABreach:
    def test_completed_by_somebody_who_waited_behind_the_sweep(self, office: Office) -> None:
        """Asked at 10:00:59, but the lock came at 10:01: what counts is the moment of having it, or sweep and slip disagree."""
        accepted = office.accept()
        office.at("2026-11-20T10:01").sweep()
        clock = office.commune.clock
        moments = iter([local("2026-11-20T10:00:59"), local("2026-11-20T10:01:02")])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: next(moments, local("2026-11-20T10:01:02")))
            step = office.open_step(accepted)
            with office.database.writing() as connection:
                actor = actor_for(connection, office.commune.people["nang.hoang"], now=local("2026-11-20T10:00"))
                office.areas.engine.complete(connection, step_id=step["id"], actor=actor, late_reason="workload", note="Đông")
        (done, _) = office.steps(accepted)
        assert done["done_at"] == local("2026-11-20T10:01:02")

    def test_completed_late_before_any_sweep(self, office: Office, overdue: Accepted) -> None:
        office.complete(overdue, "nang.hoang", late_reason="workload", note="Sáng nay đông người")
        (raised,) = office.nonconformities()
        assert (raised["status"], raised["reason_code"], raised["correction"]) == ("corrected", "workload", "Sáng nay đông người")
        assert office.sweep().nonconformities_raised == 0

    def test_swept_and_then_completed(self, office: Office, overdue: Accepted) -> None:
        office.sweep()
        office.complete(overdue, "nang.hoang", late_reason="workload")
        assert [row["status"] for row in office.nonconformities()] == ["corrected"]

    def test_asks_for_the_reason_and_then_records_it_once(self, office: Office, overdue: Accepted) -> None:
        with pytest.raises(InvalidError) as refused:
            office.complete(overdue, "nang.hoang")
        assert refused.value.code == "late_reason_required"
        assert office.nonconformities() == []  # nothing half saved
        assert office.open_step(overdue)["status"] == "open"

    def test_completed_within_the_minute_of_the_deadline_is_on_time(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T10:00:59").complete(accepted, "nang.hoang")
        assert office.at("2026-11-20T10:05").sweep().steps_overdue == 0
        assert sources(office) == []

    def test_suspended_after_it_had_passed(self, office: Office, overdue: Accepted) -> None:
        with office.database.writing() as connection:
            office.areas.dossiers.request_supplement(
                connection,
                actor=office.commune.actor(connection, "nang.hoang"),
                code=overdue.code,
                content="Giấy ủy quyền",
                reason="Còn thiếu",
            )
        assert sources(office) == ["0001/B1/1"]
        assert office.open_step(overdue)["due_at"] == local("2026-11-20T10:00")  # one that had passed stays
        assert office.at("2026-11-30T09:00").sweep().nonconformities_raised == 0  # the clock stands still

    def test_suspended_before_it_passes_raises_nothing(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T09:00")
        with office.database.writing() as connection:
            actor = office.commune.actor(connection, "nang.hoang")
            office.areas.dossiers.request_supplement(
                connection, actor=actor, code=accepted.code, content="Giấy ủy quyền", reason="Còn thiếu"
            )
        assert office.at("2026-12-01T09:00").sweep().nonconformities_raised == 0
        with pytest.raises(WrongStateError) as refused:
            office.complete(accepted, "nang.hoang")
        assert refused.value.code == "clock_stopped"
        with office.database.writing() as connection:
            office.areas.dossiers.receive_supplement(connection, actor=office.commune.actor(connection, "nang.hoang"), code=accepted.code)
        assert office.open_step(accepted)["due_at"] == local("2026-12-01T10:00")  # one hour was left
        assert office.at("2026-12-01T10:01").sweep().steps_overdue == 1

    @pytest.mark.parametrize("verb", ["refuse", "withdraw"])
    def test_refused_or_withdrawn_after_it_had_passed(self, office: Office, overdue: Accepted, verb: str) -> None:
        with office.database.writing() as connection:
            act = getattr(office.areas.dossiers, verb)
            act(connection, actor=office.commune.actor(connection, "nang.hoang"), code=overdue.code, reason="Không thuộc thẩm quyền")
        assert [(row["source"][-9:], row["status"]) for row in office.nonconformities()] == [("0001/B1/1", "corrected")]
        assert office.steps(overdue)[0]["status"] == "cancelled"
        assert office.sweep().nonconformities_raised == 0

    def test_moved_by_a_new_calendar_version_after_it_had_passed(self, office: Office, overdue: Accepted) -> None:
        version = declare_day_off(office, date(2026, 11, 23))
        with office.database.writing() as connection:
            moves = move_deadlines(
                connection,
                office.areas.engine,
                agency_id=office.commune.agency_id,
                calendar_version_id=version,
                actor=SYSTEM,
                reference="TB-1",
            )
        assert [(move.step_code, move.after) for move in moves] == [(None, local("2026-11-25T08:00"))]
        assert sources(office) == ["0001/B1/1"]
        assert office.open_step(overdue)["due_at"] == local("2026-11-20T10:00")

    def test_moved_by_a_new_calendar_version_before_it_passes(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T09:00").complete(accepted, "nang.hoang")
        office.at("2026-11-20T11:00").complete(accepted, "but.luong")
        office.at("2026-11-20T16:30").complete(accepted, "tinh.dinh", outcome="approve", late_reason="absence")
        assert office.open_step(accepted)["due_at"] == local("2026-11-23T08:00")
        office.later(minutes=1)
        version = declare_day_off(office, date(2026, 11, 23))
        with office.database.reading() as connection:
            listed = list_moves(
                connection, office.areas.engine, agency_id=office.commune.agency_id, calendar_version_id=version, actor=SYSTEM
            )
        assert [(move.step_code, move.after) for move in listed] == [(None, local("2026-11-25T08:00")), ("B4", local("2026-11-25T08:00"))]
        with office.database.writing() as connection:
            move_deadlines(
                connection,
                office.areas.engine,
                agency_id=office.commune.agency_id,
                calendar_version_id=version,
                actor=SYSTEM,
                reference="TB-1",
            )
        assert office.at("2026-11-23T17:00").sweep().nonconformities_raised == 0
        assert office.at("2026-11-25T08:01").sweep().nonconformities_raised == 2

    def test_a_later_change_of_the_deadline_does_not_remove_a_breach(self, office: Office, overdue: Accepted) -> None:
        office.at("2026-11-23T09:00").sweep()
        version = declare_day_off(office, date(2026, 11, 23))
        with office.database.writing() as connection:
            move_deadlines(
                connection,
                office.areas.engine,
                agency_id=office.commune.agency_id,
                calendar_version_id=version,
                actor=SYSTEM,
                reference="TB-1",
            )
        assert sources(office) == ["0001", "0001/B1/1"]
        assert office.instance(overdue)["breached_at"] == local("2026-11-23T08:00")

    def test_an_overdue_dossier_is_corrected_when_its_result_is_back_at_the_counter(self, office: Office, overdue: Accepted) -> None:
        office.complete(overdue, "nang.hoang", late_reason="workload")
        office.at("2026-11-23T09:00").complete(overdue, "but.luong", late_reason="workload")
        office.complete(overdue, "tinh.dinh", outcome="approve")
        assert {row["status"] for row in office.nonconformities() if row["kind"] == "dossier_overdue"} == {"raised"}
        office.complete(overdue, "dau.do")
        assert {row["status"] for row in office.nonconformities() if row["kind"] == "dossier_overdue"} == {"corrected"}
        assert office.instance(overdue)["clock"] == "finished"

    def test_a_citizen_who_comes_late_costs_nothing(self, office: Office) -> None:
        accepted = office.accept()
        for login, outcome in (("nang.hoang", None), ("but.luong", None), ("tinh.dinh", "approve"), ("dau.do", None)):
            office.later(minutes=10).complete(accepted, login, outcome=outcome)
        assert office.at("2027-02-01T09:00").sweep().nonconformities_raised == 0


def declare_day_off(office: Office, on: date) -> int:
    """Publish the next version of the calendar, with one more day off."""
    with office.database.writing() as connection:
        _, calendar = office.areas.calendars.current(connection, office.commune.agency_id)
        span = (calendar.last_on - calendar.first_on).days + 1
        days = [day for offset in range(span) if (day := calendar.day(calendar.first_on + timedelta(days=offset))) is not None]
        return publish_calendar(
            connection,
            code=calendar.code,
            name="Lịch làm việc",
            source="TB-1",
            days=[*days, CalendarDay(on, "off", "Nghỉ phòng chống bão Mây", "TB-1")],
            first_on=calendar.first_on,
            last_on=calendar.last_on,
            **office.commune.doing,
        )
