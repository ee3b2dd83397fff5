"""The life of a dossier in its statuses: filed, accepted, supplemented, refused, withdrawn, finished, returned."""

import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.database import Database
from engine.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, WrongStateError
from processes.catalogue.queries import procedure_in_force
from processes.dossiers.intake import PaperEntry, PartyEntry
from processes.dossiers.models import dossiers, issued_forms, supplement_requests
from processes.dossiers.operations import Accepted
from processes.dossiers.slip import tracking_slip
from tests.office import COPY, OWNER, Office, local, open_office

BIRTH, MARITAL, MARRIAGE, DEATH = "1.001193", "1.004873", "1.000894", "1.000656"


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database).at("2026-11-20T14:20")


def row(office: Office, code: str) -> dict[str, Any]:
    with office.database.reading() as connection:
        return dict(connection.execute(select(dossiers).where(dossiers.c.code == code)).mappings().one())


def act(office: Office, verb: str, login: str, code: str, **values: Any) -> Any:
    with office.database.writing() as connection:
        return getattr(office.areas.dossiers, verb)(connection, actor=office.commune.actor(connection, login), code=code, **values)


def supplement(office: Office, code: str, **values: Any) -> str:
    wanted = {"content": "Bản sao giấy ủy quyền", "reason": "Người nộp không phải chủ hồ sơ", **values}
    return str(act(office, "request_supplement", "nang.hoang", code, **wanted))


class TestAccept:
    def test_gives_a_code_a_place_in_the_register_and_an_appointment(self, office: Office) -> None:
        accepted = office.accept()
        dossier = row(office, accepted.code)
        assert accepted.code == "H99.018.01-261120-0001"
        assert (dossier["status"], dossier["book_year"], dossier["running_no"]) == (2, 2026, 1)
        assert dossier["promised_at"] == local("2026-11-23T14:20") == accepted.promised_at
        assert office.open_step(accepted)["code"] == "B1"

    def test_starts_the_daily_sequence_anew_each_day_and_the_register_each_year(self, office: Office) -> None:
        moments = ("2026-11-20T14:20", "2026-11-20T14:20", "2026-12-31T08:00", "2027-01-04T08:00")
        codes = [office.at(moment).accept().code for moment in moments]
        assert [code[-11:] for code in codes] == ["261120-0001", "261120-0002", "261231-0001", "270104-0001"]
        assert [row(office, code)["running_no"] for code in codes] == [1, 2, 3, 1]

    def test_numbers_without_gaps_when_many_come_at_once_and_some_fail(self, office: Office) -> None:
        def accept(index: int) -> None:
            actor = office.actor("nang.hoang")
            try:
                with office.database.writing() as connection:
                    office.areas.dossiers.accept(connection, actor=actor, intake=intake)
                    if index % 3 == 0:
                        raise LookupError("the officer's connection breaks")
            except LookupError:
                pass

        intake = office.intake()
        threads = [threading.Thread(target=accept, args=(index,)) for index in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with office.database.reading() as connection:
            codes = sorted(connection.execute(select(dossiers.c.code)).scalars())
            numbers = sorted(connection.execute(select(issued_forms.c.running_no).where(issued_forms.c.form == "receipt_slip")).scalars())
        assert codes == [f"H99.018.01-261120-{number:04d}" for number in range(1, 9)]
        assert numbers == list(range(1, 9))

    def test_counts_a_same_day_procedure_from_the_hour_of_receipt(self, office: Office) -> None:
        office.load(BIRTH)
        assert office.at("2026-11-20T14:59").accept(BIRTH).promised_at == local("2026-11-20T17:00")
        late = office.at("2026-11-23T15:01").accept(BIRTH)
        assert late.promised_at == local("2026-11-25T17:00")  # 24/11 is a day off

    def test_gives_same_day_steps_their_share_of_the_day(self, office: Office) -> None:
        accepted = office.load(BIRTH).at("2026-11-20T15:00").accept(BIRTH)  # 2 of 8 hours are left
        step = office.open_step(accepted)
        assert (step["limit_text"], step["limit_minutes"], step["due_at"]) == ("1.5h", 22, local("2026-11-20T15:22"))

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"owner": PartyEntry("", "014085000456", phone="0900000119", address="Bản Mây Hồng")}, "owner.name"),
            ({"owner": PartyEntry("Lường Văn Đạt", "01408500045", phone="0900000119", address="Bản Mây Hồng")}, "owner.id_number"),
            ({"owner": PartyEntry("Lường Văn Đạt", "014285000456", phone="0900000119", address="Bản Mây Hồng")}, "owner.id_number"),
            ({"owner": PartyEntry("Lường Văn Đạt", "014085000456", phone="12", address="Bản Mây Hồng")}, "owner.phone"),
            ({"channel": "pigeon"}, "channel"),
            ({"sets": 0}, "sets"),
            ({"papers": [PaperEntry("TP99", originals=1)]}, "papers.TP99"),
            ({"papers": [PaperEntry("TP1", originals=-1)]}, "papers.TP1"),
        ],
    )
    def test_names_every_field_that_cannot_be_used_and_saves_nothing(self, office: Office, changes: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidError) as refused:
            office.accept(**changes)
        assert field in refused.value.errors
        with office.database.reading() as connection:
            assert connection.execute(select(func.count()).select_from(dossiers)).scalar_one() == 0

    def test_names_the_papers_that_are_missing(self, office: Office) -> None:
        with pytest.raises(InvalidError) as refused:
            office.load(DEATH).accept(DEATH, papers=[])
        assert refused.value.code == "papers_missing"
        assert "Tờ khai đăng ký khai tử" in refused.value.facts["missing"]

    def test_refuses_an_unknown_procedure(self, office: Office) -> None:
        with pytest.raises(NotFoundError) as refused, office.database.writing() as connection:
            intake = office.intake()
            unknown = type(intake)(procedure_code="9.999999", channel="direct", owner=OWNER)
            office.areas.dossiers.accept(connection, actor=office.commune.actor(connection, "nang.hoang"), intake=unknown)
        assert refused.value.code == "procedure_not_found"

    def test_refuses_a_procedure_before_it_is_in_force(self, office: Office) -> None:
        with pytest.raises(InvalidError) as refused, office.database.reading() as connection:
            procedure_in_force(connection, COPY, date(2025, 6, 30))
        assert refused.value.code == "procedure_not_in_force"

    def test_is_for_the_counter_only(self, office: Office) -> None:
        with pytest.raises(NotPermittedError):
            office.accept(login="dat.pham")


