"""Due timers and passed deadlines: found and recorded by themselves, safe to run twice, by many, and late.

Instances are locked first, with SKIP LOCKED, so two sweeps and any number of officers share the work. What fails is parked
with its error and tried again, never skipped in silence.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.catchingup import catch_up
from engine.clock import minute
from engine.database import Database
from engine.errors import InvalidError
from engine.parts import Parts
from engine.tables import heartbeats, instances, marks, steps, timers

BATCH = 250
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=6)


@dataclass(slots=True)
class Swept:
    """What one sweep found."""

    timers_fired: int = 0
    steps_overdue: int = 0
    dossiers_overdue: int = 0
    nonconformities_raised: int = 0
    parked: int = 0
    errors: list[str] = field(default_factory=list)

    def add(self, counted: Counter[str]) -> None:
        self.timers_fired += counted["timers"]
        self.steps_overdue += counted["steps"]
        self.dossiers_overdue += counted["instances"]
        self.nonconformities_raised += counted["steps"] + counted["instances"]


def sweep(database: Database, engine: Parts, *, at: datetime | None = None, on_batch: Callable[[Swept], None] | None = None) -> Swept:
    """Fire what is due and record what is overdue at a moment (default: now), in batches of one transaction each.

    Raises: InvalidError (sweep_in_future) unless the database is marked as simulated.
    """
    now = engine.clock.now()
    at = at or now
    if at > now:
        _require_simulated(database, at)
    result, seen, passed_over = Swept(), set[int](), set[int]()
    while found := _due(database, at, seen):
        seen |= set(found)
        passed_over |= _sweep_batch(database, engine, found, at, result, skip_locked=True)
        if on_batch is not None:
            on_batch(result)
    for instance_id in sorted(passed_over):  # the heartbeat speaks for these too: wait for whoever held them
        _sweep_batch(database, engine, [instance_id], at, result, skip_locked=False)
    with database.writing() as connection:
        _beat(connection, engine, at, result)
    return result


def _require_simulated(database: Database, at: datetime) -> None:
    with database.reading() as connection:
        if connection.execute(select(marks.c.value).where(marks.c.name == "simulated")).first() is None:
            raise InvalidError("A sweep cannot look into the future of a live database.", code="sweep_in_future", at=at)


def _due(database: Database, at: datetime, seen: set[int]) -> list[int]:
    """Ids of instances with something due, at most a batch, none of those seen before; each query walks a partial index."""
    late, found = minute(at), list[int]()
    ready = or_(instances.c.retry_at.is_(None), instances.c.retry_at <= at)
    queries: tuple[Select[Any], ...] = (
        select(timers.c.instance_id)
        .join(instances, instances.c.id == timers.c.instance_id)
        .where(timers.c.status == "waiting", timers.c.fire_at <= at, ready)
        .order_by(timers.c.fire_at),
        select(steps.c.instance_id)
        .join(instances, instances.c.id == steps.c.instance_id)
        .where(steps.c.status.in_(("open", "claimed")), steps.c.breached_at.is_(None), steps.c.due_at < late, ready)
        .order_by(steps.c.due_at),
        select(instances.c.id)
        .where(instances.c.clock == "running", instances.c.breached_at.is_(None), instances.c.due_at < late, ready)
        .order_by(instances.c.due_at),
    )
    with database.reading() as connection:
        for query in queries:
            for instance_id in connection.execute(query.limit(BATCH + len(seen))).scalars():
                if instance_id not in seen and instance_id not in found:
                    found.append(instance_id)
                if len(found) == BATCH:
                    return found
    return found


def _sweep_batch(database: Database, engine: Parts, ids: Sequence[int], at: datetime, result: Swept, *, skip_locked: bool) -> set[int]:
    """One transaction for the batch; when it fails, one for each instance, and what still fails is parked. Returns those passed over."""
    try:
        with database.writing() as connection:
            caught_up = catch_up(connection, engine, ids, at, skip_locked=skip_locked)
        result.add(caught_up.counted)
        return set(ids) - caught_up.locked
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one instance, the others are swept and this one is shown
        if len(ids) > 1:
            return {left for one in ids for left in _sweep_batch(database, engine, [one], at, result, skip_locked=skip_locked)}
        _park(database, ids[0], at, error)
        result.parked += 1
        result.errors.append(f"{ids[0]}: {error}")
        return set()


def _park(database: Database, instance_id: int, at: datetime, error: Exception) -> None:
    with database.writing() as connection:
        attempts = connection.execute(select(instances.c.attempts).where(instances.c.id == instance_id)).scalar_one()
        wait = min(FIRST_RETRY * 2**attempts, LONGEST_RETRY)
        values = {
            "parked_at": at,
            "parked_error": f"{type(error).__name__}: {error}"[:2000],
            "attempts": min(attempts + 1, 30),
            "retry_at": at + wait,
        }
        connection.execute(update(instances).where(instances.c.id == instance_id).values(values))


def _beat(connection: Connection, engine: Parts, at: datetime, result: Swept) -> None:
    row = {
        "name": "sweep",
        "at": at,
        "recorded_at": engine.clock.recorded_now(),
        "result": {
            "steps": result.steps_overdue,
            "dossiers": result.dossiers_overdue,
            "timers": result.timers_fired,
            "parked": result.parked,
        },
    }
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    latest = insert(heartbeats).values(row)
    connection.execute(
        latest.on_conflict_do_update(index_elements=["name"], set_={name: row[name] for name in ("at", "recorded_at", "result")})
    )
