"""Who received what a step gave, also where nobody gave it from hand to hand."""

from datetime import timedelta
from typing import Any

from processes.dossiers.legs import _receivers
from tests.unit.form_samples import ACCEPTED_AT


def step(number: int, *, given_by: int | None, opened: int, done: int | None) -> dict[str, Any]:
    """A step; opened and done count hours from acceptance."""
    return {
        "id": number,
        "given_by_id": given_by,
        "opened_at": ACCEPTED_AT + timedelta(hours=opened),
        "done_at": ACCEPTED_AT + timedelta(hours=done) if done is not None else None,
        "status": "completed" if done is not None else "open",
    }


def given(*steps: dict[str, Any]) -> dict[int, list[int]]:
    return {giver: [row["id"] for row in rows] for giver, rows in _receivers(steps).items()}


class TestReceivers:
    def test_are_those_whose_steps_the_giver_opened(self) -> None:
        first = step(1, given_by=None, opened=0, done=1)
        assert given(first, step(2, given_by=1, opened=1, done=None), step(3, given_by=1, opened=1, done=None)) == {1: [2, 3]}

    def test_get_it_from_the_last_who_gave_to_nobody_after_a_timer(self) -> None:
        before = [step(1, given_by=None, opened=0, done=1), step(2, given_by=1, opened=1, done=2)]
        assert given(*before, step(3, given_by=None, opened=40, done=None)) == {1: [2], 2: [3]}

    def test_are_none_at_the_end_of_a_branch_that_waits_for_the_other(self) -> None:
        branches = [step(2, given_by=1, opened=1, done=2), step(3, given_by=1, opened=1, done=3)]
        assert given(step(1, given_by=None, opened=0, done=1), *branches, step(4, given_by=3, opened=3, done=None)) == {1: [2, 3], 3: [4]}