class TestOnlineFiling:
    def test_waits_for_its_answer_with_a_clock_of_eight_working_hours(self, office: Office) -> None:
        intake = office.intake(channel="online")
        with office.at("2026-11-19T20:15").database.writing() as connection:
            code = office.areas.dossiers.file(
                connection, actor=office.actor("nang.hoang"), agency_id=office.commune.agency_id, intake=intake
            )
        filed = row(office, code)
        assert (filed["status"], filed["instance_id"], filed["answer_due_at"]) == (1, None, local("2026-11-20T17:00"))
        assert office.at("2026-11-27T08:00").sweep().nonconformities_raised == 0
        accepted = act(office, "accept_filing", "nang.hoang", code)
        assert row(office, code)["status"] == 2
        assert accepted.promised_at == local("2026-11-30T08:00")  # the clock starts at acceptance
        with pytest.raises(WrongStateError):
            act(office, "accept_filing", "nang.hoang", code)

    def test_may_be_refused_without_ever_running(self, office: Office) -> None:
        intake = office.intake(channel="online")
        with office.database.writing() as connection:
            code = office.areas.dossiers.file(
                connection, actor=office.actor("nang.hoang"), agency_id=office.commune.agency_id, intake=intake
            )
        assert act(office, "refuse", "nang.hoang", code, reason="Không thuộc thẩm quyền của xã") == "1/TTPVHCC"
        assert (row(office, code)["status"], row(office, code)["instance_id"]) == (3, None)


