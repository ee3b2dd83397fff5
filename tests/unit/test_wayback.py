"""The way to a step: given from hand to hand, what was done again counted once."""

from typing import Any

from engine.wayback import done_before, is_sent_back, way_to


def row(number: int, code: str, given_by: int | None, status: str = "completed", outcome: str | None = None) -> dict[str, Any]:
    return {"id": number, "code": code, "given_by_id": given_by, "status": status, "outcome": outcome}


def codes(rows: list[dict[str, Any]]) -> list[str]:
    return [one["code"] for one in way_to(rows, rows[-1])]


class TestWayTo:
    def test_follows_who_gave_the_step(self) -> None:
        rows = [row(1, "B1", None), row(2, "B2", 1), row(3, "B9", 1), row(4, "B3", 2, "open")]
        assert codes(rows) == ["B1", "B2", "B3"]  # B9 lies in another branch

    def test_counts_the_turns_of_a_loop_once(self) -> None:
        rows = [row(1, "B1", None), row(2, "B2", 1), row(3, "B3", 2), row(4, "B2", 3), row(5, "B3", 4, "open")]
        assert [one["id"] for one in way_to(rows, rows[-1])] == [1, 4, 5]

    def test_forgets_what_lay_behind_a_step_that_was_sent_back(self) -> None:
        back = row(3, "B3", 2, "cancelled", "sent_back")
        assert codes([row(1, "B1", None), row(2, "B2", 1), back, row(4, "B1", 3, "open")]) == ["B1"]

    def test_begins_behind_a_timer_which_nobody_gives(self) -> None:
        assert codes([row(1, "B1", None), row(2, "B2", None, "open")]) == ["B2"]


class TestDoneBefore:
    def test_leaves_out_what_is_open_or_was_given_up(self) -> None:
        rows = [row(1, "B1", None), row(2, "B2", 1, "cancelled", "sent_back"), row(3, "B3", 2, "open")]
        assert [one["code"] for one in done_before(rows, rows[-1])] == ["B1"]


class TestIsSentBack:
    def test_is_no_step_that_merely_ended_or_was_completed(self) -> None:
        assert is_sent_back(row(1, "B1", None, "cancelled", "sent_back"))
        assert not is_sent_back(row(1, "B1", None, "cancelled"))
        assert not is_sent_back(row(1, "B1", None, "completed", "sent_back"))
