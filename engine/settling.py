"""Settle before touch: a breach that has already happened is recorded before anything moves, stops or ends its deadline.

Sweep, late completion and settling all come through here, so they write the same rows, whichever comes first.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from engine.change import Change, Values
from engine.events import InstanceBreached, StepBreached
from engine.timelimit import is_late
from engine.trace.canonical import moment


def settle_steps(change: Change, open_steps: Iterable[Values], as_of: datetime) -> None:
    """Record the breach of every step whose deadline in force passed before this moment."""
    for step in open_steps:
        if step["breached_at"] is None and is_late(step["due_at"], as_of):
            _breach_step(change, step)


def settle_instance(change: Change, as_of: datetime) -> None:
    """Record the breach of the subject's deadline if it passed before this moment and its clock still runs."""
    row = change.instance
    if row["breached_at"] is not None or row["clock"] in ("finished", "none") or not is_late(row["due_at"], as_of):
        return
    breached_at: datetime = row["due_at"]
    change.set(breached_at=breached_at)
    change.record("engine.instance.overdue", {"due_at": moment(breached_at), "limit": row["limit_text"]})
    change.tell(
        [
            InstanceBreached(
                subject=change.subject,
                breached_at=breached_at,
                limit_text=row["limit_text"],
                calendar_version_id=row["calendar_version_id"],
                definition_id=row["definition_id"],
                actor=change.actor,
                at=change.at,
            )
        ]
    )


def _breach_step(change: Change, step: Values) -> None:
    breached_at: datetime = step["due_at"]
    handler_id = holder_at(step, breached_at)
    change.update_step(step, breached_at=breached_at, breach_handler_id=handler_id)
    change.record(
        "engine.step.overdue",
        {
            "step": step["code"],
            "pass": step["pass"],
            "name": step["name"],
            "due_at": moment(breached_at),
            "limit": step["limit_text"],
            "handler": handler_id,
            "unit": step["unit_id"],
        },
    )
    change.tell(
        [
            StepBreached(
                subject=change.subject,
                step_id=step["id"],
                step_code=step["code"],
                step_name=step["name"],
                step_pass=step["pass"],
                agency_id=step["agency_id"],
                unit_id=step["unit_id"],
                role=step["role"],
                external=step["external"],
                handler_id=handler_id,
                breached_at=breached_at,
                holders=tuple(holders(step)),
                limit_text=step["limit_text"],
                opened_at=step["opened_at"],
                calendar_version_id=change.instance["calendar_version_id"],
                definition_id=change.instance["definition_id"],
                actor=change.actor,
                at=change.at,
            )
        ]
    )


def holders(step: Values) -> list[tuple[int, datetime, datetime | None]]:
    """Who held the step, from when, until when (None: still holds, or held it to the end)."""
    earlier = [(int(person), datetime.fromisoformat(since), datetime.fromisoformat(until)) for person, since, until in step["holders"]]
    spans: list[tuple[int, datetime, datetime | None]] = list(earlier)
    if step["handler_id"] is not None and step["claimed_at"] is not None:
        spans.append((step["handler_id"], step["claimed_at"], step["done_at"]))
    return spans


def holder_at(step: Values, when: datetime) -> int | None:
    """The person who held the step at a moment; None when it lay unclaimed with the unit."""
    for person, since, until in holders(step):
        if since <= when and (until is None or when < until):
            return person
    return None


def past_holders(step: Values, until: datetime) -> list[list[Any]]:
    """The holders column after the present holder has let go."""
    return [*step["holders"], [step["handler_id"], moment(step["claimed_at"]), moment(until)]]
