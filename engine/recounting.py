"""A new calendar version meets open deadlines: first listed, then moved by one explicit, traced operation (rule 1.6)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from engine.actor import Actor
from engine.change import Change, Values
from engine.deadlines import Timekeeping
from engine.loading import open_steps, waiting_timers
from engine.parts import Parts
from engine.saving import save
from engine.settling import settle_instance, settle_steps
from engine.tables import instances


@dataclass(frozen=True, slots=True)
class Move:
    """One deadline that a calendar version moves; step_code None is the subject's own."""

    subject_code: str
    step_code: str | None
    before: datetime
    after: datetime


def list_moves(
    connection: Connection, engine: Parts, *, agency_id: int, calendar_version_id: int, actor: Actor, approved: bool = False
) -> list[Move]:
    """The open deadlines of an agency that a calendar version would move. Changes nothing."""
    return [move for _, moves in _plan(connection, engine, agency_id, calendar_version_id, actor, approved, "") for move in moves]


def move_deadlines(
    connection: Connection,
    engine: Parts,
    *,
    agency_id: int,
    calendar_version_id: int,
    actor: Actor,
    reference: str,
    approved: bool = False,
) -> list[Move]:
    """Count the open deadlines of an agency on by a calendar version; later only unless approved. Breaches are settled first.

    reference: the document behind the change.
    """
    planned = _plan(connection, engine, agency_id, calendar_version_id, actor, approved, reference)
    for change, moves in planned:
        change.record(
            "engine.calendar.applied",
            {
                "calendar": calendar_version_id,
                "approved": approved,
                "reference": reference,
                "moved": [move.step_code or "dossier" for move in moves],
            },
        )
    save(
        connection,
        [change for change, _ in planned],
        ids=engine.ids,
        recorded_at=engine.clock.recorded_now(),
        subscribers=engine.subscribers,
    )
    return [move for _, moves in planned for move in moves]


def _plan(
    connection: Connection, engine: Parts, agency_id: int, version_id: int, actor: Actor, approved: bool, reference: str
) -> list[tuple[Change, list[Move]]]:
    query = (
        select(instances)
        .where(
            instances.c.agency_id == agency_id,
            instances.c.status == "running",
            instances.c.clock.in_(("running", "stopped")),
            instances.c.calendar_version_id != version_id,
        )
        .order_by(instances.c.id)
    )
    rows = [dict(row) for row in connection.execute(query.with_for_update()).mappings()]
    at = engine.clock.now()  # once everybody who was at work there has finished
    ids = [row["id"] for row in rows]
    steps, timers = _grouped(open_steps(connection, ids)), _grouped(waiting_timers(connection, ids))
    time = Timekeeping(connection, engine.calendars, engine.ids)
    time.preload(ids)
    planned = []
    for row in rows:
        change = Change(row, engine.definitions.load(connection, row["definition_id"]).model, actor, at)
        own_steps = steps[row["id"]]
        settle_steps(change, own_steps, at)
        settle_instance(change, at)
        before = [row["due_at"], *(step["due_at"] for step in own_steps)]
        time.recount(change, own_steps, timers[row["id"]], version_id, approved=approved, reference=reference)
        settle_steps(change, own_steps, at)  # one that moved earlier may have passed
        settle_instance(change, at)
        planned.append((change, _moves(change, own_steps, before)))
    return planned


def _moves(change: Change, steps: Sequence[Values], before: Sequence[datetime | None]) -> list[Move]:
    after = [(None, change.instance["due_at"]), *((step["code"], step["due_at"]) for step in steps)]
    code = change.instance["subject_code"]
    return [
        Move(code, step_code, old, new)
        for old, (step_code, new) in zip(before, after, strict=True)
        if old is not None and new is not None and old != new
    ]


def _grouped(rows: Sequence[Values]) -> dict[int, list[Values]]:
    groups: dict[int, list[Values]] = defaultdict(list)
    for row in rows:
        groups[row["instance_id"]].append(row)
    return groups