class TestSupplement:
    def test_stops_the_clock_and_resumes_it_at_the_receipt(self, office: Office) -> None:
        accepted = office.accept()  # 14:20 on Friday, one working day
        office.at("2026-11-20T15:20")
        assert supplement(office, accepted.code) == "1/HDHS"
        assert (row(office, accepted.code)["status"], office.instance(accepted)["due_at"]) == (5, None)
        office.at("2026-11-25T09:00")
        act(
            office,
            "receive_supplement",
            "nang.hoang",
            accepted.code,
            received_at=local("2026-11-25T08:00"),
            papers=[PaperEntry("TP1", originals=1)],
        )
        dossier = row(office, accepted.code)
        assert dossier["status"] == 2
        assert dossier["promised_at"] == office.instance(accepted)["due_at"] == local("2026-11-25T16:30")  # 7 of 8 hours were left
        assert office.open_step(accepted)["due_at"] == local("2026-11-25T09:00")

    def test_is_asked_once_unless_there_is_a_reason(self, office: Office) -> None:
        accepted = office.accept()
        supplement(office, accepted.code)
        act(office, "receive_supplement", "nang.hoang", accepted.code)
        with pytest.raises(InvalidError) as refused:
            supplement(office, accepted.code)
        assert refused.value.code == "supplement_repeated"
        supplement(office, accepted.code, repeat_reason="Giấy nộp bị nhòe")
        with office.database.reading() as connection:
            assert list(connection.execute(select(supplement_requests.c.ordinal).order_by(supplement_requests.c.ordinal)).scalars()) == [
                1,
                2,
            ]

    @pytest.mark.parametrize(
        ("received", "code"), [("2026-11-20T14:00", "receipt_before_pause"), ("2026-11-30T09:00", "receipt_in_future")]
    )
    def test_refuses_a_receipt_outside_the_pause(self, office: Office, received: str, code: str) -> None:
        accepted = office.accept()
        supplement(office, accepted.code)
        office.at("2026-11-23T09:00")
        with pytest.raises(InvalidError) as refused:
            act(office, "receive_supplement", "nang.hoang", accepted.code, received_at=local(received))
        assert refused.value.code == code
        assert row(office, accepted.code)["status"] == 5

    def test_needs_words(self, office: Office) -> None:
        accepted = office.accept()
        with pytest.raises(InvalidError) as refused:
            supplement(office, accepted.code, reason="  ")
        assert refused.value.code == "reason_required"

    def test_is_refused_twice_in_a_row_and_on_a_closed_dossier(self, office: Office) -> None:
        accepted = office.accept()
        supplement(office, accepted.code)
        with pytest.raises(WrongStateError):
            supplement(office, accepted.code, repeat_reason="Thêm giấy")
        act(office, "withdraw", "nang.hoang", accepted.code, reason="Công dân xin rút")
        with pytest.raises(WrongStateError) as refused:
            supplement(office, accepted.code, repeat_reason="Thêm giấy")
        assert refused.value.code == "dossier_closed"

    def test_a_pause_across_two_stops_is_counted_each_time(self, office: Office) -> None:
        accepted = office.accept()
        for start, answer in (("2026-11-20T15:20", "2026-11-23T08:30"), ("2026-11-23T09:30", "2026-11-25T10:00")):
            office.at(start)
            supplement(office, accepted.code, repeat_reason="Thêm giấy")
            office.at(answer)
            act(office, "receive_supplement", "nang.hoang", accepted.code)
        assert office.instance(accepted)["due_at"] == local("2026-11-26T08:00")  # 8 h less 2 h used: 6 h from 10:00


class TestDrawnWait:
    @pytest.fixture
    def waiting(self, office: Office) -> Accepted:
        """The marital-status certificate waits for the commune where the citizen lived before."""
        accepted = office.load(MARITAL).at("2026-11-20T08:00").accept(MARITAL)
        office.later(hours=1).complete(accepted, "nang.hoang")
        office.later(hours=1).complete(accepted, "but.luong", outcome="verify")
        return accepted

    def test_stops_the_clock_from_its_opening_to_its_completion(self, office: Office, waiting: Accepted) -> None:
        step = office.open_step(waiting)
        assert (step["due_at"], step["reply_due_at"], office.instance(waiting)["clock"]) == (None, local("2026-11-26T10:00"), "stopped")
        assert office.at("2026-12-10T10:00").sweep().nonconformities_raised == 0
        office.complete(waiting, "but.luong")
        assert office.instance(waiting)["clock"] == "running"
        assert office.instance(waiting)["due_at"] == local("2026-12-15T08:00")  # 22 of 24 hours were left
        assert row(office, waiting.code)["promised_at"] == office.instance(waiting)["due_at"]

    def test_overlaps_with_a_supplement_and_time_stands_still_once(self, office: Office, waiting: Accepted) -> None:
        before = 24 * 60 - 120  # two working hours were used
        office.at("2026-11-23T09:00")
        supplement(office, waiting.code)
        office.at("2026-11-25T09:00").complete(waiting, "but.luong")  # the one step that can be completed meanwhile
        assert office.instance(waiting)["clock"] == "stopped"
        next_step = office.open_step(waiting)
        assert (next_step["due_at"], next_step["remaining_minutes"]) == (None, next_step["limit_minutes"])
        office.at("2026-11-26T13:00")
        act(office, "receive_supplement", "nang.hoang", waiting.code)
        with office.database.reading() as connection:
            _, calendar = office.areas.calendars.current(connection, office.commune.agency_id)
        assert office.instance(waiting)["due_at"] == calendar.add(local("2026-11-26T13:00"), before)
        assert office.open_step(waiting)["due_at"] == calendar.add(local("2026-11-26T13:00"), next_step["limit_minutes"])


