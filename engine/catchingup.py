"""Brings instances up to a moment: due timers fire at their own moments, passed deadlines are recorded.

The sweep does it for all, and every operation does it for the instance that it has locked when a timer is due there: whoever comes
first, the same rows are written.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from engine import spiff
from engine.actor import SYSTEM
from engine.change import Change, Values
from engine.deadlines import Timekeeping
from engine.errors import InvalidError
from engine.events import InstanceBreached, StepBreached
from engine.loading import OPEN, open_steps, waiting_timers
from engine.parts import Parts
from engine.progress import Progress, note_next_timer
from engine.saving import save
from engine.settling import settle_instance, settle_steps
from engine.tables import instances

TIMERS_AT_ONCE = 100  # of one instance; more is a model that fires for ever


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Which instances were locked, and how many timers, steps and instances there were to record."""

    locked: frozenset[int]
    counted: Counter[str]


def catch_up(connection: Connection, engine: Parts, ids: Sequence[int], at: datetime, *, skip_locked: bool = False) -> CaughtUp:
    """Lock these instances, fire what is due, record what is overdue at a moment, and save.

    skip_locked: leave those alone that somebody else is working on.
    """
    query = select(instances).where(instances.c.id.in_(list(ids)), instances.c.status == "running").order_by(instances.c.id)
    locked = [dict(row) for row in connection.execute(query.with_for_update(skip_locked=skip_locked)).mappings()]
    if not locked:
        return CaughtUp(frozenset(), Counter())
    locked_ids = [row["id"] for row in locked]
    steps_of, timers_of = _grouped(open_steps(connection, locked_ids)), _grouped(waiting_timers(connection, locked_ids))
    progress = Progress(connection, engine.ids, Timekeeping(connection, engine.calendars, engine.ids))
    counted: Counter[str] = Counter()
    changes = []
    for row in locked:
        definition = engine.definitions.load(connection, row["definition_id"])
        change = Change(row, definition.model, SYSTEM, at)
        seen_at = max(at, engine.clock.now())
        counted["timers"] += _fire_due(change, progress, definition, steps_of[row["id"]], timers_of[row["id"]], at, seen_at)
        if row["status"] == "running":  # what a timer has just cancelled was settled then
            alive = [step for step in [*steps_of[row["id"]], *change.steps_opened] if step["status"] in OPEN]
            settle_steps(change, alive, at)
            settle_instance(change, at)
        if row["parked_at"] is not None:
            change.set(parked_at=None, parked_error=None, attempts=0, retry_at=None)
        note_next_timer(connection, change)
        changes.append(change)
    counted["steps"] = sum(isinstance(event, StepBreached) for change in changes for event in change.events)
    counted["instances"] = sum(isinstance(event, InstanceBreached) for change in changes for event in change.events)
    save(connection, changes, ids=engine.ids, recorded_at=engine.clock.recorded_now(), subscribers=engine.subscribers)
    return CaughtUp(frozenset(locked_ids), counted)


def _fire_due(
    change: Change,
    progress: Progress,
    definition: spiff.Definition,
    open_now: list[Values],
    waiting: list[Values],
    at: datetime,
    seen_at: datetime,
) -> int:
    """Fire the instance's due timers in the order of their moments; each takes effect at its own moment, however late it is found.

    seen_at: when people can see the steps that this opens.
    """
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
        change.at, change.opening_at = timer["fire_at"], seen_at
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
