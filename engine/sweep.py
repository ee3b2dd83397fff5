"""Due timers and passed deadlines: found and recorded by themselves, safe to run twice, by many, and late.

Instances are locked first, with SKIP LOCKED, so two sweeps and any number of officers share the work. What fails is parked
with its error and tried again, never skipped in silence.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import spiff
from engine.actor import SYSTEM
from engine.change import Change, Values
from engine.clock import minute
from engine.database import Database
from engine.deadlines import Timekeeping
from engine.errors import InvalidError
from engine.events import InstanceBreached, StepBreached
from engine.loading import OPEN, open_steps, waiting_timers
from engine.operations import Engine
from engine.progress import Progress
from engine.saving import save
from engine.settling import settle_instance, settle_steps
from engine.tables import heartbeats, instances, marks, steps, timers

BATCH = 250
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=6)
TIMERS_AT_ONCE = 100  # of one instance; more is a model that fires for ever


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


def sweep(database: Database, engine: Engine, *, at: datetime | None = None, on_batch: Callable[[Swept], None] | None = None) -> Swept:
    """Fire what is due and record what is overdue at a moment (default: now), in batches of one transaction each.

    Raises: InvalidError (sweep_in_future) unless the database is marked as simulated.
    """
    now = engine.clock.now()
    at = at or now
    if at > now:
        _require_simulated(database, at)
    result, seen = Swept(), set[int]()
    while found := _due(database, at, seen):
        seen |= set(found)
        _sweep_batch(database, engine, found, at, result)
        if on_batch is not None:
            on_batch(result)
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


def _sweep_batch(database: Database, engine: Engine, ids: Sequence[int], at: datetime, result: Swept) -> None:
    """One transaction for the batch; when it fails, one for each instance, and what still fails is parked."""
    try:
        with database.writing() as connection:
            counted = _sweep_instances(connection, engine, ids, at)
        result.add(counted)
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one instance, the others are swept and this one is shown
        if len(ids) > 1:
            for instance_id in ids:
                _sweep_batch(database, engine, [instance_id], at, result)
            return
        _park(database, ids[0], at, error)
        result.parked += 1
        result.errors.append(f"{ids[0]}: {error}")


def _sweep_instances(connection: Connection, engine: Engine, ids: Sequence[int], at: datetime) -> Counter[str]:
    query = select(instances).where(instances.c.id.in_(list(ids)), instances.c.status == "running").order_by(instances.c.id)
    locked = [dict(row) for row in connection.execute(query.with_for_update(skip_locked=True)).mappings()]
    if not locked:
        return Counter()
    locked_ids = [row["id"] for row in locked]
    steps_of, timers_of = _grouped(open_steps(connection, locked_ids)), _grouped(waiting_timers(connection, locked_ids))
    progress = Progress(connection, engine.ids, Timekeeping(connection, engine.calendars, engine.ids))
    counted: Counter[str] = Counter()
    changes = []
    for row in locked:
        definition = engine.definitions.load(connection, row["definition_id"])
        change = Change(row, definition.model, SYSTEM, at)
        counted["timers"] += _fire_due(change, progress, definition, steps_of[row["id"]], timers_of[row["id"]], at)
        if row["status"] == "running":  # what a timer has just cancelled was settled then
            alive = [step for step in [*steps_of[row["id"]], *change.steps_opened] if step["status"] in OPEN]
            settle_steps(change, alive, at)
            settle_instance(change, at)
        if row["parked_at"] is not None:
            change.set(parked_at=None, parked_error=None, attempts=0, retry_at=None)
        changes.append(change)
    counted["steps"] = sum(isinstance(event, StepBreached) for change in changes for event in change.events)
    counted["instances"] = sum(isinstance(event, InstanceBreached) for change in changes for event in change.events)
    save(connection, changes, ids=engine.ids, recorded_at=engine.clock.recorded_now(), subscribers=engine.subscribers)
    return counted


def _fire_due(
    change: Change, progress: Progress, definition: spiff.Definition, open_now: list[Values], waiting: list[Values], at: datetime
) -> int:
    """Fire the instance's due timers in the order of their moments; each takes effect at its own moment, however late it is found."""
    fired = 0
    while change.instance["status"] == "running":
        due = [
            timer
            for timer in [*waiting, *change.timers_started]
            if timer["status"] == "waiting" and timer["fire_at"] is not None and timer["fire_at"] <= at
        ]
        if not due:
            break
        if fired == TIMERS_AT_ONCE:
            raise InvalidError("The model fires timers without end.", code="timers_without_end")
        timer = min(due, key=lambda one: (one["fire_at"], one["id"]))
        change.at, change.opening_at = timer["fire_at"], at
        alive = [step for step in [*open_now, *change.steps_opened] if step["status"] in OPEN]
        settle_steps(change, alive, change.at)
        settle_instance(change, change.at)
        change.update_timer(timer, status="fired", ended_at=change.at)
        change.record("engine.timer.fired", {"element": timer["element_id"], "limit": timer["limit_text"]})
        advance = spiff.fire(definition, change.instance["state"], timer["task_key"])
        progress.apply(change, advance, alive)
        fired += 1
    change.at, change.opening_at = at, None
    return fired


def _grouped(rows: Iterable[Values]) -> dict[int, list[Values]]:
    groups: dict[int, list[Values]] = defaultdict(list)
    for row in rows:
        groups[row["instance_id"]].append(row)
    return groups


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


def _beat(connection: Connection, engine: Engine, at: datetime, result: Swept) -> None:
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
