"""`eiso bench steps`: how many steps a second, next to hand-written SQL on the same database in the same run."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.rounds import COMPLETE, CREATE, FLOOR, OURS, Plan, measure, quieter_half
from tests.benchmarks.targets import Target

# A SQLite file has one writer at a time, so more workers would only queue there. Many short rounds: a busy disk hits both sides alike.
PLANS = {
    "small": (Plan(workers=1, rounds=30, instances=8), Plan(workers=4, rounds=15, instances=6)),
    "full": (Plan(workers=1, rounds=200, instances=10), Plan(workers=4, rounds=100, instances=10)),
    "tiny": (Plan(workers=1, rounds=1, instances=2), Plan(workers=2, rounds=1, instances=1)),
}


def bench(target: Target, size: str, say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """The rows of one database."""
    for plan in PLANS[size]:
        if target.kind == "sqlite" and plan.workers > 1:
            continue
        say(f"steps on {target.kind} {target.version}, {plan.workers} worker{'s' if plan.workers > 1 else ''} ...")
        measured = measure(target, plan)
        for name in (COMPLETE, CREATE):
            floor, ours = measured[FLOOR, name], measured[OURS, name]
            quiet = quieter_half(floor, ours)
            floor_rate, our_rate = floor.per_second(quiet), ours.per_second(quiet)
            yield {
                "name": name,
                "database": target.kind,
                "workers": plan.workers,
                "n": len(ours.seconds),
                "floor_per_s": round(floor_rate, 1),
                "ours_per_s": round(our_rate, 1),
                "ratio": round(our_rate / floor_rate, 3),
                "p50_ms": round(ours.milliseconds(0.5), 3),
                "p95_ms": round(ours.milliseconds(0.95), 3),
                "floor_p50_ms": round(floor.milliseconds(0.5), 3),
                "floor_p95_ms": round(floor.milliseconds(0.95), 3),
            }
