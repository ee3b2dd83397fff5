"""Claiming, releasing and completing steps: what is allowed, what is refused and why, and who wins."""

import threading
from collections.abc import Callable

import pytest

from engine.database import Database
from engine.errors import ConflictError, EngineError, InvalidError, NotFoundError, NotPermittedError
from engine.operations import Moved
from tests.commune import hire
from tests.office import Office, local, open_office

PERMIT, LAND = "1.013225", "1.012796"


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database).at("2026-11-20T08:00")


class TestClaimStep:
    def test_gives_the_step_to_the_one_who_asks(self, office: Office) -> None:
        accepted = office.accept()
        office.later(minutes=5).claim(accepted, "nang.hoang")
        step = office.open_step(accepted)
        assert (step["status"], step["handler_id"], step["claimed_at"]) == (
            "claimed",
            office.commune.people["nang.hoang"],
            local("2026-11-20T08:05"),
        )
        assert step["due_at"] == local("2026-11-20T10:00")  # the limit counts from given, not from received

    def test_refuses_another_role(self, office: Office) -> None:
        accepted = office.accept()
        with pytest.raises(NotPermittedError) as refused:
            office.claim(accepted, "dau.do")
        assert (refused.value.code, refused.value.facts["role"]) == ("not_permitted", "intake_officer")

    def test_refuses_another_unit(self, office: Office) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        with pytest.raises(NotPermittedError):  # a specialist of the economic division; the step is the justice officer's
            office.claim(accepted, "dat.pham")

    def test_refuses_another_agency(self, office: Office) -> None:
        accepted = office.accept()
        with pytest.raises(NotPermittedError) as refused:
            office.claim(accepted, "ruong.vi")
        assert refused.value.code == "other_agency"

    def test_says_who_was_quicker_and_when(self, office: Office) -> None:
        with office.database.writing() as connection:
            office.commune.people["mua.lo"] = hire(connection, office.commune, "mua.lo", "Lò Thị Mưa", "intake_officer", "counter")
        accepted = office.accept()
        office.later(minutes=42).claim(accepted, "nang.hoang")
        with pytest.raises(ConflictError) as refused:
            office.later(minutes=1).claim(accepted, "mua.lo")
        assert refused.value.code == "step_already_claimed"
        assert (refused.value.facts["by_id"], refused.value.facts["when"]) == (
            office.commune.people["nang.hoang"],
            local("2026-11-20T08:42"),
        )

    def test_refuses_a_step_that_does_not_exist(self, office: Office) -> None:
        with pytest.raises(NotFoundError), office.database.writing() as connection:
            office.areas.engine.claim(connection, step_id=7, actor=office.actor("nang.hoang"))


class TestReleaseStep:
    def test_puts_it_back_and_remembers_who_held_it(self, office: Office) -> None:
        accepted = office.accept()
        office.claim(accepted, "nang.hoang")
        step = office.open_step(accepted)
        with office.later(minutes=30).database.writing() as connection:
            office.areas.engine.release(connection, step_id=step["id"], actor=office.commune.actor(connection, "nang.hoang"))
        step = office.open_step(accepted)
        assert (step["status"], step["handler_id"]) == ("open", None)
        office.at("2026-11-20T10:01").sweep()
        (raised,) = office.nonconformities()
        assert raised["handler_id"] is None  # it lay with the unit when the deadline passed
        assert [one["minutes_before_due"] for one in raised["evidence"]["slip"]["holders"]] == [30]


