"""Steps change hands: who may give and receive, what stays as it was, and that the blame stays where it fell."""

from typing import Any

import pytest
from sqlalchemy import select

from engine.database import Database
from engine.errors import ConflictError, EngineError, InvalidError, NotPermittedError
from engine.operations import Moved
from engine.tables import trace_entries, trace_values
from engine.trace.canonical import decode
from processes.dossiers.operations import Accepted
from processes.dossiers.slip import SlipLine, tracking_slip
from processes.organisation import moves
from processes.organisation.staffing import disable_person, grant_seat
from tests.commune import hire
from tests.integration.lives import examined, faults
from tests.office import Office, local, open_office


@pytest.fixture
def office(database: Database) -> Office:
    """With a second officer at the counter."""
    office = open_office(database).at("2026-11-20T08:00")
    with database.writing() as connection:
        office.commune.people["mua.lo"] = hire(connection, office.commune, "mua.lo", "Lò Thị Mưa", "intake_officer", "counter")
    return office


def hand_over(office: Office, accepted: Accepted, login: str, to: str, reason: str = "", code: str | None = None) -> Moved:
    step, people = office.open_step(accepted, code), office.commune.people
    with office.database.writing() as connection:
        actor = office.commune.actor(connection, login)
        return moves.hand_over(connection, office.areas.engine, actor=actor, step_id=step["id"], to_id=people[to], reason=reason)


def take_over(office: Office, accepted: Accepted, login: str, reason: str = "Chị Nắng nghỉ ốm") -> Moved:
    step = office.open_step(accepted)
    with office.database.writing() as connection:
        actor = office.commune.actor(connection, login)
        return moves.take_over(connection, office.areas.engine, actor=actor, step_id=step["id"], reason=reason)


def code_of(refused: pytest.ExceptionInfo[EngineError]) -> str:
    return refused.value.code


def traced(office: Office, kind: str) -> list[tuple[dict[str, Any], list[str]]]:
    """The facts of the entries of a kind, each with its personal values."""
    with office.database.reading() as connection:
        rows = connection.execute(select(trace_entries.c.id, trace_entries.c.body).where(trace_entries.c.kind == kind)).all()
        values = connection.execute(select(trace_values.c.entry_id, trace_values.c.value)).all()
    return [(decode(bytes(body))["facts"], [value for entry_id, value in values if entry_id == key]) for key, body in rows]


def slip(office: Office, accepted: Accepted) -> tuple[SlipLine, ...]:
    with office.database.reading() as connection:
        return tracking_slip(connection, office.areas.calendars, accepted.instance_id, office.commune.clock.now()).lines


