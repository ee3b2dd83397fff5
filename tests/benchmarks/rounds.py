"""Rounds: each worker does the same work on the floor and on eISO in turn, so that whatever else the machine does hits both alike.

Several workers are processes that start every phase together.
"""

import multiprocessing
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from threading import BrokenBarrierError
from typing import Any

from engine.database import Database
from tests.benchmarks.ours import Ours
from tests.benchmarks.targets import CannotMeasureError, Target
from tests.benchmarks.workload import Side, Timing, complete_all, create_all

FLOOR, OURS = "floor", "ours"
CREATE, COMPLETE = "create", "complete"
LONGEST_WAIT = 120.0  # seconds; a worker that died must not hold the others for ever

# (side, phase) -> one timing of each worker
Round = dict[tuple[str, str], list[Timing]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    workers: int
    rounds: int
    instances: int  # of each worker, side and round
    seed: int = 7


@dataclass(slots=True)
class Measured:
    """One phase of one side over all rounds."""

    spans: list[float] = field(default_factory=list)  # seconds from the first worker's start to the last one's end, by round
    counts: list[int] = field(default_factory=list)  # operations, by round
    seconds: list[float] = field(default_factory=list)  # of each operation

    def per_second(self, rounds: Iterable[int]) -> float:
        """Operations per second of all workers together, the median of these rounds."""
        return median(self.counts[number] / self.spans[number] for number in rounds)

    def milliseconds(self, share: float) -> float:
        """The duration below which this share of the operations lies."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def quieter_half(one: Measured, other: Measured) -> list[int]:
    """The rounds that both sides together had done sooner: whatever else the machine did, it did less of it then."""
    together = [sum(spans) for spans in zip(one.spans, other.spans, strict=True)]
    return sorted(range(len(together)), key=together.__getitem__)[: (len(together) + 1) // 2]


class WorkerFailedError(CannotMeasureError):
    """A worker did not come to its end."""


def measure(target: Target, plan: Plan) -> dict[tuple[str, str], Measured]:
    """Run all rounds; the first, in which caches fill, is not counted.

    Raises: WorkerFailedError with the worker's own traceback.
    """
    measured = {(side, phase): Measured() for side in (FLOOR, OURS) for phase in (CREATE, COMPLETE)}
    for one in _run(target, plan)[1:]:
        for key, timings in one.items():
            span = max(timing.ended for timing in timings) - min(timing.started for timing in timings)
            seconds = [second for timing in timings for second in timing.seconds]
            measured[key].spans.append(span)
            measured[key].counts.append(len(seconds))
            measured[key].seconds += seconds
    return measured


def _run(target: Target, plan: Plan) -> list[Round]:
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(plan.workers), context.Queue()
    workers = [context.Process(target=_work, args=(target, plan, index, barrier, answers)) for index in range(plan.workers)]
    for worker in workers:
        worker.start()
    rounds: list[Round] = [{} for _ in range(plan.rounds + 1)]
    try:
        for _ in workers:
            for number, key, timing in _answer(answers):
                rounds[number].setdefault(key, []).append(timing)
    finally:
        for worker in workers:
            worker.join(timeout=LONGEST_WAIT)
    return rounds


def _answer(answers: Any) -> list[tuple[int, tuple[str, str], Timing]]:
    answer = answers.get(timeout=20 * LONGEST_WAIT)
    if isinstance(answer, str):
        raise WorkerFailedError(answer)
    timings: list[tuple[int, tuple[str, str], Timing]] = answer
    return timings


def _work(target: Target, plan: Plan, index: int, barrier: Any, answers: Any) -> None:
    """What one worker process does."""
    try:
        with _sides(target) as sides:
            answers.put(list(_rounds(sides, plan, index, lambda: barrier.wait(LONGEST_WAIT))))
    except BrokenBarrierError:
        answers.put("another worker failed")
    except Exception:  # noqa: BLE001  # told to the process that waits for us, which raises it
        answers.put(traceback.format_exc())
        barrier.abort()


@contextmanager
def _sides(target: Target) -> Iterator[dict[str, Side]]:
    database = Database(target.url)
    floor, close_floor = target.open_floor()
    yield {FLOOR: floor, OURS: Ours(database, target.commune)}
    close_floor()
    database.dispose()


def _rounds(sides: dict[str, Side], plan: Plan, index: int, together: Callable[[], Any]) -> Iterator[tuple[int, tuple[str, str], Timing]]:
    for number in range(plan.rounds + 1):
        first = (number * plan.workers + index) * plan.instances
        for name in (FLOOR, OURS) if number % 2 == 0 else (OURS, FLOOR):
            creating, completing = Timing(), Timing()
            together()
            steps = create_all(sides[name], range(first, first + plan.instances), creating)
            together()
            complete_all(sides[name], steps, plan.seed + first, completing)
            yield number, (name, CREATE), creating
            yield number, (name, COMPLETE), completing
