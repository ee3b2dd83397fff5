"""The verbs of the engine. Each is one step of a transaction that the caller owns: it locks, settles, changes, records, tells.

Whoever may do a step holds its role in its unit (or the whole agency); whether a person may suspend or cancel at all is
asked by the area that offers it, before it calls here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine import spiff
from engine.actor import Actor
from engine.change import Change, Values
from engine.conditions import require_late_reason, require_outcome, require_running, require_worker
from engine.deadlines import Timekeeping
from engine.errors import InvalidError, WrongStateError
from engine.events import StepCompleted
from engine.loading import lock_instance, open_steps, waiting_timers
from engine.model.elements import ModelStep
from engine.parts import Parts
from engine.progress import Progress, note_next_timer
from engine.saving import save
from engine.settling import past_holders, settle_instance, settle_steps
from engine.taking import locked, take
from engine.timelimit import LimitRule, TimeLimit, punctuality
from engine.trace.canonical import moment
from engine.trace.records import Chain, Record
from engine.trace.writing import record_on


@dataclass(frozen=True, slots=True)
class Subject:
    """What a new instance is about."""

    kind: str
    id: int
    code: str
    title: str
    party: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What an operation left behind: the instance, and the steps that it opened."""

    instance: Mapping[str, Any]
    opened: Sequence[Mapping[str, Any]] = ()


