"""Moves for which no arrow is drawn: a step goes to another person, or back to an earlier step. Each settles first (rule 3.2).

Whether a person may move the steps of others is asked by the area that offers it, before it calls here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from engine import spiff
from engine.actor import Actor
from engine.change import Change, Values
from engine.conditions import require_worker
from engine.deadlines import Timekeeping
from engine.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, WrongStateError
from engine.events import StepCancelled
from engine.loading import OPEN, read_step
from engine.operations import Moved
from engine.parts import Parts
from engine.progress import Progress, note_next_timer
from engine.saving import save
from engine.settling import past_holders, settle_instance, settle_steps
from engine.tables import steps
from engine.taking import locked, take
from engine.wayback import SENT_BACK, done_before

# What is said of a receiver who may not do the step, in place of what would be said to them.
_OF_RECEIVER = {"own_work": "receiver_own_work", "not_permitted": "receiver_not_permitted"}


def reassign(
    engine: Parts,
    connection: Connection,
    *,
    step_id: int,
    receiver: Actor,
    actor: Actor,
    reason: str = "",
    may_move_others: bool = False,
    held_by_id: int | None = None,
) -> Moved:
    """Give an open step into the hands of somebody who could do it. The minutes of earlier holders stay on the step, and so does the
    blame for a deadline that has passed (rule 3.6).

    Without may_move_others the actor gives away what they hold, or takes over what a colleague of the same role holds. Only who gives
    away their own step need not say why. held_by_id: only while this person still holds it.
    Raises: NotFoundError; NotPermittedError (not_permitted, own_work, other_agency); InvalidError (reason_required,
        receiver_not_permitted, receiver_own_work, receiver_holds_step); ConflictError (step_already_done, step_cancelled); WrongStateError
        (instance_over).
    """
    change, step = _locked_step(engine, connection, step_id, actor)
    _require_still_held(step, held_by_id)
    _require_mover(step, receiver, actor, may_move_others)
    _require_receiver(change, step, receiver, actor)
    reason = reason.strip()
    if not reason and step["handler_id"] != actor.person_id:
        raise InvalidError("Say why the step changes hands.", code="reason_required", errors={"reason": "required"})
    settle_steps(change, [step], change.at)
    before = step["handler_id"]
    if before is not None:
        change.update_step(step, holders=past_holders(step, change.at))
    change.update_step(step, status="claimed", handler_id=receiver.person_id, claimed_at=change.at)
    hands = {"from": before, "to": receiver.person_id, "taken_over": receiver.person_id == actor.person_id}
    facts = {"step": step["code"], "pass": step["pass"], "name": step["name"], **hands}
    change.record("engine.step.handed_over", facts, {"reason": reason} if reason else None)
    _save(engine, connection, change)
    return Moved(change.instance)


def send_back(engine: Parts, connection: Connection, *, step_id: int, to_code: str, actor: Actor, reason: str) -> Moved:
    """Give up a step that one holds, or may take, and have an earlier step on the way to it done again (rule 3.7).

    The earlier step opens as a new pass with its full limit and is offered to whoever did it before; the subject's deadline stays where it
    is. Going back before a split cancels what else is open behind it.
    Raises: InvalidError (reason_required); NotPermittedError; ConflictError; WrongStateError (clock_stopped, clock_finished,
        step_not_on_way, and what spiff.send_back refuses: sibling_branch_open, past_the_join, send_back_elsewhere).
    """
    reason = reason.strip()
    if not reason:
        raise InvalidError("Say why the step goes back.", code="reason_required", errors={"reason": "required"})
    given_up = {
        "status": "cancelled",
        "handler_id": actor.person_id,
        "on_behalf_of_id": actor.on_behalf_of_id,
        "outcome": SENT_BACK,
        "note": reason,
    }
    change, step = take(engine, connection, step_id, actor, given_up, moment_of="done_at", only_open=False)
    require_worker(change, step, actor)
    _require_clock_runs(change)
    earlier = _earlier(connection, change, step, to_code)
    settle_steps(change, [step], change.at)
    settle_instance(change, change.at)
    facts = {"step": step["code"], "pass": step["pass"], "name": step["name"], "to_step": earlier["code"], "to_name": earlier["name"]}
    change.record("engine.step.sent_back", {**facts, "to": earlier["done_by_id"]}, {"reason": reason})
    change.tell([StepCancelled(change.subject, step["id"], step["breached_at"] is not None, change.actor, change.at, note=reason)])
    definition = engine.definitions.load(connection, change.instance["definition_id"])
    advance = spiff.send_back(definition, change.instance["state"], step["task_key"], earlier["element_id"])
    change.giver_id = step["id"]
    opened = Progress(connection, engine.ids, Timekeeping(connection, engine.calendars, engine.ids)).apply(change, advance)
    for row in opened:
        change.update_step(row, offered_to_id=earlier["done_by_id"])
    _save(engine, connection, change)
    return Moved(change.instance, opened)


def ways_back(
    engine: Parts, connection: Connection, instance: Mapping[str, Any], step: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The earlier steps that an open step can be sent back to as things stand, the latest first; changes nothing.

    rows: all steps of the instance.
    """
    if instance["status"] != "running" or instance["clock"] in ("stopped", "finished"):
        return []
    definition = engine.definitions.load(connection, instance["definition_id"])
    found = []
    for earlier in reversed(done_before(rows, step)):
        try:
            spiff.send_back(definition, instance["state"], step["task_key"], earlier["element_id"])
        except (WrongStateError, spiff.ModelRunError):
            continue
        found.append(earlier)
    return found


