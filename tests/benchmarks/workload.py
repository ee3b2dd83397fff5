"""Workload W: six steps in a row; after the third a gateway sends one instance in ten back to the second, once; three values a step.

Both sides get the same work in the same order: the floor, and eISO.
"""

import random
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

MODEL = Path(__file__).with_name("workload_w.bpmn")
SCHEMA = "bench_floor"  # of the floor's tables on PostgreSQL
LAST = "B6"
RETURNED = 0.1  # share of the instances that the third step sends back

_NEXT = {"B1": "B2", "B2": "B3", "B3": "B4", "B4": "B5", "B5": "B6"}


@dataclass(frozen=True, slots=True)
class Step:
    """An open step, as the one who will complete it knows it."""

    id: int
    instance_id: int
    code: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person enters: an outcome and two values."""

    outcome: str
    values: Mapping[str, Any]


class Side(Protocol):
    """One who can do workload W."""

    def create(self, number: int) -> Step: ...

    def complete(self, step: Step, answer: Answer) -> Step | None: ...


@dataclass(slots=True)
class Timing:
    """How long each operation of a phase took, and from when to when the phase went (a clock that all processes share)."""

    started: float = 0.0
    ended: float = 0.0
    seconds: list[float] = field(default_factory=list)


def next_code(code: str, variables: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Where the workload goes from a step, for those who have no model; None at the end."""
    if code == "B3" and variables["B3"]["outcome"] == "return":
        return "B2"
    return _NEXT.get(code)


def create_all(side: Side, numbers: range, timing: Timing) -> list[Step]:
    """Open one instance for each number."""
    steps = []
    timing.started = perf_counter()
    for number in numbers:
        before = perf_counter()
        steps.append(side.create(number))
        timing.seconds.append(perf_counter() - before)
    timing.ended = perf_counter()
    return steps


def complete_all(side: Side, steps: list[Step], seed: int, timing: Timing) -> None:
    """Complete every step until all instances are at their end, in turn: no instance has two steps in a row done."""
    answers = _answers([step.instance_id for step in steps], seed)
    waiting = deque(steps)
    timing.started = perf_counter()
    while waiting:
        step = waiting.popleft()
        answer = answers.to(step)
        before = perf_counter()
        following = side.complete(step, answer)
        timing.seconds.append(perf_counter() - before)
        if following is not None:
            waiting.append(following)
    timing.ended = perf_counter()


class _Answers:
    def __init__(self, returned: set[int], values: Iterator[dict[str, Any]]) -> None:
        self._returned, self._values = returned, values

    def to(self, step: Step) -> Answer:
        if step.code != "B3":
            return Answer("done", next(self._values))
        if step.instance_id in self._returned:
            self._returned.remove(step.instance_id)
            return Answer("return", next(self._values))
        return Answer("approve", next(self._values))


def _answers(instance_ids: list[int], seed: int) -> _Answers:
    chance = random.Random(seed)
    returned = set(chance.sample(instance_ids, round(len(instance_ids) * RETURNED)))
    return _Answers(returned, _values(chance))


def _values(chance: random.Random) -> Iterator[dict[str, Any]]:
    while True:
        yield {"sheets": chance.randrange(1, 40), "remark": f"đã xem, tủ {chance.randrange(100)}"}
