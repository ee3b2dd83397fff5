"""Writes what operations collected, set-wise, then tells the subscribers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, insert, update

from engine.change import Change, Values
from engine.errors import ConflictError
from engine.events import Subscribers
from engine.hotpath import Insert, Part, Update, hot_path
from engine.ids import Ids
from engine.tables import clock_entries, instances, steps, timers, trace_entries, trace_values
from engine.trace.records import Head
from engine.trace.writing import Built, build


def save(connection: Connection, changes: Sequence[Change], *, ids: Ids, recorded_at: datetime, subscribers: Subscribers) -> None:
    """Write all changes in one go: instances, steps, timers, ledger, trace; then hand the events to those who asked.

    Raises: ConflictError when an instance changed although it was locked.
    """
    built = [_trace(change, ids, recorded_at) for change in changes]
    if len(changes) == 1:
        _save_one(connection, changes[0], built[0])
    else:
        _save_many(connection, changes, built)
    events = [event for change in changes for event in change.events]
    if events:
        subscribers.tell(connection, events)


def _save_one(connection: Connection, change: Change, trace: Built) -> None:
    """A person's operation."""
    row, parts = change.instance, list[Part]()
    if change.is_new:
        parts.append(Insert(instances, [row]))
    elif change.instance_values:
        change.set(version=row["version"] + 1)
        parts.append(Update(instances, row["id"], change.instance_values, version=row["version"] - 1))
    parts += _inserted(steps, change.steps_opened)
    parts += [Update(steps, key, values) for key, values in change.step_updates.items()]
    parts += _inserted(timers, change.timers_started)
    parts += [Update(timers, key, values) for key, values in change.timer_updates.items()]
    parts += _inserted(clock_entries, change.ledger)
    parts += _inserted(trace_entries, trace.entries)
    parts += _inserted(trace_values, trace.values)
    if parts and not hot_path(connection).write(connection, parts):
        raise ConflictError("The instance changed meanwhile.", code="changed_meanwhile")


def _inserted(table: Table, rows: Sequence[Values]) -> list[Part]:
    return [Insert(table, rows)] if rows else []


def _save_many(connection: Connection, changes: Sequence[Change], built: Sequence[Built]) -> None:
    """What a sweep found."""
    _save_instances(connection, changes)
    _insert(connection, steps, (row for change in changes for row in change.steps_opened))
    _update(connection, steps, _merged(change.step_updates for change in changes))
    _insert(connection, timers, (row for change in changes for row in change.timers_started))
    _update(connection, timers, _merged(change.timer_updates for change in changes))
    _insert(connection, clock_entries, (row for change in changes for row in change.ledger))
    _insert(connection, trace_entries, (row for trace in built for row in trace.entries))
    _insert(connection, trace_values, (row for trace in built for row in trace.values))


def _trace(change: Change, ids: Ids, recorded_at: datetime) -> Built:
    row = change.instance
    built = build(change.records, Head(row["trace_seq"], row["trace_head"]), change.actor, change.at, recorded_at, ids)
    if change.records:
        change.set(trace_seq=built.head.seq, trace_head=built.head.hash)
    return built


def _save_instances(connection: Connection, changes: Sequence[Change]) -> None:
    _insert(connection, instances, (change.instance for change in changes if change.is_new))
    existing = [change for change in changes if not change.is_new and change.instance_values]
    statement = update(instances).where(instances.c.id == bindparam("_id"), instances.c.version == bindparam("_version"))
    for change in existing:
        change.set(version=change.instance["version"] + 1)
    for group in _by_columns((change.instance["id"], change.instance_values) for change in existing):
        result = connection.execute(statement, [{**values, "_id": key, "_version": values["version"] - 1} for key, values in group])
        if result.rowcount not in (-1, len(group)):
            raise ConflictError("The instance changed meanwhile.", code="changed_meanwhile")


def _merged(updates: Iterable[Mapping[int, Values]]) -> list[tuple[int, Values]]:
    return [(key, values) for batch in updates for key, values in batch.items()]


def _insert(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    batch = list(rows)
    if batch:
        connection.execute(insert(table), batch)


def _update(connection: Connection, table: Table, updates: Sequence[tuple[int, Values]]) -> None:
    statement = update(table).where(table.c.id == bindparam("_id"))
    for group in _by_columns(updates):
        connection.execute(statement, [{**values, "_id": key} for key, values in group])


def _by_columns(updates: Iterable[tuple[int, Values]]) -> list[list[tuple[int, Values]]]:
    """Updates that change the same columns go in one statement."""
    groups: dict[tuple[str, ...], list[tuple[int, Values]]] = defaultdict(list)
    for key, values in updates:
        groups[tuple(sorted(values))].append((key, values))
    return list(groups.values())