class TestHandOver:
    def test_puts_the_step_into_the_hands_of_a_colleague(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        hand_over(office.later(minutes=30), accepted, "nang.hoang", "mua.lo", "Đi tập huấn")
        step, people = office.open_step(accepted), office.commune.people
        assert (step["status"], step["handler_id"], step["claimed_at"]) == ("claimed", people["mua.lo"], local("2026-11-20T08:30"))
        assert step["due_at"] == local("2026-11-20T10:00")  # the limit goes on
        facts, values = traced(office, "engine.step.handed_over")[0]
        assert (facts["from"], facts["to"], values) == (people["nang.hoang"], people["mua.lo"], ["Đi tập huấn"])
        office.complete(accepted, "mua.lo")
        assert faults(examined(office)) == {}

    def test_needs_no_reason_from_the_one_who_holds_it(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        hand_over(office, accepted, "nang.hoang", "mua.lo")
        assert traced(office, "engine.step.handed_over")[0][1] == []

    def test_shows_the_minutes_of_each_on_the_slip(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        hand_over(office.later(minutes=30), accepted, "nang.hoang", "mua.lo")
        (line,) = slip(office.later(minutes=15), accepted)
        assert [(one.person, one.minutes) for one in line.earlier] == [("Hoàng Thị Nắng", 30)]
        assert line.giver.person == "Lò Thị Mưa"

    def test_does_not_shift_the_blame(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        hand_over(office.at("2026-11-20T10:05"), accepted, "nang.hoang", "mua.lo")
        assert office.sweep().nonconformities_raised == 0  # handing over has settled it
        (raised,) = office.nonconformities()
        assert (raised["handler_id"], raised["occurred_at"]) == (office.commune.people["nang.hoang"], local("2026-11-20T10:00"))
        office.complete(accepted, "mua.lo", late_reason="workload")
        assert [row["status"] for row in office.nonconformities()] == ["corrected"]
        assert faults(examined(office)) == {}

    def test_blames_the_new_hands_for_a_deadline_that_passes_in_them(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        hand_over(office.at("2026-11-20T09:00"), accepted, "nang.hoang", "mua.lo")
        office.at("2026-11-20T10:01").sweep()
        (raised,) = office.nonconformities()
        assert raised["handler_id"] == office.commune.people["mua.lo"]
        assert [one["minutes_before_due"] for one in raised["evidence"]["slip"]["holders"]] == [60, 60]

    @pytest.mark.parametrize("to", ["dat.pham", "ruong.vi"])
    def test_refuses_somebody_who_could_not_do_it(self, office: Office, to: str) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        with pytest.raises(InvalidError) as refused:
            hand_over(office, accepted, "nang.hoang", to)
        assert (code_of(refused), refused.value.errors) == ("receiver_not_permitted", {"to": "receiver_not_permitted"})

    def test_refuses_one_who_would_approve_their_own_work(self, office: Office) -> None:
        with office.database.writing() as connection:
            unit_id = office.commune.units["leadership"]
            grant_seat(connection, person_id=office.commune.people["but.luong"], role="leader", unit_id=unit_id, **office.commune.doing)
        accepted = office.accept()
        for login in ("nang.hoang", "but.luong"):
            office.complete(accepted, login)
        with pytest.raises(InvalidError) as refused:
            hand_over(office, accepted, "tinh.dinh", "but.luong", "Đi họp tỉnh")
        assert code_of(refused) == "receiver_own_work"

    def test_refuses_the_hands_it_is_in_and_those_that_left(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        with pytest.raises(InvalidError) as refused:
            hand_over(office, accepted, "nang.hoang", "nang.hoang")
        assert code_of(refused) == "receiver_holds_step"
        with office.database.writing() as connection:
            disable_person(connection, person_id=office.commune.people["mua.lo"], **office.commune.doing)
        with pytest.raises(InvalidError) as refused:
            hand_over(office, accepted, "nang.hoang", "mua.lo")
        assert code_of(refused) == "receiver_disabled"

    def test_is_refused_to_one_who_neither_holds_it_nor_leads(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        with pytest.raises(NotPermittedError) as refused:
            hand_over(office, accepted, "but.luong", "mua.lo", "Muốn giúp")
        assert code_of(refused) == "not_permitted"
        with pytest.raises(NotPermittedError) as refused:
            hand_over(office, accepted, "ruong.vi", "mua.lo", "Muốn giúp")
        assert code_of(refused) == "other_agency"

    def test_is_open_to_a_leader_who_says_why(self, office: Office) -> None:
        accepted = office.accept()
        with pytest.raises(InvalidError) as refused:
            hand_over(office, accepted, "tinh.dinh", "mua.lo")
        assert code_of(refused) == "reason_required"
        hand_over(office, accepted, "tinh.dinh", "mua.lo", "Chia đều việc")
        assert office.open_step(accepted)["handler_id"] == office.commune.people["mua.lo"]

    def test_comes_too_late_for_a_step_that_is_done(self, office: Office) -> None:
        accepted = office.accept()
        step = office.open_step(accepted)
        office.complete(accepted, "nang.hoang")
        with pytest.raises(ConflictError) as refused, office.database.writing() as connection:
            actor = office.commune.actor(connection, "tinh.dinh")
            moves.hand_over(
                connection, office.areas.engine, actor=actor, step_id=step["id"], to_id=office.commune.people["mua.lo"], reason="Muộn"
            )
        assert code_of(refused) == "step_already_done"


class TestTakeOver:
    def test_moves_the_step_to_a_colleague_of_the_same_role(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        take_over(office.later(minutes=20), accepted, "mua.lo")
        step, people = office.open_step(accepted), office.commune.people
        assert (step["handler_id"], [one[0] for one in step["holders"]]) == (people["mua.lo"], [people["nang.hoang"]])
        with pytest.raises(ConflictError):
            office.complete(accepted, "nang.hoang")

    def test_asks_for_the_reason(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        with pytest.raises(InvalidError) as refused:
            take_over(office, accepted, "mua.lo", "  ")
        assert code_of(refused) == "reason_required"

    def test_is_refused_to_another_role_even_a_leaders(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        for login in ("but.luong", "tinh.dinh"):
            with pytest.raises(NotPermittedError) as refused:
                take_over(office, accepted, login)
            assert code_of(refused) == "not_permitted"


class TestHandOverAll:
    def test_says_of_each_step_what_became_of_it(self, office: Office) -> None:
        held = [office.accept() for _ in range(3)]
        for accepted in held:
            office.claim(accepted, "nang.hoang")
        office.complete(held[0], "nang.hoang")
        with office.database.writing() as connection:  # a seat in another unit of work, held by the one who leaves
            office.commune.people["may.lu"] = hire(connection, office.commune, "may.lu", "Lù Văn Mây", "specialist", "office")
        office.claim(held[0], "but.luong")
        hand_over(office, held[0], "but.luong", "may.lu")
        people, engine = office.commune.people, office.areas.engine
        doing = {"actor": office.actor("tinh.dinh"), "to_id": people["mua.lo"], "reason": "Chuyển công tác"}
        results = moves.hand_over_all(office.database, engine, from_id=people["nang.hoang"], **doing)
        assert [(one.subject_code, one.refused) for one in results] == [(one.code, None) for one in held[1:]]
        results = moves.hand_over_all(office.database, engine, from_id=people["may.lu"], **doing)
        assert [(one.step_code, one.refused and one.refused.code) for one in results] == [("B2", "receiver_not_permitted")]
        assert office.open_step(held[0])["handler_id"] == people["may.lu"]

    def test_goes_on_after_a_step_that_cannot_be_moved(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        held = [office.accept() for _ in range(3)]
        for accepted in held:
            office.claim(accepted, "nang.hoang")
        listed, people = moves.steps_held, office.commune.people

        def then_somebody_completes(*asked: Any) -> Any:
            found = listed(*asked)
            office.complete(held[1], "nang.hoang")
            return found

        monkeypatch.setattr(moves, "steps_held", then_somebody_completes)
        results = moves.hand_over_all(
            office.database,
            office.areas.engine,
            actor=office.actor("nang.hoang"),
            from_id=people["nang.hoang"],
            to_id=people["mua.lo"],
            reason="Nghỉ phép",
        )
        assert [one.refused and one.refused.code for one in results] == [None, "step_already_done", None]
        assert [office.open_step(one)["handler_id"] for one in (held[0], held[2])] == [people["mua.lo"]] * 2
        assert faults(examined(office)) == {}

    def test_of_anothers_steps_takes_the_permission(self, office: Office) -> None:
        people = office.commune.people
        with pytest.raises(NotPermittedError):
            moves.hand_over_all(
                office.database,
                office.areas.engine,
                actor=office.actor("mua.lo"),
                from_id=people["nang.hoang"],
                to_id=people["mua.lo"],
                reason="Nghỉ phép",
            )
