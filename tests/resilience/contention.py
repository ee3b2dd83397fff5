"""How much longer a step takes while a sweep records thousands of breaches on the same PostgreSQL.

    python -m tests.resilience.contention --breaches 20000

One process completes steps of instances that are in time; then another sweeps. Printed: the percentiles of the completions before and
during the sweep, and their ratio (target: p95 at most 3 times as long). `--late` lets the officer complete overdue steps instead: each
of them needs a nonconformity number, which the sweep's batch holds until it commits.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from engine.database import Database
from engine.operations import Moved
from engine.sweep import sweep
from tests.benchmarks.ours import START, Commune, Ours, found
from tests.benchmarks.sweeping import MONDAY, _open
from tests.resilience.durable import durable_databases

WARM_UP, IDLE = 3.0, 15.0  # seconds

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Done:
    """One completion: when it began (of the monotonic clock, which both processes share), and how long it took."""

    began: float
    seconds: float


def percentile(done: list[Done], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(one.seconds for one in done)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def _officer(url: str, commune: Commune, late: bool, stop: Any, answers: Any) -> None:
    """Complete steps until told to stop; what each took."""
    database = Database(url)
    ours = Ours(database, commune)
    done = list[Done]()
    for act in _late_steps(ours, stop) if late else _steps(ours, stop):
        began = time.monotonic()
        act()
        done.append(Done(began, time.monotonic() - began))
    database.dispose()
    answers.put(done)


def _steps(ours: Ours, stop: Any) -> Iterator[Any]:
    """The first three steps of one instance after the other, all in time. Only the completions are measured."""
    ours.clock.move_to(MONDAY)
    number = 0
    while not stop.is_set():
        number += 1
        step = ours.create(number)
        for _ in range(3):
            moved: list[Moved] = []
            yield lambda step=step, moved=moved: moved.append(_complete(ours, step.id, step.code))
            opened = moved[0].opened[0]
            step = type(step)(opened["id"], step.instance_id, opened["code"])


def _late_steps(ours: Ours, stop: Any) -> Iterator[Any]:
    """The first steps of instances that were due on Friday."""
    number = 0
    while not stop.is_set():
        number += 1
        ours.clock.move_to(START)
        step = ours.create(number)
        ours.clock.move_to(MONDAY)
        yield lambda step=step: _complete(ours, step.id, step.code)


def _complete(ours: Ours, step_id: int, code: str) -> Moved:
    def act(connection: Connection) -> Moved:
        actor, outcome = ours._actors[code], "approve" if code == "B3" else "done"
        return ours.areas.engine.complete(
            connection, step_id=step_id, actor=actor, outcome=outcome, late_reason="workload", note="Mây che mất giờ"
        )

    return ours._write(act)


def measure(url: str, breaches: int, late: bool) -> tuple[list[Done], list[Done], float]:
    """Completions before and during the sweep, and the seconds that the sweep took."""
    database = Database(url)
    commune = found(database)
    ours = Ours(database, commune)
    _open(ours, breaches)
    ours.clock.move_to(MONDAY)
    stop, answers = _SPAWN.Event(), _SPAWN.Queue()
    officer = _SPAWN.Process(target=_officer, args=(url, commune, late, stop, answers), daemon=True)
    officer.start()
    time.sleep(WARM_UP + IDLE)
    began = time.monotonic()
    swept = sweep(database, ours.areas.engine)
    ended = time.monotonic()
    stop.set()
    done = answers.get(timeout=60)
    officer.join(60)
    database.dispose()
    if swept.errors or swept.nonconformities_raised < breaches:
        raise RuntimeError(f"the sweep raised {swept.nonconformities_raised} of {breaches} nonconformities: {swept.errors[:1]}")
    idle = [one for one in done if began - IDLE < one.began and one.began + one.seconds < began]
    return idle, [one for one in done if began <= one.began < ended], ended - began


def main() -> int:
    parser = argparse.ArgumentParser(description="Complete steps while a sweep records breaches.")
    parser.add_argument("--breaches", type=int, default=20_000)
    parser.add_argument("--late", action="store_true", help="complete overdue steps, which need a nonconformity number each")
    given = parser.parse_args()
    with durable_databases("postgresql") as make:
        idle, during, seconds = measure(make(), given.breaches, given.late)
    print(f"{given.breaches:,} breaches in {seconds:.1f} s: {given.breaches / seconds:,.0f} a second")
    for name, done in (("idle", idle), ("during the sweep", during)):
        shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("most", 1))
        shown = "  ".join(f"{label} {percentile(done, share):.2f} ms" for label, share in shares)
        print(f"{name:17} {len(done):>6,} completions  {shown}")
    print(f"p95 ratio {percentile(during, 0.95) / percentile(idle, 0.95):.2f} (target: at most 3)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
