"""Several people at one dossier at the same moment: whatever the order of their pauses, it is as if one had come after the other.

`python -m tests.resilience.interleavings` plays every pair and more triples.
"""

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from engine.clock import minute
from engine.database import Database
from engine.errors import ConflictError
from engine.tables import steps
from tests.resilience.interleavings import WISHES, Trials, final_faults, sampled_orders
from tests.resilience.pausing import Act, Part, PausingDatabase, pauses, play
from tests.resilience.scenes import is_held, lies_open
from tests.resilience.stage import Dossier, Stage
from tests.resilience.wishes import told

PAIRS = (
    ("lies_open", "b claims", "supplement"),
    ("lies_open", "accept another", "refuse"),
    ("is_held", "a completes", "a releases"),
    ("is_held", "a completes", "supplement"),
    ("is_held", "a completes", "withdraw"),
    ("is_held", "a completes", "calendar"),
    ("is_held", "a releases", "b claims"),
    ("is_held", "supplement", "refuse"),
    ("is_overdue", "a completes", "sweep"),
    ("is_overdue", "supplement", "sweep"),
    ("is_overdue", "refuse", "sweep"),
    ("is_overdue", "sweep", "calendar"),
    ("is_overdue", "sweep", "another sweep"),
    ("is_overdue", "sweep", "accept another"),
    ("waits_for_papers", "papers", "withdraw"),
    ("waits_for_papers", "papers", "calendar"),
    ("waits_for_papers", "papers", "a completes"),
    ("has_due_timer", "a completes", "sweep"),
    ("has_due_timer", "b completes the other", "sweep"),
    ("has_due_timer", "a completes", "b completes the other"),
    ("can_be_ended", "a completes", "b claims"),
    ("can_be_ended", "supplement", "b completes the other"),
)
TRIPLES = (
    ("is_overdue", "a completes", "supplement", "sweep"),
    ("is_overdue", "refuse", "sweep", "calendar"),
    ("is_overdue", "sweep", "another sweep", "accept another"),
    ("waits_for_papers", "papers", "sweep", "withdraw"),
    ("has_due_timer", "b completes the other", "sweep", "supplement"),
    ("can_be_ended", "a completes", "b completes the other", "sweep"),
)


@pytest.fixture
def trials(postgresql_url: str) -> Iterator[Trials]:
    database = PausingDatabase(postgresql_url)
    with pauses():
        yield Trials(Stage.open(database))
    database.dispose()


class TestOneWins:
    """Of two who want the same only one gets it, and the other is told who was quicker, and when."""

    @pytest.mark.parametrize(("verb", "code"), [("completes", "step_already_done"), ("claims", "step_already_claimed")])
    def test_when_two_officers_want_one_step(self, trials: Trials, verb: str, code: str) -> None:
        stage = trials.stage
        for order in sampled_orders(2, 10, random.Random(3)):
            dossier = lies_open(stage)
            now = minute(stage.office.commune.clock.now())
            parts = [Part(name, WISHES[f"{name} {verb}"](stage, dossier)) for name in stage.actors]
            play(stage.office.database, parts, order)
            assert sorted(part.error is None for part in parts) == [False, True], [told(part.result, part.error) for part in parts]
            winner, loser = sorted(parts, key=lambda part: part.error is not None)
            assert isinstance(loser.error, ConflictError)
            assert (loser.error.code, loser.error.facts["by_id"], minute(loser.error.facts["when"])) == (
                code,
                stage.actors[winner.name].person_id,
                now,
            )
            stage.clear()

    def test_when_one_completion_cancels_the_other_branch(self, trials: Trials) -> None:
        came = trials.try_all("can_be_ended", ("a completes", "b completes the other"), sampled_orders(2, 16, random.Random(5)))
        cancelled = "ConflictError step_cancelled 2026-11-20T02:00:00+00:00"
        assert set(came) == {("done, opened []", cancelled), ("done, opened []", "done, opened ['B3']")}
        assert trials.mismatches == []


class TestAnyOrder:
    """Results and rows are those of one after the other; the doctor finds nothing."""

    def test_of_two(self, trials: Trials) -> None:
        self._play(trials, PAIRS, 5)

    def test_of_three(self, trials: Trials) -> None:
        self._play(trials, TRIPLES, 6)

    def _play(self, trials: Trials, combinations: tuple[tuple[str, ...], ...], orders: int) -> None:
        dice = random.Random(11)
        for scene, *wishes in combinations:
            trials.try_all(scene, tuple(wishes), sampled_orders(len(wishes), orders, dice))
        assert [*trials.mismatches, *final_faults(trials.stage)] == []
        assert trials.played == orders * len(combinations)
        assert trials.waited > trials.played // 3  # otherwise nobody has met anybody


class TestPlaying:
    """What the proof stands on: it sees who waits for whom, and an outcome that no order gives."""

    def test_stops_everybody_where_the_order_says(self, trials: Trials) -> None:
        stage = trials.stage
        dossier = is_held(stage)
        parts = [Part(name, WISHES[name](stage, dossier)) for name in ("a completes", "b completes")]
        play(stage.office.database, parts, (0, 0, 1, 1, 0, 0))
        assert [part.waited for part in parts] == [False, True]
        assert [part.reached for part in parts] == [["locked", "writing", "committing"], []]  # refused once it had looked

    def test_finds_an_outcome_that_no_order_gives(self, trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("careless", "as careless"):
            monkeypatch.setitem(WISHES, name, careless)
        trials.try_all("is_held", ("careless", "as careless"), [(0, 0, 0, 0, 1, 1, 1, 1), (0, 1, 0, 1, 0, 1, 0, 1)])
        (mismatch,) = trials.mismatches
        assert "order (0, 1, 0, 1, 0, 1, 0, 1)" in mismatch


def careless(stage: Stage, dossier: Dossier) -> Act:
    """Reads a step without a lock, and writes what it read with one letter more."""

    def act(database: Database) -> None:
        with database.writing() as connection:
            step = steps.c.id == dossier.step_ids["B1"]
            before = connection.execute(select(steps.c.late_reason).where(step)).scalar_one() or ""
            connection.execute(update(steps).where(step).values(late_reason=f"{before}x"))

    return act
