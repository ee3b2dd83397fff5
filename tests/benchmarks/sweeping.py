"""`eiso bench sweep`: what a sweep costs when nothing is due among many open steps, and how quickly it records deadlines passed at once.

No floor stands beside it: nobody writes a bare sweep by hand. Breaches are counted with everything that they bring in the same
transactions: the nonconformity with its number and evidence, the entries of two chains.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Table, cast, func, insert, literal, null, select

from engine.database import Database
from engine.operations import Moved, Subject
from engine.sweep import sweep
from engine.tables import clock_entries, instances, steps
from tests.benchmarks.ours import START, Ours
from tests.benchmarks.rounds import Measured
from tests.benchmarks.targets import Target

MONDAY = START + timedelta(days=3)  # 08:00; the first step of an instance started on START was due on Friday
_OWN_IDS = 2**40  # ids made from time are all above


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    open: int
    idle_sweeps: int
    breaches: int


AMOUNTS = {
    "small": Amount(open=20_000, idle_sweeps=30, breaches=2_000),
    "full": Amount(open=1_000_000, idle_sweeps=100, breaches=20_000),
    "tiny": Amount(open=40, idle_sweeps=3, breaches=10),
}


def bench(target: Target, size: str, say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """The rows of one database."""
    amount, database = AMOUNTS[size], Database(target.url)
    ours = Ours(database, target.commune)
    try:
        say(f"sweep on {target.kind} {target.version}, {amount.open:,} open steps ...")
        yield _idle(ours, target, amount)
        say(f"sweep on {target.kind}, {amount.breaches:,} deadlines passed at once ...")
        yield _breach(ours, target, amount)
    finally:
        database.dispose()


def _idle(ours: Ours, target: Target, amount: Amount) -> dict[str, Any]:
    ours.clock.move_to(MONDAY)
    _open(ours, amount.open)
    _sweep(ours)  # what an earlier run left
    measured = Measured(seconds=[_sweep(ours)[0] for _ in range(amount.idle_sweeps)])
    return {
        "name": "sweep.idle",
        "database": target.kind,
        "workers": 1,
        "steps": _count_open(ours),
        "n": amount.idle_sweeps,
        "ours_per_s": round(amount.idle_sweeps / sum(measured.seconds), 1),
        "p50_ms": round(measured.milliseconds(0.5), 3),
        "p95_ms": round(measured.milliseconds(0.95), 3),
    }


def _breach(ours: Ours, target: Target, amount: Amount) -> dict[str, Any]:
    ours.clock.move_to(START)
    _open(ours, amount.breaches)
    ours.clock.move_to(MONDAY)
    seconds, raised = _sweep(ours)
    return {
        "name": "sweep.breach",
        "database": target.kind,
        "workers": 1,
        "steps": _count_open(ours),
        "n": raised,
        "ours_per_s": round(raised / seconds, 1),
    }


def _sweep(ours: Ours) -> tuple[float, int]:
    """How long it took, and how many nonconformities it raised."""
    before = perf_counter()
    swept = sweep(ours.database, ours.areas.engine)
    seconds = perf_counter() - before
    if swept.parked:
        raise RuntimeError(f"the sweep parked {swept.parked} instances: {swept.errors[0]}")
    return seconds, swept.nonconformities_raised


def _count_open(ours: Ours) -> int:
    with ours.database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(steps).where(steps.c.status == "open")).scalar_one())


def _open(ours: Ours, count: int) -> None:
    """Start one instance now, and copy it until there are so many: instance, open step, ledger."""
    with ours.database.writing() as connection:
        subject = Subject("workload", ours.ids.next(), f"sweep-{ours.ids.next()}", "Khối lượng W", "Lường Văn Đạt")
        _multiply(connection, ours.start(connection, subject), count - 1)
    if ours.database.dialect == "postgresql":  # autovacuum would have done it by the time that a commune has so many
        with ours.database.sql.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("vacuum analyze instances, steps, clock_entries")


def _multiply(connection: Connection, started: Moved, copies: int) -> None:
    first = connection.execute(select(func.coalesce(func.max(instances.c.id), 0)).where(instances.c.id < _OWN_IDS)).scalar_one()
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < copies))
    own_id = numbers.c.n + first
    instance_id = started.instance["id"]
    code = instances.c.subject_code + "-" + cast(numbers.c.n, String)
    about = {"id": own_id, "subject_id": own_id, "subject_code": code, "trace_seq": literal(0), "trace_head": null()}
    _copy(connection, instances, instances.c.id == instance_id, numbers, about)
    for table in (steps, clock_entries):
        _copy(connection, table, table.c.instance_id == instance_id, numbers, {"id": own_id, "instance_id": own_id})


def _copy(connection: Connection, table: Table, which: ColumnElement[bool], numbers: Any, changed: dict[str, Any]) -> None:
    """Add one copy of a row for each number, with these columns changed."""
    columns = [changed.get(column.name, column) for column in table.columns]
    connection.execute(
        insert(table).from_select([column.name for column in table.columns], select(*columns).join(numbers, literal(True)).where(which))
    )
