"""Deadlines and breaches, replayed from the ledger of the legal clock and from the calendars."""

from collections.abc import Sequence
from datetime import datetime

from engine.legalclock import DeadlineSpan, first_breach, turns
from engine.settling import holder_at
from engine.timelimit import LimitKind, TimeLimit, deadline
from processes.doctor.lives import OPEN, Circumstances, Life, Row
from processes.doctor.report import Finding, shown


def step_breaches(life: Life, found: Finding) -> None:
    """A step has a breach exactly when a deadline in force passed, as of the last sweep; and it names who held the step then."""
    for step in life.steps:
        found.looked()
        if not _is_settled_meanwhile(life, step):
            _judge(life.named(step), step["breached_at"], life.step_state(step).history, life.about, found)
        if step["breached_at"] is not None:
            found.expect(life.named(step), "breach_handler_id", step["breach_handler_id"], _holder(life, step))


def _is_settled_meanwhile(life: Life, step: Row) -> bool:
    """Whether a breach was settled while a timer that had ended the step before was not found yet: it stays (rule 3.4)."""
    found_at = life.found_at(step)
    if found_at is None or step["breached_at"] is None:
        return False
    return bool(first_breach(life.state_until_found(step, found_at).history, found_at) == step["breached_at"])


def _holder(life: Life, step: Row) -> int | None:
    held_until = None if life.found_at(step) is not None else step["done_at"]
    return holder_at({**step, "done_at": held_until}, step["breached_at"])


def dossier_breaches(life: Life, found: Finding) -> None:
    """An instance has a breach exactly when a deadline in force passed, as of the last sweep."""
    found.looked()
    _judge(life.code, life.instance["breached_at"], life.state.history, life.about, found)


def _judge(where: str, recorded: datetime | None, history: Sequence[DeadlineSpan], about: Circumstances, found: Finding) -> None:
    """Rule 3.3. A breach may be recorded sooner than by a sweep (settling), never sooner than it happened."""
    missed = first_breach(history, about.as_of)
    if recorded is None:
        if missed is not None:
            found.fault(where, f"the deadline {shown(missed)} passed and no breach is recorded")
        return
    possible = first_breach(history, about.until)
    if possible is None:
        found.fault(where, f"a breach at {shown(recorded)} is recorded, but no deadline passed")
    else:
        found.expect(where, "breached_at", recorded, possible)


def ledgers(life: Life, found: Finding) -> None:
    """The ledger is numbered without gaps, begins with the start, and each line left the deadline that replaying finds."""
    found.looked(len(life.ledger))
    if [row["seq"] for row in life.ledger] != list(range(1, len(life.ledger) + 1)) or not life.ledger:
        found.fault(life.code, f"its ledger has the lines {[row['seq'] for row in life.ledger]}")
        return
    found.expect(life.code, "the first line of the ledger", life.ledger[0]["kind"], "start")
    found.expect(life.code, "the start of the clock", life.ledger[0]["at"], life.instance["started_at"])
    versions = life.about.books(entry.calendar_version_id for entry in life.entries)
    for row, turn in zip(life.ledger, turns(life.entries, versions), strict=True):
        found.expect(life.code, f"due_after of line {row['seq']}", row["due_after"], turn.clock.in_force)


def instance_clocks(life: Life, found: Finding) -> None:
    """The clock columns of an instance are what replaying its ledger says."""
    found.looked()
    row, state, where = life.instance, life.state, life.code
    found.expect(where, "clock", row["clock"], state.clock)
    found.expect(where, "due_at", row["due_at"], state.due_at)
    found.expect(where, "remaining_minutes", row["remaining_minutes"], state.remaining_minutes)
    if row["clock"] != "finished":
        found.expect(where, "stopped_at", row["stopped_at"], state.stopped_at)
        found.expect(where, "calendar_version_id", row["calendar_version_id"], state.calendar_version_id)
    found.expect(where, "finished_at", row["finished_at"], next((line["at"] for line in life.ledger if line["kind"] == "finish"), None))
    found.expect(where, "limit", row["limit_text"], life.ledger[0]["limit_text"])
    found.expect(where, "limit_rule", row["limit_rule"], life.ledger[0]["limit_rule"])
    found.expect(where, "is_suspended", row["is_suspended"], _is_suspended(life))
    found.expect(where, "share_minutes", row["share_minutes"], _share_minutes(life))


def _is_suspended(life: Life) -> bool:
    """Whether an operation holds the clock: more stops than resumes, beyond those of the waits that the model draws."""
    if life.state.clock == "finished":
        return False
    holds = sum({"stop": 1, "resume": -1}.get(row["kind"], 0) for row in life.ledger)
    drawn = [step for step in life.open_steps if step["stops_clock"]]
    return holds > len(drawn)


def _share_minutes(life: Life) -> int | None:
    """The working minutes of a same-day procedure from acceptance to appointment (rule 1.5)."""
    start = life.ledger[0]
    if life.instance["share_total"] is None or start["due_after"] is None:
        return None
    calendar = life.about.books([start["calendar_version_id"]])[start["calendar_version_id"]]
    return calendar.between(start["at"], start["due_after"])


def step_clocks(life: Life, found: Finding) -> None:
    """The deadline columns of a step are what replaying says; a drawn wait has the limit of the waiting party instead."""
    for step in life.steps:
        found.looked()
        where, state = life.named(step), life.step_state(step)
        if not _is_overtaken(life, step):
            found.expect(where, "due_at", step["due_at"], state.due_at)
        remaining = state.remaining_minutes if step["status"] in OPEN and not step["stops_clock"] else None
        found.expect(where, "remaining_minutes", step["remaining_minutes"], remaining)
        found.expect(where, "reply_due_at", step["reply_due_at"], _reply_due_at(life, step))


def _is_overtaken(life: Life, step: Row) -> bool:
    """Whether the clock was touched in or after the moment in which the step was cancelled: a timer found late takes effect before.

    Then its due_at may show that touch. It moves no breach.
    """
    if step["status"] != "cancelled" or step["done_at"] is None:
        return False
    return any(row["entered_at"] >= step["done_at"] for row in life.ledger if row["kind"] in ("stop", "resume", "calendar"))


def _reply_due_at(life: Life, step: Row) -> datetime | None:
    limit = TimeLimit.parse(step["limit_text"])
    if not step["stops_clock"] or limit.kind is LimitKind.UNTIMED:
        return None
    calendar = life.about.books([step["calendar_version_id"]])[step["calendar_version_id"]]
    return deadline(calendar, step["opened_at"], limit)


def timers(life: Life, found: Finding) -> None:
    """A waiting timer goes off when replaying says, and none that was due at the last sweep still waits."""
    for timer in life.timers:
        found.looked()
        where = f"{life.code}, timer {timer['element_id']}"
        if timer["status"] == "fired":
            found.expect(where, "the moment at which it took effect", timer["ended_at"], timer["fire_at"])
        if timer["status"] != "waiting":
            continue
        state = life.timer_state(timer)
        found.expect(where, "fire_at", timer["fire_at"], state.due_at)
        found.expect(where, "remaining_minutes", timer["remaining_minutes"], state.remaining_minutes)
        span = state.history[-1] if state.history else None
        if state.due_at is not None and span is not None and max(state.due_at, span.from_) <= life.about.as_of:
            found.fault(where, f"it was due at {shown(state.due_at)} and has not gone off")