class TestExtends:
    def test_lengthens_the_limit_when_the_verification_branch_is_entered_once(self, office: Office) -> None:
        accepted = office.load(MARRIAGE).at("2026-11-20T08:00").accept(MARRIAGE)
        assert accepted.promised_at == local("2026-11-20T17:00")
        office.complete(accepted, "nang.hoang")
        office.complete(accepted, "but.luong", outcome="verify")
        assert row(office, accepted.code)["promised_at"] == local("2026-11-30T17:00")  # 5 working days more
        assert office.open_step(accepted)["limit_minutes"] == 2400


class TestRefuseAndWithdraw:
    def test_close_the_dossier_and_its_steps(self, office: Office) -> None:
        accepted = office.accept()
        act(office, "refuse", "nang.hoang", accepted.code, reason="Không có sổ gốc lưu tại xã")
        dossier = row(office, accepted.code)
        assert (dossier["status"], dossier["close_reason"], dossier["closed_at"]) == (
            3,
            "Không có sổ gốc lưu tại xã",
            local("2026-11-20T14:20"),
        )
        assert {step["status"] for step in office.steps(accepted)} == {"cancelled"}
        with pytest.raises(WrongStateError) as refused:
            act(office, "withdraw", "nang.hoang", accepted.code, reason="Thôi")
        assert refused.value.code == "dossier_closed"

    def test_ask_for_the_reason(self, office: Office) -> None:
        accepted = office.accept()
        with pytest.raises(InvalidError) as refused:
            act(office, "refuse", "nang.hoang", accepted.code, reason="")
        assert refused.value.code == "reason_required"

    def test_refuse_what_is_finished(self, office: Office) -> None:
        accepted = finished(office)
        for verb in ("refuse", "withdraw"):
            with pytest.raises(WrongStateError):
                act(office, verb, "nang.hoang", accepted.code, reason="Muộn rồi")

    def test_another_agency_does_not_even_find_it(self, office: Office) -> None:
        accepted = office.accept()
        with pytest.raises((NotFoundError, NotPermittedError)):
            act(office, "refuse", "ruong.vi", accepted.code, reason="Không phải việc của tôi")


class TestReturnResult:
    def test_needs_the_receiver(self, office: Office) -> None:
        accepted = finished(office)
        step = office.open_step(accepted)
        with pytest.raises(InvalidError) as refused:
            act(office, "return_result", "nang.hoang", accepted.code, step_id=step["id"], receiver=" ")
        assert refused.value.code == "receiver_required"
        act(office, "return_result", "nang.hoang", accepted.code, step_id=step["id"], receiver="Lường Văn Đạt", result_number="12/BS")
        dossier = row(office, accepted.code)
        assert (dossier["status"], dossier["result_receiver"], dossier["result_number"]) == (10, "Lường Văn Đạt", "12/BS")
        assert office.instance(accepted)["status"] == "completed"

    def test_is_done_once(self, office: Office) -> None:
        accepted = finished(office)
        step = office.open_step(accepted)
        act(office, "return_result", "nang.hoang", accepted.code, step_id=step["id"], receiver="Lường Văn Đạt")
        with pytest.raises((WrongStateError, ConflictError)):
            act(office, "return_result", "nang.hoang", accepted.code, step_id=step["id"], receiver="Người khác")


class TestSlip:
    def test_shows_each_handover_with_giver_receiver_times_and_punctuality(self, office: Office) -> None:
        accepted = office.at("2026-11-20T08:00").accept()
        office.at("2026-11-20T08:45").complete(accepted, "nang.hoang", note="Đủ giấy tờ")
        office.at("2026-11-20T09:00").claim(accepted, "but.luong")
        office.at("2026-11-20T14:03").complete(accepted, "but.luong", late_reason="absence", note="Họp đột xuất")
        with office.at("2026-11-20T15:00").database.reading() as connection:
            slip = tracking_slip(connection, office.areas.calendars, accepted.instance_id, office.commune.clock.now())
        first, second, third = slip.lines
        assert (first.giver.person, first.receivers[0].person, first.used_minutes) == ("Hoàng Thị Nắng", "Lường Thị Bút", 45)
        assert (first.done_at, first.received_at, str(first.punctuality)) == (
            local("2026-11-20T08:45"),
            local("2026-11-20T09:00"),
            "ontime",
        )
        assert (second.used_minutes, second.late_minutes, str(second.punctuality), second.late_reason) == (228, 48, "overdue", "absence")
        assert (third.status, third.giver.person, third.punctuality) == ("open", None, None)


def finished(office: Office) -> Accepted:
    accepted = office.accept(COPY)
    for login, outcome in (("nang.hoang", None), ("but.luong", None), ("tinh.dinh", "approve"), ("dau.do", None)):
        office.later(minutes=5).complete(accepted, login, outcome=outcome)
    return accepted
