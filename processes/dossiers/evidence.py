"""What is known about a breach when it is recorded: the slip line, the clock's ledger, who held it and for how long."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from engine.events import InstanceBreached, StepBreached
from engine.performers import Calendars
from engine.tables import calendar_versions, clock_entries, definitions
from engine.trace.canonical import moment


def breach_evidence(
    connection: Connection, calendars: Calendars, events: Sequence[StepBreached | InstanceBreached]
) -> list[dict[str, Any]]:
    """The evidence of each breach, in the order given; three statements however many there are.

    Unit: minutes are working minutes of the calendar by which the deadline was counted.
    """
    ledgers = _ledgers(connection, {event.subject.instance_id for event in events})
    models = _versions(connection, definitions, {event.definition_id for event in events}, definitions.c.key)
    books = _versions(connection, calendar_versions, {event.calendar_version_id for event in events}, calendar_versions.c.code)
    evidence = []
    for event in events:
        facts: dict[str, Any] = {
            "due_at": moment(event.breached_at),
            "limit": event.limit_text,
            "model": models[event.definition_id],
            "calendar": books[event.calendar_version_id],
            "ledger": ledgers[event.subject.instance_id],
        }
        if isinstance(event, StepBreached):
            facts["slip"] = _slip_line(connection, calendars, event)
        evidence.append(facts)
    return evidence


def _slip_line(connection: Connection, calendars: Calendars, event: StepBreached) -> dict[str, Any]:
    calendar = calendars.by_id(connection, event.calendar_version_id)
    before_due = [
        calendar.between(since, min(until or event.breached_at, event.breached_at)) if since < event.breached_at else 0
        for _, since, until in event.holders
    ]
    held = [
        {
            "person": person,
            "from": moment(since),
            "until": moment(until) if until is not None else None,
            "minutes_before_due": minutes,
        }
        for (person, since, until), minutes in zip(event.holders, before_due, strict=True)
    ]
    return {
        "step": event.step_code,
        "name": event.step_name,
        "pass": event.step_pass,
        "opened_at": moment(event.opened_at),
        "role": event.role,
        "unit": event.unit_id,
        "handler": event.handler_id,
        "holders": held,
        "unclaimed_minutes": max(0, calendar.between(event.opened_at, event.breached_at) - sum(before_due)),
    }


def _ledgers(connection: Connection, instance_ids: Iterable[int]) -> Mapping[int, list[dict[str, Any]]]:
    query = (
        select(clock_entries)
        .where(clock_entries.c.instance_id.in_(list(instance_ids)))
        .order_by(clock_entries.c.instance_id, clock_entries.c.seq)
    )
    ledgers: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        ledgers[row["instance_id"]].append(
            {
                "kind": row["kind"],
                "at": moment(row["at"]),
                "limit": row["limit_text"],
                "reason": row["reason"],
                "reference": row["reference"],
                "due_after": moment(row["due_after"]) if row["due_after"] is not None else None,
                "remaining_minutes": row["remaining_minutes"],
            }
        )
    return ledgers


def _versions(connection: Connection, table: Any, ids: Iterable[int], key: Any) -> Mapping[int, str]:
    rows = connection.execute(select(table.c.id, key, table.c.version).where(table.c.id.in_(list(ids)))).all()
    return {row[0]: f"{row[1]} v{row[2]}" for row in rows}