class TestCompleteStep:
    def test_hands_over_to_the_next_step(self, office: Office) -> None:
        accepted = office.accept()
        office.later(minutes=45).complete(accepted, "nang.hoang", note="Đủ giấy tờ")
        first, second = office.steps(accepted)
        assert (first["status"], first["note"]) == ("completed", "Đủ giấy tờ")
        assert (second["code"], second["given_by_id"], second["opened_at"]) == ("B2", first["id"], local("2026-11-20T08:45"))

    def test_refuses_a_second_completion_with_who_and_when(self, office: Office) -> None:
        accepted = office.accept()
        step = office.open_step(accepted)
        office.later(minutes=10).complete(accepted, "nang.hoang")
        with pytest.raises(ConflictError) as refused, office.database.writing() as connection:
            office.areas.engine.complete(connection, step_id=step["id"], actor=office.actor("nang.hoang"))
        assert (refused.value.code, refused.value.facts["when"]) == ("step_already_done", local("2026-11-20T08:10"))
        assert len(office.steps(accepted)) == 2

    def test_asks_for_one_of_the_results_of_the_step(self, office: Office) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        office.complete(accepted, "but.luong")
        for outcome, code in ((None, "outcome_required"), ("burn", "outcome_unknown")):
            with pytest.raises(InvalidError) as refused:
                office.complete(accepted, "tinh.dinh", outcome=outcome)
            assert refused.value.code == code
        assert office.open_step(accepted)["code"] == "B3"

    def test_numbers_the_passes_of_a_step_that_is_done_again(self, office: Office) -> None:
        accepted = office.accept()
        office.complete(accepted, "nang.hoang")
        for outcome in ("return", "approve"):
            office.later(minutes=5).complete(accepted, "but.luong")
            office.later(minutes=5).complete(accepted, "tinh.dinh", outcome=outcome)
        assert [(step["code"], step["pass"]) for step in office.steps(accepted)] == [
            ("B1", 1),
            ("B2", 1),
            ("B3", 1),
            ("B2", 2),
            ("B3", 2),
            ("B4", 1),
        ]

    def test_a_step_of_another_agency_is_done_there(self, office: Office) -> None:
        accepted = office.load(LAND).accept(LAND)
        for login in ("nang.hoang", "som.nguyen", "dat.pham"):
            office.complete(accepted, login)
        step = office.open_step(accepted)
        assert step["agency_id"] == office.commune.land_office_id
        office.complete(accepted, "ruong.vi")
        assert office.steps(accepted)[3]["done_by_id"] == office.commune.people["ruong.vi"]

    def test_a_breach_of_another_agency_is_that_agencys_nonconformity(self, office: Office) -> None:
        accepted = office.load(LAND).accept(LAND)
        for login in ("nang.hoang", "som.nguyen", "dat.pham"):
            office.complete(accepted, login)
        office.at("2026-12-02T08:00").sweep()
        assert [(row["agency_id"], row["step_code"]) for row in office.nonconformities() if row["kind"] == "step_overdue"] == [
            (office.commune.land_office_id, "B4")
        ]


class TestTwoAtOnce:
    def test_exactly_one_of_two_officers_completes_a_step(self, office: Office) -> None:
        with office.database.writing() as connection:
            office.commune.people["mua.lo"] = hire(connection, office.commune, "mua.lo", "Lò Thị Mưa", "intake_officer", "counter")
        for _ in range(10):
            accepted = office.accept()
            step_id = office.open_step(accepted)["id"]

            def complete(login: str, step_id: int = step_id) -> Moved:
                actor = office.actor(login)
                with office.database.writing() as connection:
                    return office.areas.engine.complete(connection, step_id=step_id, actor=actor)

            results = at_once(lambda: complete("nang.hoang"), lambda: complete("mua.lo"))
            refused = [one for one in results if isinstance(one, EngineError)]
            assert len(refused) == 1, results
            assert refused[0].code == "step_already_done"
            assert [step["code"] for step in office.steps(accepted)] == ["B1", "B2"]

    def test_parallel_branches_both_succeed_and_the_join_fires_once(self, office: Office) -> None:
        office.load(PERMIT)
        for _ in range(5):
            accepted = office.accept(PERMIT, variant="works")
            office.complete(accepted, "nang.hoang")
            office.complete(accepted, "dat.pham", "B2")
            opened = {step["code"]: step["id"] for step in office.steps(accepted) if step["status"] == "open"}
            assert set(opened) == {"B4", "B5"}

            def complete(code: str, opened: dict[str, int] = opened) -> Moved:
                actor = office.actor("dat.pham")
                with office.database.writing() as connection:
                    outcome = "answered" if code == "B4" else None
                    return office.areas.engine.complete(connection, step_id=opened[code], actor=actor, outcome=outcome)

            results = at_once(lambda complete=complete: complete("B4"), lambda complete=complete: complete("B5"))
            assert not [one for one in results if isinstance(one, Exception)], results
            assert [step["code"] for step in office.steps(accepted) if step["status"] == "open"] == ["B6"]


def at_once(*calls: Callable[[], Moved]) -> list[Moved | Exception]:
    """Run the calls in threads that start together; what each gave, or raised."""
    barrier, results = threading.Barrier(len(calls)), list[Moved | Exception | None]([None] * len(calls))

    def run(index: int, call: Callable[[], Moved]) -> None:
        barrier.wait()
        try:
            results[index] = call()
        except Exception as error:  # noqa: BLE001  # handed to the test
            results[index] = error

    threads = [threading.Thread(target=run, args=(index, call)) for index, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [one for one in results if one is not None]