# --- what must hold --------------------------------------------------------------------------------------------------


def _require_still_held(step: Values, by_id: int | None) -> None:
    if by_id is None or step["handler_id"] == by_id:
        return
    facts = {"by_id": step["handler_id"], "when": step["claimed_at"], "step_code": step["code"]}
    raise ConflictError("Somebody else holds this step now.", code="step_already_claimed", **facts)


def _require_mover(step: Values, receiver: Actor, actor: Actor, may_move_others: bool) -> None:
    """Who holds a step may give it away; who could do it may take it over; anything else takes the permission to move others' steps."""
    facts = {"step_code": step["code"], "step_id": step["id"]}
    if actor.agency_id != step["agency_id"]:
        raise NotPermittedError("This step belongs to another agency.", code="other_agency", agency_id=step["agency_id"], **facts)
    is_own = step["handler_id"] is not None and step["handler_id"] == actor.person_id
    takes_over = receiver.person_id == actor.person_id
    if not (is_own or takes_over or may_move_others):
        raise NotPermittedError("Somebody else holds this step.", code="not_permitted", role=step["role"], unit_id=step["unit_id"], **facts)


def _require_receiver(change: Change, step: Values, receiver: Actor, actor: Actor) -> None:
    if receiver.person_id is None or receiver.person_id == step["handler_id"]:
        raise InvalidError("This person holds the step already.", code="receiver_holds_step", errors={"to": "receiver_holds_step"})
    try:
        require_worker(change, step, receiver)
    except NotPermittedError as refused:
        if receiver.person_id == actor.person_id:
            raise
        code = _OF_RECEIVER[refused.code]
        raise InvalidError("This person may not do the step.", code=code, errors={"to": code}, **refused.facts) from refused


def _require_clock_runs(change: Change) -> None:
    """No step goes back while the clock stands still, nor once the result is there."""
    row = change.instance
    if row["clock"] == "stopped":
        raise WrongStateError("The clock is stopped; the step waits until it runs again.", code="clock_stopped", since=row["stopped_at"])
    if row["clock"] == "finished":
        raise WrongStateError("The result is there already.", code="clock_finished", when=row["finished_at"])


def _earlier(connection: Connection, change: Change, step: Values, to_code: str) -> Mapping[str, Any]:
    query = select(steps).where(steps.c.instance_id == change.instance["id"])
    rows = [dict(row) for row in connection.execute(query).mappings()]
    for row in done_before(rows, step):
        if row["code"] == to_code:
            return row
    raise WrongStateError("This step was not done on the way here.", code="step_not_on_way", step_code=step["code"], to_step=to_code)


# --- taking and saving -----------------------------------------------------------------------------------------------


def _locked_step(engine: Parts, connection: Connection, step_id: int, actor: Actor) -> tuple[Change, Values]:
    """An open step, its instance under lock and brought up to the moment. Raises: NotFoundError; ConflictError; WrongStateError."""
    instance_id = connection.execute(select(steps.c.instance_id).where(steps.c.id == step_id)).scalar()
    if instance_id is None:
        raise NotFoundError("There is no such step.", code="step_not_found", step_id=step_id)
    change = locked(engine, connection, instance_id, actor)
    step = read_step(connection, step_id)
    if step["status"] not in OPEN:
        done = step["status"] == "completed"
        raise ConflictError(
            "This step has ended.",
            code="step_already_done" if done else "step_cancelled",
            by_id=step["done_by_id"],
            when=step["done_at"],
            step_code=step["code"],
        )
    return change, step


def _save(engine: Parts, connection: Connection, change: Change) -> None:
    note_next_timer(connection, change)
    save(connection, [change], ids=engine.ids, recorded_at=engine.clock.recorded_now(), subscribers=engine.subscribers)
