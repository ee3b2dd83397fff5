"""Keeps the deadline columns of instances, steps and timers equal to what the legal clock's ledger says.

Ledger entries are written here; every due_at that a stop, resume or extension moves is worked out by replaying the ledger,
never by adjusting the column, so that the doctor recomputes the same moments.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.change import Change, Values
from engine.clock import minute
from engine.events import DeadlineMoved
from engine.ids import Ids
from engine.legalclock import CALENDAR_APPROVED, ClockState, LedgerEntry, replay, replay_step
from engine.loading import ledger_rows
from engine.model.elements import ModelStep
from engine.performers import Calendars
from engine.timelimit import LimitKind, LimitRule, TimeLimit, deadline, share
from engine.worktime import WorkingCalendar


class Timekeeping:
    """The clock of the instances of one transaction."""

    def __init__(self, connection: Connection, calendars: Calendars, ids: Ids) -> None:
        self._connection = connection
        self._calendars = calendars
        self._ids = ids
        self._ledgers: dict[int, list[dict[str, Any]]] = {}

    def calendar(self, version_id: int) -> WorkingCalendar:
        return self._calendars.by_id(self._connection, version_id)

    def start(self, change: Change, limit: TimeLimit, rule: LimitRule, share_total: int | None) -> None:
        """Start the clock of a new instance; a same-day limit fixes what its step limits are shares of (rule 1.5)."""
        self._ledgers[change.instance["id"]] = []
        self.enter(change, "start", limit_text=limit.text, limit_rule=rule.value)
        due_at = change.instance["due_at"]
        if limit.kind is LimitKind.SAME_DAY and due_at is not None and share_total:
            calendar = self.calendar(change.instance["calendar_version_id"])
            change.set(share_minutes=calendar.between(change.at, due_at), share_total=share_total)

    def enter(self, change: Change, kind: str, *, at: datetime | None = None, **values: Any) -> None:
        """Write a line of the ledger and bring the instance's clock up to it."""
        row = change.instance
        before: datetime | None = row["due_at"]
        ledger = self._ledger(change)
        entry: Values = {
            "id": self._ids.next(),
            "agency_id": row["agency_id"],
            "instance_id": row["id"],
            "seq": len(ledger) + 1,
            "kind": kind,
            "at": at or change.at,
            "entered_at": change.given_at,
            "limit_text": None,
            "limit_rule": None,
            "calendar_version_id": row["calendar_version_id"],
            "step_id": None,
            "reason": None,
            "reference": None,
            "due_before": before,
            "actor_id": change.actor.person_id,
            **values,
        }
        ledger.append(entry)
        change.ledger.append(entry)
        state = self._replay(change)
        entry |= {"due_after": state.due_at, "remaining_minutes": state.remaining_minutes}
        if kind not in ("finish", "close"):
            change.set(clock=state.clock, due_at=state.due_at, remaining_minutes=state.remaining_minutes, stopped_at=state.stopped_at)
        if kind in ("resume", "extend", "calendar") and state.due_at is not None and state.due_at != before:
            change.tell([DeadlineMoved(change.subject, state.due_at, change.at)])

    def recount(
        self, change: Change, steps: Sequence[Values], timers: Sequence[Values], version_id: int, *, approved: bool, reference: str
    ) -> None:
        """Count on by another calendar version; deadlines move later only, unless that is approved (rule 1.6)."""
        reason = CALENDAR_APPROVED if approved else "calendar"
        self.enter(change, "calendar", calendar_version_id=version_id, reason=reason, reference=reference)
        change.set(calendar_version_id=version_id)
        self._restate(change, steps, timers)

    def preload(self, instance_ids: Sequence[int]) -> None:
        """Read the ledgers of many instances at once."""
        self._ledgers |= {instance_id: [] for instance_id in instance_ids}
        for row in ledger_rows(self._connection, instance_ids):
            self._ledgers[row["instance_id"]].append(row)

    def stop(self, change: Change, steps: Sequence[Values], timers: Sequence[Values], **values: Any) -> None:
        """Stop the clock: open steps and timers keep what is left of their time and have no deadline."""
        was_running = change.instance["clock"] == "running"
        self.enter(change, "stop", **values)
        if was_running:
            self._restate(change, steps, timers)

    def resume(
        self, change: Change, steps: Sequence[Values], timers: Sequence[Values], effective_at: datetime, *, reference: str, restart: bool
    ) -> None:
        """Let go of the clock from a moment on; when nothing else holds it, deadlines stand again."""
        again = {"limit_text": change.instance["limit_text"], "limit_rule": change.instance["limit_rule"]} if restart else {}
        self.enter(change, "resume", at=effective_at, reference=reference, **again)
        if change.instance["clock"] == "running":
            self._restate(change, steps, timers)

    def step_deadline(self, change: Change, step: ModelStep) -> Values:
        """The deadline columns of a step that opens now."""
        row = change.instance
        calendar = self.calendar(row["calendar_version_id"])
        minutes = self._counted_minutes(change, step, calendar)
        values: Values = {
            "limit_text": step.limit.text,
            "limit_minutes": minutes,
            "calendar_version_id": row["calendar_version_id"],
            "due_at": None,
            "remaining_minutes": None,
            "reply_due_at": None,
        }
        if step.stops_clock:
            values["reply_due_at"] = self.reply_deadline(change, step.limit)
        elif row["clock"] == "stopped":
            state = self._replay_step(change, {**values, "opened_at": change.given_at})
            values["remaining_minutes"] = state.remaining_minutes
        else:
            values["due_at"] = (
                calendar.add(change.given_at, minutes) if minutes is not None else deadline(calendar, change.given_at, step.limit)
            )
        return values

    def timer_moment(self, change: Change, limit: TimeLimit) -> Values:
        """The columns of a timer that starts now."""
        row = change.instance
        values: Values = {"calendar_version_id": row["calendar_version_id"], "fire_at": None, "remaining_minutes": None}
        if row["clock"] == "stopped":
            about = {"opened_at": change.at, "limit_text": limit.text, "limit_minutes": None, **values}
            values["remaining_minutes"] = self._replay_step(change, about).remaining_minutes
        else:
            values["fire_at"] = deadline(self.calendar(row["calendar_version_id"]), change.at, limit)
        return values

    def reply_deadline(self, change: Change, limit: TimeLimit | None) -> datetime | None:
        """The moment until which a waiting party is expected to answer; it runs on whatever the clock does (rule 2.4)."""
        if limit is None or limit.kind is LimitKind.UNTIMED:
            return None
        return deadline(self.calendar(change.instance["calendar_version_id"]), change.given_at, limit)

    # --- replaying --------------------------------------------------------------------------------------------------

    def _ledger(self, change: Change) -> list[dict[str, Any]]:
        instance_id = change.instance["id"]
        if instance_id not in self._ledgers:
            self._ledgers[instance_id] = ledger_rows(self._connection, [instance_id])
        return self._ledgers[instance_id]

    def _entries(self, change: Change) -> list[LedgerEntry]:
        return [LedgerEntry.read(row) for row in self._ledger(change)]

    def _known_calendars(self, entries: Sequence[LedgerEntry], *more: int) -> Mapping[int, WorkingCalendar]:
        return {version_id: self.calendar(version_id) for version_id in {*(entry.calendar_version_id for entry in entries), *more}}

    def _replay(self, change: Change) -> ClockState:
        entries = self._entries(change)
        return replay(entries, self._known_calendars(entries))

    def _replay_step(self, change: Change, step: Mapping[str, Any]) -> ClockState:
        entries = self._entries(change)
        return replay_step(
            opened_at=step["opened_at"],
            limit=TimeLimit.parse(step["limit_text"]),
            limit_minutes=step["limit_minutes"],
            rule=LimitRule.ELAPSED,
            calendar_version_id=step["calendar_version_id"],
            entries=entries,
            calendars=self._known_calendars(entries, step["calendar_version_id"]),
        )

    def _restate(self, change: Change, steps: Sequence[Values], timers: Sequence[Values]) -> None:
        """Bring the open steps and waiting timers to where the clock stands now."""
        for step in steps:
            if step["stops_clock"]:
                continue
            state = self._replay_step(change, step)
            change.update_step(step, due_at=state.due_at, remaining_minutes=state.remaining_minutes)
        for timer in timers:
            state = self._replay_step(change, {**timer, "opened_at": timer["started_at"], "limit_minutes": None})
            change.update_timer(timer, fire_at=state.due_at, remaining_minutes=state.remaining_minutes)

    def _counted_minutes(self, change: Change, step: ModelStep, calendar: WorkingCalendar) -> int | None:
        """The limit of a step in working minutes; in same-day procedures its share of the time to the appointment.

        What the step itself adds to the dossier's limit is no share of the day and counts in full. Steps opened after the
        appointment get their full limit (rule 1.5).
        """
        row = change.instance
        minutes = step.limit.working_minutes(calendar.minutes_per_working_day)
        if minutes is None or row["share_total"] is None or row["clock"] == "finished":
            return minutes
        if row["due_at"] is not None and minute(change.given_at) > row["due_at"]:
            return minutes
        added = step.extends.working_minutes(calendar.minutes_per_working_day) if step.extends is not None else 0
        full = min(added or 0, minutes)
        if full == minutes:
            return minutes
        return full + share(minutes - full, row["share_minutes"], row["share_total"])
