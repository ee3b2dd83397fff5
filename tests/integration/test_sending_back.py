"""Steps go back to be done again (rule 3.7): where they may go, what stays as it was, and that no breach is lost on the way."""

import pytest

from engine.actor import Actor
from engine.database import Database
from engine.errors import EngineError, InvalidError, NotPermittedError, WrongStateError
from engine.operations import Moved
from processes.dossiers.operations import Accepted
from processes.organisation import moves
from tests.integration.lives import examined, faults
from tests.integration.test_moves import slip, traced
from tests.integration.test_steps import at_once
from tests.office import Office, local, open_office

PERMIT, MARRIAGE = "1.013225", "1.000894"


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database).at("2026-11-20T08:00")


def send_back(office: Office, accepted: Accepted, login: str, to: str, reason: str = "Thiếu dấu", code: str | None = None) -> Moved:
    step = office.open_step(accepted, code)
    with office.database.writing() as connection:
        actor = office.commune.actor(connection, login)
        return moves.send_back(connection, office.areas.engine, actor=actor, step_id=step["id"], to_code=to, reason=reason)


def code_of(refused: pytest.ExceptionInfo[EngineError]) -> str:
    return refused.value.code


def passes(office: Office, accepted: Accepted) -> list[tuple[str, int, str]]:
    return [(step["code"], step["pass"], step["status"]) for step in office.steps(accepted)]


class TestSendBack:
    def test_opens_the_earlier_step_with_its_full_limit_for_whoever_did_it(self, office: Office) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        office.at("2026-11-20T09:00").claim(accepted, "but.luong")
        promised = office.instance(accepted)["due_at"]
        send_back(office.at("2026-11-20T09:30"), accepted, "but.luong", "B1", "Thiếu bản chính")
        assert passes(office, accepted) == [("B1", 1, "completed"), ("B2", 1, "cancelled"), ("B1", 2, "open")]
        first, given_up, again = office.steps(accepted)
        assert (again["opened_at"], again["due_at"]) == (local("2026-11-20T09:30"), local("2026-11-20T11:30"))
        assert (again["offered_to_id"], again["given_by_id"]) == (first["done_by_id"], given_up["id"])
        assert (given_up["outcome"], given_up["note"], given_up["done_by_id"]) == ("sent_back", "Thiếu bản chính", None)
        assert office.instance(accepted)["due_at"] == promised
        facts, values = traced(office, "engine.step.sent_back")[0]
        assert (facts["step"], facts["to_step"], facts["to"], values) == ("B2", "B1", first["done_by_id"], ["Thiếu bản chính"])
        assert faults(examined(office)) == {}

    def test_leads_on_to_the_end_as_before(self, office: Office) -> None:
        accepted = office.accept()
        for login, outcome in (("nang.hoang", None), ("but.luong", None)):
            office.later(minutes=5).complete(accepted, login, outcome=outcome)
        send_back(office.later(minutes=5), accepted, "tinh.dinh", "B1")
        for login, outcome in (("nang.hoang", None), ("but.luong", None), ("tinh.dinh", "approve"), ("dau.do", None)):
            office.later(minutes=5).complete(accepted, login, outcome=outcome)
        assert [one for one in passes(office, accepted) if one[2] != "completed"] == [("B3", 1, "cancelled"), ("B5", 1, "open")]
        assert faults(examined(office)) == {}

    def test_stands_on_the_slip_with_its_reason(self, office: Office) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        send_back(office.later(minutes=30), accepted, "but.luong", "B1", "Thiếu bản chính")
        _, line, _ = slip(office, accepted)
        assert (line.status, line.sent_back_to, line.note) == ("cancelled", "B1", "Thiếu bản chính")
        assert line.giver.person == "Lường Thị Bút"

    def test_keeps_the_breach_of_a_deadline_that_had_passed(self, office: Office) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        office.claim(accepted, "but.luong")
        send_back(office.at("2026-11-23T09:00"), accepted, "but.luong", "B1", "Thiếu bản chính")
        raised = {row["kind"]: row for row in office.nonconformities()}
        assert set(raised) == {"step_overdue", "dossier_overdue"}  # both settled before anything moved
        assert raised["step_overdue"]["source"] == f"{accepted.code}/B2/1"
        assert (raised["step_overdue"]["status"], raised["step_overdue"]["correction"]) == ("corrected", "Thiếu bản chính")
        assert raised["step_overdue"]["handler_id"] == office.commune.people["but.luong"]
        assert raised["dossier_overdue"]["status"] == "raised"
        assert office.sweep().nonconformities_raised == 0
        assert faults(examined(office)) == {}

    def test_gives_the_time_that_a_step_adds_only_once(self, office: Office) -> None:
        accepted = office.load(MARRIAGE).accept(MARRIAGE)
        for login, outcome in (("nang.hoang", None), ("but.luong", "verify"), ("but.luong", None)):
            office.later(minutes=5).complete(accepted, login, outcome=outcome)
        due_at = office.instance(accepted)["due_at"]
        send_back(office.later(minutes=5), accepted, "tinh.dinh", "B3")
        assert [one[:2] for one in passes(office, accepted) if one[2] == "open"] == [("B3", 2)]
        assert office.instance(accepted)["due_at"] == due_at
        assert faults(examined(office)) == {}

    @pytest.mark.parametrize(("to", "code"), [("B2", "step_not_on_way"), ("B4", "step_not_on_way"), ("B9", "step_not_on_way")])
    def test_refuses_a_step_that_was_not_done_on_the_way(self, office: Office, to: str, code: str) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        with pytest.raises(WrongStateError) as refused:
            send_back(office, accepted, "but.luong", to)
        assert code_of(refused) == code
        assert office.open_step(accepted)["status"] == "open"

    def test_asks_for_the_reason_and_for_the_role(self, office: Office) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        with pytest.raises(InvalidError) as missing:
            send_back(office, accepted, "but.luong", "B1", " ")
        assert code_of(missing) == "reason_required"
        with pytest.raises(NotPermittedError) as refused:
            send_back(office, accepted, "dat.pham", "B1")
        assert code_of(refused) == "not_permitted"

    def test_waits_while_the_clock_is_stopped(self, office: Office) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        with office.database.writing() as connection:
            actor = office.commune.actor(connection, "nang.hoang")
            office.areas.dossiers.request_supplement(
                connection, actor=actor, code=accepted.code, content="Giấy ủy quyền", reason="Còn thiếu"
            )
        with pytest.raises(WrongStateError) as refused:
            send_back(office, accepted, "but.luong", "B1")
        assert code_of(refused) == "clock_stopped"

    def test_is_over_once_the_result_is_there(self, office: Office) -> None:
        accepted = office.accept()
        for login, outcome in (("nang.hoang", None), ("but.luong", None), ("tinh.dinh", "approve"), ("dau.do", None)):
            office.complete(accepted, login, outcome=outcome)
        with pytest.raises(WrongStateError) as refused:
            send_back(office, accepted, "nang.hoang", "B4")
        assert code_of(refused) == "clock_finished"


