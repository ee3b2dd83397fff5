"""What a step costs in a model of 100 steps, next to one of 10, and how large the stored state grows.

    python -m tests.resilience.modelsize --database postgresql --rounds 10

Three shapes: steps in a row; steps with a gateway after every second; two steps side by side now and then. Models take turns round by
round, so that whatever else the machine does hits them alike; the ratio is that of the medians over the rounds (target: at most 2).
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from engine.actor import SYSTEM, Actor
from engine.database import Database
from engine.operations import Subject
from engine.tables import instances
from engine.timelimit import LimitRule, TimeLimit
from tests.office import Office, open_office
from tests.resilience.durable import KINDS, durable_databases
from tests.unit.model_drafts import Draft, pairs

SIZES = (10, 100)
FEW_STEPS = 30  # so many completions at least, of each model and round


def in_a_row(count: int) -> Draft:
    draft = _begun("row", count)
    return draft.way("start", *(f"B{n}" for n in range(1, count + 1)), "end")


def with_gateways(count: int) -> Draft:
    """After every second step a gateway that could send it back."""
    draft, way = _begun("gateways", count), ["start"]
    for n in range(1, count + 1):
        if n % 2:
            draft.xor(f"again{n}")
            way.append(f"again{n}")
        way.append(f"B{n}")
        if n % 2 == 0:
            draft.xor(f"well{n}", default=f"well{n}-{f'again{n + 1}' if n < count else 'end'}")
            draft.way(f"well{n}", f"again{n - 1}", when=f"B{n}.outcome == 'never'")
            way.append(f"well{n}")
    return draft.way(*way, "end")


def with_branches(count: int) -> Draft:
    """In every 50 steps two that are done side by side; more are refused: SpiffWorkflow predicts what follows a split twice."""
    draft, before = _begun("branches", count), "start"
    for first in range(1, count + 1, 50):
        pair, rest = (first, first + 1), range(first + 2, min(first + 50, count + 1))
        draft.both(f"split{first}").both(f"join{first}")
        draft.way(before, f"split{first}", f"B{pair[0]}", f"join{first}", *(f"B{n}" for n in rest))
        draft.way(f"split{first}", f"B{pair[1]}", f"join{first}")
        before = f"B{rest[-1]}"
    return draft.way(before, "end")


SHAPES: Mapping[str, Callable[[int], Draft]] = {one.__name__: one for one in (in_a_row, with_gateways, with_branches)}


def _begun(name: str, count: int) -> Draft:
    draft = Draft(id=f"{name}_{count}", procedure=None).start()
    for n in range(1, count + 1):
        draft.step(f"B{n}", "1h")
    draft.end()
    refs = "".join(f"<bpmn:flowNodeRef>{code}</bpmn:flowNodeRef>" for code in draft.laned)
    draft.lanes = f'<bpmn:lane id="Lane_1" name="Một cửa">{pairs({"role": "intake_officer", "unit": "counter"})}{refs}</bpmn:lane>'
    return draft


@dataclass
class Size:
    """One model: the seconds that a step took, by round, and the largest state in bytes."""

    definition_id: int
    steps: int
    seconds: list[float] = field(default_factory=list)
    largest_state: int = 0


class Bench:
    """Runs instances of models from start to end."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.actor: Actor = office.actor("nang.hoang")
        self._number = 0

    def publish(self, draft: Draft, steps: int) -> Size:
        with self.office.database.writing() as connection:
            definitions = self.office.areas.engine.definitions
            return Size(definitions.publish(connection, sources={f"{draft.id}.bpmn": draft.xml()}, actor=SYSTEM), steps)

    def round(self, size: Size, *, counted: bool) -> None:
        times, steps = max(1, FEW_STEPS // size.steps), 0
        spent = 0.0
        for _ in range(times):
            done, seconds = self._live(size, look=not counted)
            steps, spent = steps + done, spent + seconds
        if counted:
            size.seconds.append(spent / steps)

    def _live(self, size: Size, *, look: bool) -> tuple[int, float]:
        self._number += 1
        engine, database = self.office.areas.engine, self.office.database
        with database.writing() as connection:
            moved = engine.start(
                connection,
                definition_id=size.definition_id,
                subject=Subject("trial", self._number, f"TH-{self._number}", "Mô hình dài", "Mây Dài"),
                agency_id=self.office.commune.agency_id,
                field="Chứng thực",
                limit=TimeLimit.parse("30d"),
                rule=LimitRule.ELAPSED,
                actor=self.actor,
            )
        waiting, done, began = [step["id"] for step in moved.opened], 0, time.perf_counter()
        while waiting:
            with database.writing() as connection:
                moved = engine.complete(connection, step_id=waiting.pop(0), actor=self.actor)
            waiting += [step["id"] for step in moved.opened]
            done += 1
            if look:
                with database.reading() as connection:
                    state = connection.execute(select(instances.c.state).where(instances.c.id == moved.instance["id"])).scalar_one()
                size.largest_state = max(size.largest_state, len(state))
        return done, time.perf_counter() - began


def measure(url: str, rounds: int) -> dict[str, dict[int, Size]]:
    database = Database(url)
    bench = Bench(open_office(database))
    sizes = {name: {count: bench.publish(shape(count), count) for count in SIZES} for name, shape in SHAPES.items()}
    for number in range(rounds + 1):
        for by_count in sizes.values():
            for size in by_count.values():
                bench.round(size, counted=number > 0)
    database.dispose()
    return sizes


def main() -> int:
    parser = argparse.ArgumentParser(description="The cost of a step in a long model and in a short one.")
    parser.add_argument("--database", choices=KINDS, default="postgresql")
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    with durable_databases(given.database) as make:
        sizes = measure(make(), given.rounds)
    small, large = SIZES
    for name, by_count in sizes.items():
        costs = {count: statistics.median(size.seconds) * 1000 for count, size in by_count.items()}
        states = ", ".join(f"{size.largest_state:,} bytes of state at {count}" for count, size in by_count.items())
        told = ", ".join(f"{cost:.2f} ms at {count} steps" for count, cost in costs.items())
        print(f"{name:14} {told}: ratio {costs[large] / costs[small]:.2f}; {states}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
