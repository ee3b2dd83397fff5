"""Two or three operations on one dossier, on real PostgreSQL connections, in every order of their pauses.

    python -m tests.resilience.interleavings                    # every pair in every scene, 8 orders each
    python -m tests.resilience.interleavings --orders 70 --triples 300

What came of each operation, and everything that is stored afterwards, must be what some order of doing them one after the other gives.
Whatever else happens (a deadlock, a lost update, an error that is no refusal) is a mismatch; so is anything that the doctor finds.
"""

import argparse
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.office import local
from tests.resilience import proof
from tests.resilience.durable import durable_databases
from tests.resilience.pausing import SEGMENTS, Part, PausingDatabase, pauses, play
from tests.resilience.scenes import can_be_ended, has_due_timer, is_held, is_overdue, lies_open, waits_for_papers
from tests.resilience.stage import DAY_OFF, A, B, Dossier, Make, Stage, Want
from tests.resilience.wishes import (
    accept_another,
    change_calendar,
    claim,
    complete,
    refuse,
    release,
    resume,
    suspend,
    sweeps,
    told,
    withdraw,
)

SCENES: Mapping[str, Make] = {one.__name__: one for one in (lies_open, is_held, is_overdue, waits_for_papers, has_due_timer, can_be_ended)}
WISHES: Mapping[str, Want] = {
    "a completes": complete(A),
    "b completes": complete(B),
    "b completes the other": complete(B, "B2"),
    "a claims": claim(A),
    "b claims": claim(B),
    "a releases": release(A),
    "supplement": suspend,
    "papers": resume,
    "refuse": refuse,
    "withdraw": withdraw,
    "sweep": sweeps,
    "another sweep": sweeps,
    "calendar": change_calendar,
    "accept another": accept_another,
}
HAVE_BRANCHES = {"has_due_timer", "can_be_ended"}

Outcome = tuple[tuple[str, ...], Any]  # what came of each wish, and what is stored


@dataclass
class Trials:
    """Plays combinations of wishes, and counts."""

    stage: Stage
    played: int = 0
    waited: int = 0  # interleavings in which somebody waited for a lock
    combinations: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)
    _serial: dict[tuple[str, tuple[str, ...]], list[Outcome]] = field(default_factory=dict)

    def try_all(self, scene: str, wishes: tuple[str, ...], orders: Sequence[Sequence[int]]) -> list[tuple[str, ...]]:
        """Play these orders of one combination; what came of the wishes in each."""
        self.combinations += 1
        results = []
        for order in orders:
            (came, account), parts = self._play(scene, wishes, partial(play, order=order))
            self.played += 1
            self.waited += any(part.waited for part in parts)
            self.outcomes.update(came)
            results.append(came)
            if not any((came, account) == wanted for wanted in self._one_after_another(scene, wishes)):
                self._mismatch(scene, wishes, order, came, account)
        return results

    def _one_after_another(self, scene: str, wishes: tuple[str, ...]) -> Iterator[Outcome]:
        """The outcomes of all orders without interleaving, told in the order of the wishes; each is played when it is first asked for."""
        known = self._serial.setdefault((scene, wishes), [])
        yield from known
        for order in [*itertools.permutations(range(len(wishes)))][len(known) :]:
            in_turn = [index for index in order for _ in range(SEGMENTS + 1)]
            outcome, _ = self._play(scene, wishes, partial(play, order=in_turn))
            known.append(outcome)
            yield outcome

    def _play(self, scene: str, wishes: tuple[str, ...], run: Any) -> tuple[Outcome, list[Part]]:
        stage = self.stage
        dossier = self._set(scene, "calendar" in wishes)
        parts = [Part(name, WISHES[name](stage, dossier)) for name in wishes]
        run(stage.office.database, parts)
        came = tuple(told(part.result, part.error) for part in parts)
        faults = stage.faults(dossier, swept=any("sweep" in name for name in wishes))
        if faults:
            self.mismatches.append(f"{scene}, {' | '.join(wishes)}: the doctor finds {faults}")
        account = stage.account(dossier)
        stage.clear()
        if dossier.calendar_version_id is not None:
            stage.publish()  # the usual days again, for the next one
        return (came, account), parts

    def _set(self, scene: str, with_calendar: bool) -> Dossier:
        dossier = SCENES[scene](self.stage)
        if with_calendar:
            dossier.calendar_version_id = self.stage.publish(DAY_OFF)
        return dossier

    def _mismatch(self, scene: str, wishes: tuple[str, ...], order: Sequence[int], came: tuple[str, ...], account: Any) -> None:
        wanted = self._serial[scene, wishes]
        alike = next((stored for results, stored in wanted if results == came), account)
        differs = [f"{name}: {stored} instead of {alike[name]}" for name, stored in account.items() if stored != alike[name]]
        possible = sorted({results for results, _ in wanted})
        self.mismatches.append(f"{scene}, {' | '.join(wishes)}, order {order}: {came}; {differs or f'one after another: {possible}'}")


def combinations(size: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every scene with every combination of so many wishes that has a meaning there."""
    for scene in SCENES:
        possible = [name for name in WISHES if scene in HAVE_BRANCHES or name != "b completes the other"]
        yield from ((scene, wishes) for wishes in itertools.combinations(possible, size))


def sampled_orders(parts: int, count: int, dice: random.Random) -> list[tuple[int, ...]]:
    """Different orders in which so many parts go from point to point, all of them when there are no more than wanted."""
    pool = [index for index in range(parts) for _ in range(SEGMENTS)]
    found: set[tuple[int, ...]] = set()
    if parts == 2 and count >= 70:
        return sorted(set(itertools.permutations(pool)))
    while len(found) < count:
        dice.shuffle(pool)
        found.add(tuple(pool))
    return sorted(found)


def final_faults(stage: Stage) -> list[str]:
    """What the whole doctor and the trace say when all is over."""
    clock = stage.office.commune.clock
    clock.move_to(local("2026-11-20T10:05"))
    return list(proof.faults(stage.office.database, clock))


def main() -> int:
    parser = argparse.ArgumentParser(description="Interleave operations on one dossier and compare with doing them one after the other.")
    parser.add_argument("--orders", type=int, default=8, help="of each pair; 70 are all")
    parser.add_argument("--triples", type=int, default=100, help="sampled, with half as many orders each")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args()
    dice, began = random.Random(given.seed), time.monotonic()
    with durable_databases("postgresql") as make, tempfile.TemporaryDirectory(prefix="eiso-fire-"), pauses():
        database = PausingDatabase(make())
        trials = Trials(Stage.open(database))
        every = list(combinations(3))
        chosen = [*combinations(2), *dice.sample(every, min(given.triples, len(every)))]
        for scene, wishes in chosen:
            orders = sampled_orders(len(wishes), given.orders if len(wishes) == 2 else max(1, given.orders // 2), dice)
            trials.try_all(scene, wishes, orders)
        trials.mismatches += final_faults(trials.stage)
        database.dispose()
    print(f"{trials.played} interleavings of {trials.combinations} combinations, seed {given.seed}, {time.monotonic() - began:.0f} s")
    print(f"somebody waited for a lock in {trials.waited}")
    print("\n".join(f"{count:>7,}  {what}" for what, count in trials.outcomes.most_common(40)))
    print(f"mismatches: {len(trials.mismatches)}")
    print("\n".join(trials.mismatches[:50]))
    return 1 if trials.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
