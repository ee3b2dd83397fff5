"""What follows when the model moves on: steps open and close, timers start and end, statuses are reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from engine.change import Change, Values
from engine.deadlines import Timekeeping
from engine.events import InstanceEnded, StatusReached, StepCancelled
from engine.ids import Ids
from engine.loading import open_steps, waiting_timers
from engine.model.elements import ModelStep
from engine.settling import settle_instance, settle_steps
from engine.spiff import Advance, OpenStep, OpenTimer

FINISHED = 9  # Đã xử lý xong: the result is back at the counter, the subject is judged


@dataclass(slots=True)
class Progress:
    """Applies what the runner answered to an instance under lock."""

    connection: Connection
    ids: Ids
    time: Timekeeping

    def apply(self, change: Change, advance: Advance, others: Sequence[Values] | None = None) -> list[Values]:
        """Open and close steps and timers as the runner says; returns the steps opened.

        `others`: the instance's other open steps when the caller has read them already.
        """
        if advance.closed:
            self._close_steps(change, advance.closed, others)
        if advance.timers_ended:
            self._end_timers(change, advance.timers_ended)
        opened = [self._open_step(change, task) for task in advance.opened]
        for timer in advance.timers_started:
            self._start_timer(change, timer)
        if any(step["stops_clock"] for step in opened):
            self._stop_for_waits(change, opened)
        for status in advance.end_statuses:
            self.reach(change, status)
        change.set(state=advance.state if advance.state is not None else b"")
        if advance.ended:
            self.end(change, cancelled=False)
        return opened

    def reach(self, change: Change, status: int) -> None:
        """A status of the national portal is reached; 9 finishes the legal clock and judges the subject."""
        if status == FINISHED:
            self._finish(change)
        change.tell([StatusReached(change.subject, status, change.instance["breached_at"] is not None, change.actor, change.at)])

    def end(self, change: Change, *, cancelled: bool) -> None:
        """The instance is over."""
        if not cancelled:
            self._finish(change)
        change.set(status="cancelled" if cancelled else "completed", ended_at=change.at)
        change.tell([InstanceEnded(change.subject, cancelled, change.instance["breached_at"] is not None, change.actor, change.at)])

    def close_steps(self, change: Change, steps: Sequence[Values]) -> None:
        """Cancel open steps, each settled first."""
        settle_steps(change, steps, change.at)
        for step in steps:
            change.update_step(step, status="cancelled", done_at=change.at, due_at=step["due_at"], remaining_minutes=None)
            change.record("engine.step.cancelled", {"step": step["code"], "pass": step["pass"], "name": step["name"]})
            change.tell([StepCancelled(change.subject, step["id"], step["breached_at"] is not None, change.actor, change.at)])

    def end_wait(self, change: Change, step: Values) -> None:
        """A wait that the model prescribes is over: it lets go of the clock, which runs again unless something else holds it."""
        others = [
            other
            for other in open_steps(self.connection, [change.instance["id"]])
            if other["id"] != step["id"] and other["id"] not in change.step_updates
        ]
        timers = waiting_timers(self.connection, [change.instance["id"]])
        self.time.resume(change, others, timers, change.at, reference=f"step:{step['code']}", restart=False)

    def _finish(self, change: Change) -> None:
        if change.instance["clock"] in ("finished", "none"):
            return
        settle_instance(change, change.at)
        self.time.enter(change, "finish")
        change.set(clock="finished", finished_at=change.at)

    def _open_step(self, change: Change, task: OpenStep) -> Values:
        row, model_step = change.instance, change.model.steps[task.element_id]
        passes, last_by = row["tally"].get(model_step.code, (0, None))
        if model_step.extends is not None and passes == 0:  # a step that is done again has been given its time already
            settle_instance(change, change.at)
            self.time.enter(change, "extend", limit_text=model_step.extends.text, reason=f"extends:{model_step.code}")
        agency_id, unit_id, role, external = row["performers"][model_step.lane_id]
        change.set(tally={**row["tally"], model_step.code: [passes + 1, last_by]})
        step: Values = {
            "id": self.ids.next(),
            "agency_id": agency_id,
            "instance_id": row["id"],
            "task_key": task.task_key,
            "element_id": task.element_id,
            "code": model_step.code,
            "name": model_step.title,
            "pass": passes + 1,
            "unit_id": unit_id,
            "role": role,
            "external": external,
            "status": "open",
            "offered_to_id": _offered_to(model_step, row["tally"]),
            "handler_id": None,
            "holders": [],
            "stops_clock": model_step.stops_clock,
            "status_on_completion": model_step.status,
            "given_by_id": change.giver_id,
            "opened_at": change.given_at,
            "claimed_at": None,
            "done_at": None,
            "done_by_id": None,
            "on_behalf_of_id": None,
            "outcome": None,
            "note": None,
            "late_reason": None,
            "breached_at": None,
            "breach_handler_id": None,
            **self.time.step_deadline(change, model_step),
        }
        change.steps_opened.append(step)
        return step

    def _start_timer(self, change: Change, task: OpenTimer) -> None:
        model_timer = change.model.timers[task.element_id]
        change.timers_started.append(
            {
                "id": self.ids.next(),
                "agency_id": change.instance["agency_id"],
                "instance_id": change.instance["id"],
                "task_key": task.task_key,
                "element_id": task.element_id,
                "status": "waiting",
                "limit_text": model_timer.limit.text,
                "started_at": change.at,
                "ended_at": None,
                **self.time.timer_moment(change, model_timer.limit),
            }
        )

    def _close_steps(self, change: Change, task_keys: Sequence[str], others: Sequence[Values] | None) -> None:
        known = others if others is not None else open_steps(self.connection, [change.instance["id"]])
        gone = [step for step in known if step["task_key"] in set(task_keys) and step["status"] in ("open", "claimed")]
        self.close_steps(change, gone)
        for step in gone:
            if step["stops_clock"]:
                self.end_wait(change, step)

    def _end_timers(self, change: Change, task_keys: Sequence[str]) -> None:
        ended = set(task_keys)
        for timer in waiting_timers(self.connection, [change.instance["id"]]):
            if timer["task_key"] in ended and timer["id"] not in change.timer_updates:
                change.update_timer(timer, status="cancelled", ended_at=change.at)

    def _stop_for_waits(self, change: Change, opened: Sequence[Values]) -> None:
        """Every step that the model draws as a wait holds the clock from its opening to its completion."""
        others = [step for step in open_steps(self.connection, [change.instance["id"]]) if step["id"] not in change.step_updates]
        timers = [*waiting_timers(self.connection, [change.instance["id"]]), *change.timers_started]
        settle_steps(change, others, change.at)
        settle_instance(change, change.at)
        for step in opened:
            if step["stops_clock"]:
                self.time.stop(
                    change,
                    [*others, *opened],
                    timers,
                    reason="drawn_wait",
                    step_id=step["id"],
                    reference=f"step:{step['code']}",
                    at=change.given_at,
                )


def _offered_to(step: ModelStep, tally: dict[str, Any]) -> int | None:
    """The person to whom a step is offered before its unit."""
    if step.handler is not None and step.handler.kind == "same_as":
        person: int | None = tally.get(step.handler.code, (0, None))[1]
        return person
    return None


def note_next_timer(connection: Connection, change: Change) -> None:
    """Keep the instance's next_timer_at equal to the earliest of its waiting timers, once a change has moved any."""
    if not change.timers_started and not change.timer_updates:
        return
    rows = [] if change.is_new else waiting_timers(connection, [change.instance["id"]])
    merged = [{**row, **change.timer_updates.get(row["id"], {})} for row in rows]
    waiting = [row["fire_at"] for row in [*merged, *change.timers_started] if row["status"] == "waiting" and row["fire_at"] is not None]
    change.set(next_timer_at=min(waiting, default=None))