class Engine(Parts):
    """Runs models; built once, in processes.wiring."""

    def start(
        self,
        connection: Connection,
        *,
        definition_id: int,
        subject: Subject,
        agency_id: int,
        field: str,
        limit: TimeLimit,
        rule: LimitRule,
        actor: Actor,
        share_total: int | None = None,
        variables: Mapping[str, Any] | None = None,
        origin: str = "live",
    ) -> Moved:
        """Start an instance; its clock starts now.

        Raises: InvalidError when a lane has nobody who could do it; ModelRunError when the model cannot run.
        """
        at = self.clock.now()
        definition = self.definitions.load(connection, definition_id)
        model = definition.model
        performers = self.performers.resolve_all(connection, agency_id=agency_id, field=field, lanes=model.lanes)
        calendar_version_id, _ = self.calendars.current(connection, agency_id)
        instance = _new_instance(self.ids.next(), subject, at)
        instance |= {
            "agency_id": agency_id,
            "definition_id": definition_id,
            "calendar_version_id": calendar_version_id,
            "origin": origin,
            "performers": {lane: list(performer) for lane, performer in performers.items()},
            "limit_text": limit.text,
            "limit_rule": rule.value,
        }
        change = Change(instance, model, actor, at, is_new=True)
        progress = self._progress(connection)
        progress.time.start(change, limit, rule, share_total)
        opened = progress.apply(change, spiff.start(definition, variables or {}))
        change.records.insert(
            0,
            Record(
                "engine.instance.started",
                {
                    "definition": definition_id,
                    "calendar": calendar_version_id,
                    "limit": limit.text,
                    "due_at": _text(instance["due_at"]),
                    "opened": [_brief(step) for step in opened],
                },
                subject_code=subject.code,
                agency_id=agency_id,
                chain=Chain("instance", instance["id"]),
            ),
        )
        self._save(connection, change)
        return Moved(change.instance, opened)

    def claim(self, connection: Connection, *, step_id: int, actor: Actor) -> Moved:
        """Take a step that nobody holds.

        Raises: NotPermittedError (not_permitted, own_work, other_agency); ConflictError naming who was quicker and when.
        """
        taken = {"status": "claimed", "handler_id": actor.person_id}
        change, step = take(self, connection, step_id, actor, taken, moment_of="claimed_at", only_open=True)
        require_worker(change, step, actor)
        settle_steps(change, [step], change.at)
        change.record("engine.step.claimed", {"step": step["code"], "pass": step["pass"], "name": step["name"]})
        self._save(connection, change)
        return Moved(change.instance)

    def release(self, connection: Connection, *, step_id: int, actor: Actor) -> Moved:
        """Put a step that one holds back to its unit; the minutes of having held it stay on the step.

        Raises: ConflictError; WrongStateError (step_not_held).
        """
        change, step = take(self, connection, step_id, actor, {"status": "open"}, moment_of=None, only_open=False)
        if step["handler_id"] is None:
            raise WrongStateError("Nobody holds this step.", code="step_not_held", step_code=step["code"])
        settle_steps(change, [step], change.at)
        change.update_step(step, holders=past_holders(step, change.at), handler_id=None, claimed_at=None)
        change.record("engine.step.released", {"step": step["code"], "pass": step["pass"], "name": step["name"]})
        self._save(connection, change)
        return Moved(change.instance)

    def complete(
        self,
        connection: Connection,
        *,
        step_id: int,
        actor: Actor,
        outcome: str | None = None,
        variables: Mapping[str, Any] | None = None,
        note: str | None = None,
        late_reason: str | None = None,
    ) -> Moved:
        """Complete a step that one holds, or that nobody holds and one may take; the model moves on.

        Raises: InvalidError (outcome_required, outcome_unknown, late_reason_required); NotPermittedError; WrongStateError
            (clock_stopped); ConflictError naming who was quicker and when; ModelRunError.
        """
        done = {
            "status": "completed",
            "handler_id": actor.person_id,
            "done_by_id": actor.person_id,
            "on_behalf_of_id": actor.on_behalf_of_id,
            "outcome": outcome,
            "note": note,
            "late_reason": late_reason,
        }
        change, step = take(self, connection, step_id, actor, done, moment_of="done_at", only_open=False)
        model_step = change.model.steps[step["element_id"]]
        require_worker(change, step, actor)
        require_outcome(model_step, outcome)
        require_running(change, step)
        if step["claimed_at"] is None:
            change.update_step(step, claimed_at=change.at)
        settle_steps(change, [step], change.at)
        settle_instance(change, change.at)
        require_late_reason(step, late_reason, note)
        opened = self._move_on(connection, change, step, model_step, variables)
        self._record_completion(connection, change, step, opened)
        self._save(connection, change)
        return Moved(change.instance, opened)

    def suspend(
        self, connection: Connection, *, instance_id: int, actor: Actor, reason: str, reference: str, reply_limit: TimeLimit | None = None
    ) -> Moved:
        """Stop the legal clock now, because another party has to do something first.

        Raises: WrongStateError (already_suspended, clock_finished, instance_over).
        """
        change = locked(self, connection, instance_id, actor)
        at = change.at
        if change.instance["is_suspended"]:
            raise WrongStateError("The clock is stopped already.", code="already_suspended", since=change.instance["stopped_at"])
        if change.instance["clock"] == "finished":
            raise WrongStateError(
                "The clock has finished; nothing can be suspended any more.", code="clock_finished", when=change.instance["finished_at"]
            )
        progress = self._progress(connection)
        steps = open_steps(connection, [instance_id])
        settle_steps(change, steps, at)
        settle_instance(change, at)
        reply_due_at = progress.time.reply_deadline(change, reply_limit)
        progress.time.stop(change, steps, waiting_timers(connection, [instance_id]), reason=reason, reference=reference)
        change.set(is_suspended=True, reply_due_at=reply_due_at)
        change.record(
            "engine.clock.stopped",
            {
                "reason": reason,
                "reference": reference,
                "remaining_minutes": change.instance["remaining_minutes"],
                "reply_due_at": _text(reply_due_at),
            },
        )
        self._save(connection, change)
        return Moved(change.instance)

    def resume(
        self, connection: Connection, *, instance_id: int, actor: Actor, effective_at: datetime, reference: str, restart: bool = False
    ) -> Moved:
        """Let the clock run again from the recorded receipt of the answer; `restart` counts the limit from its beginning.

        Raises: WrongStateError (not_suspended); InvalidError (receipt_before_pause, receipt_in_future).
        """
        change = locked(self, connection, instance_id, actor)
        at = change.at
        since = change.instance["stopped_at"]
        if not change.instance["is_suspended"]:
            raise WrongStateError("The clock is not suspended.", code="not_suspended")
        if effective_at > at:
            raise InvalidError("The receipt lies in the future.", code="receipt_in_future", errors={"received_at": "in the future"})
        if since is not None and effective_at < since:
            raise InvalidError(
                "The receipt lies before the pause.", code="receipt_before_pause", errors={"received_at": "before the pause"}, since=since
            )
        progress = self._progress(connection)
        steps = open_steps(connection, [instance_id])
        change.set(is_suspended=False, reply_due_at=None)
        progress.time.resume(change, steps, waiting_timers(connection, [instance_id]), effective_at, reference=reference, restart=restart)
        settle_steps(change, steps, at)
        settle_instance(change, at)
        change.record(
            "engine.clock.resumed",
            {"effective_at": moment(effective_at), "reference": reference, "due_at": _text(change.instance["due_at"]), "restart": restart},
        )
        self._save(connection, change)
        return Moved(change.instance)

    def cancel(self, connection: Connection, *, instance_id: int, actor: Actor, reason: str, reference: str) -> Moved:
        """End an instance before its model does: refused, withdrawn, stopped.

        Raises: WrongStateError (instance_over, clock_finished).
        """
        change = locked(self, connection, instance_id, actor)
        at = change.at
        if change.instance["clock"] == "finished":
            raise WrongStateError("The result is there already.", code="clock_finished", when=change.instance["finished_at"])
        progress = self._progress(connection)
        settle_instance(change, at)
        progress.close_steps(change, open_steps(connection, [instance_id]))
        for timer in waiting_timers(connection, [instance_id]):
            change.update_timer(timer, status="cancelled", ended_at=at)
        progress.time.enter(change, "close", reason=reason, reference=reference)
        change.set(clock="finished", is_suspended=False, reply_due_at=None, remaining_minutes=None, stopped_at=None)
        progress.end(change, cancelled=True)
        change.record("engine.instance.cancelled", {"reason": reason, "reference": reference})
        self._save(connection, change)
        return Moved(change.instance)

    def lock(self, connection: Connection, instance_id: int) -> Mapping[str, Any]:
        """Lock an instance before anything of its subject is touched, and read it.

        Raises: NotFoundError.
        """
        return lock_instance(connection, instance_id)

    def record(self, connection: Connection, instance_id: int, actor: Actor, records: Sequence[Record]) -> None:
        """Add entries to the chain of an instance, for the areas whose subject it carries."""
        record_on(connection, Chain("instance", instance_id), records, actor, self.clock.now(), self.clock.recorded_now(), self.ids)

    # --- what the verbs share --------------------------------------------------------------------------------------

    def _progress(self, connection: Connection) -> Progress:
        return Progress(connection, self.ids, Timekeeping(connection, self.calendars, self.ids))

    def _save(self, connection: Connection, change: Change) -> None:
        note_next_timer(connection, change)
        save(connection, [change], ids=self.ids, recorded_at=self.clock.recorded_now(), subscribers=self.subscribers)

    def _move_on(
        self, connection: Connection, change: Change, step: Values, model_step: ModelStep, variables: Mapping[str, Any] | None
    ) -> list[Values]:
        definition = self.definitions.load(connection, change.instance["definition_id"])
        progress = self._progress(connection)
        change.giver_id = step["id"]
        passes = change.instance["tally"].get(step["code"], [step["pass"], None])[0]
        change.set(tally={**change.instance["tally"], step["code"]: [passes, step["done_by_id"]]})
        if step["stops_clock"]:
            progress.end_wait(change, step)
        if model_step.status is not None:
            progress.reach(change, model_step.status)
        answers = {step["code"]: {**(variables or {}), "outcome": step["outcome"]}}
        return progress.apply(change, spiff.complete(definition, change.instance["state"], step["task_key"], answers))

    def _record_completion(self, connection: Connection, change: Change, step: Values, opened: Sequence[Values]) -> None:
        calendar = self.calendars.by_id(connection, step["calendar_version_id"])
        judged = punctuality(step["breached_at"] or step["due_at"], step["done_at"], calendar.zone)
        facts: Values = {
            "step": step["code"],
            "pass": step["pass"],
            "name": step["name"],
            "outcome": step["outcome"],
            "late_reason": step["late_reason"],
            "opened_at": moment(step["opened_at"]),
            "limit": step["limit_text"],
            "due_at": _text(step["due_at"]),
            "punctuality": judged.value if judged is not None else None,
            "opened": [_brief(new) for new in opened],
        }
        change.record("engine.step.completed", facts, {"note": step["note"]} if step["note"] else None)
        change.tell(
            [
                StepCompleted(
                    subject=change.subject,
                    step_id=step["id"],
                    step_code=step["code"],
                    outcome=step["outcome"],
                    late_reason=step["late_reason"],
                    note=step["note"],
                    was_breached=step["breached_at"] is not None,
                    actor=change.actor,
                    at=change.at,
                )
            ]
        )


def _new_instance(instance_id: int, subject: Subject, at: datetime) -> Values:
    """The row of an instance before anything has happened in it."""
    empty = (
        "ended_at",
        "due_at",
        "remaining_minutes",
        "stopped_at",
        "reply_due_at",
        "finished_at",
        "breached_at",
        "share_minutes",
        "share_total",
    )
    return {
        **dict.fromkeys((*empty, "trace_head", "parked_at", "parked_error", "retry_at")),
        "id": instance_id,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "subject_code": subject.code,
        "subject_title": subject.title,
        "subject_party": subject.party,
        "status": "running",
        "version": 1,
        "state": b"",
        "tally": {},
        "started_at": at,
        "clock": "running",
        "is_suspended": False,
        "trace_seq": 0,
        "attempts": 0,
    }


def _brief(step: Mapping[str, Any]) -> Values:
    return {"step": step["code"], "pass": step["pass"], "due_at": _text(step["due_at"]), "unit": step["unit_id"], "role": step["role"]}


def _text(when: datetime | None) -> str | None:
    return moment(when) if when is not None else None