class TestSendBackOutOfBranches:
    @pytest.fixture
    def split(self, office: Office) -> Accepted:
        """B4 and B5 are open beside each other."""
        accepted = office.load(PERMIT).accept(PERMIT, variant="works")
        office.later(minutes=5).complete(accepted, "nang.hoang")
        office.later(minutes=5).complete(accepted, "dat.pham", "B2")
        return accepted

    def test_to_before_the_split_cancels_the_other_branch(self, office: Office, split: Accepted) -> None:
        send_back(office.later(minutes=5), split, "dat.pham", "B1", code="B5")
        assert sorted(passes(office, split)) == [
            ("B1", 1, "completed"),
            ("B1", 2, "open"),
            ("B2", 1, "completed"),
            ("B4", 1, "cancelled"),
            ("B5", 1, "cancelled"),
        ]
        assert len(traced(office, "engine.step.cancelled")) == 1
        office.complete(split, "nang.hoang", "B1")
        assert {one[:2] for one in passes(office, split) if one[2] == "open"} == {("B2", 2), ("B4", 2)}
        assert faults(examined(office)) == {}

    def test_settles_the_other_branch_first(self, office: Office, split: Accepted) -> None:
        office.claim(split, "dat.pham", "B4")
        send_back(office.at("2026-12-30T09:00"), split, "dat.pham", "B1", code="B5")
        raised = [row["source"].removeprefix(split.code) for row in office.nonconformities()]
        assert {"/B4/1", "/B5/1"} <= set(raised)
        assert office.sweep().nonconformities_raised == 0
        assert faults(examined(office)) == {}

    def test_within_the_branch_waits_for_the_other_to_arrive(self, office: Office, split: Accepted) -> None:
        with pytest.raises(WrongStateError) as refused:
            send_back(office, split, "dat.pham", "B2", code="B5")
        assert code_of(refused) == "sibling_branch_open"
        office.complete(split, "dat.pham", "B4", outcome="answered")
        send_back(office, split, "dat.pham", "B2", code="B5")
        for code in ("B2", "B5"):
            office.complete(split, "dat.pham", code)
        assert [one[0] for one in passes(office, split) if one[2] == "open"] == ["B6"]  # the join has counted B4 once
        assert faults(examined(office)) == {}

    def test_into_joined_branches_is_refused(self, office: Office, split: Accepted) -> None:
        office.complete(split, "dat.pham", "B4", outcome="answered")
        office.complete(split, "dat.pham", "B5")
        with pytest.raises(WrongStateError) as refused:
            send_back(office, split, "dat.pham", "B5", code="B6")
        assert code_of(refused) == "past_the_join"
        assert [one for one in passes(office, split) if one[2] == "open"] == [("B6", 1, "open")]

    def test_at_the_same_moment_as_the_other_branch_ends_one_of_them_comes_first(self, office: Office) -> None:
        office.load(PERMIT)
        for _ in range(5):
            split = office.accept(PERMIT, variant="works")
            office.complete(split, "nang.hoang")
            office.complete(split, "dat.pham", "B2")
            step_id, actor = office.open_step(split, "B4")["id"], office.actor("dat.pham")

            def complete(step_id: int = step_id, actor: Actor = actor) -> Moved:
                with office.database.writing() as connection:
                    return office.areas.engine.complete(connection, step_id=step_id, actor=actor, outcome="answered")

            results = at_once(lambda split=split: send_back(office, split, "dat.pham", "B1", code="B5"), complete)
            refused = [one for one in results if isinstance(one, Exception)]
            assert [getattr(one, "code", one) for one in refused] in ([], ["step_cancelled"])
            assert [one[:2] for one in passes(office, split) if one[2] == "open"] == [("B1", 2)]
        assert faults(examined(office)) == {}
