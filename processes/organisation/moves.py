"""Steps change hands, singly or all that somebody holds, and go back to be done again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from engine import moves
from engine.actor import Actor
from engine.conditions import barred_by
from engine.database import Database
from engine.errors import EngineError, InvalidError, NotFoundError
from engine.operations import Moved
from engine.parts import Parts
from engine.queries import OPEN, steps_of
from engine.tables import instances, steps
from processes.organisation.queries import PersonView, names_of, who_could_work
from processes.organisation.rights import PersonDisabledError, actor_for, may, require, visible_steps


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of one step of a bulk handover; refused is None when it is in the new hands."""

    step_id: int
    step_code: str
    subject_code: str
    refused: EngineError | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A step that could be done again, and who did it last."""

    code: str
    name: str
    done_by_id: int | None
    done_by: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The moves of an open step that are open to somebody; empty where there are none."""

    colleagues: Sequence[PersonView] = ()  # to whom it can be handed over
    earlier: Sequence[Earlier] = ()  # to which it can be sent back, the latest first
    may_take_over: bool = False


def choices(connection: Connection, engine: Parts, *, actor: Actor, step_id: int) -> Choices:
    """What the actor could do with a step that is not drawn; the operations decide again.

    Raises: NotFoundError (step_not_found) for a step that the actor may not see.
    """
    found = connection.execute(select(steps).where(steps.c.id == step_id, visible_steps(actor))).mappings().first()
    if found is None:
        raise NotFoundError("There is no such step.", code="step_not_found", step_id=step_id)
    instance = connection.execute(select(instances).where(instances.c.id == found["instance_id"])).mappings().one()
    return choices_of(connection, engine, actor=actor, instance=dict(instance), step=dict(found))


def choices_of(connection: Connection, engine: Parts, *, actor: Actor, instance: Mapping[str, Any], step: Mapping[str, Any]) -> Choices:
    """The same for rows that have been read, of an instance that the actor may see."""
    if step["status"] not in OPEN or step["agency_id"] != actor.agency_id or not may(actor, "step.work"):
        return Choices()
    barred = barred_by(engine.definitions.load(connection, instance["definition_id"]).model, instance, step)
    barred_id = barred[1] if barred is not None else None
    is_mine, is_nobodys = step["handler_id"] == actor.person_id, step["handler_id"] is None
    could_work = actor.holds(step["role"], step["unit_id"]) and (barred is None or actor.person_id != barred_id)
    return Choices(
        colleagues=_colleagues(connection, engine, step, barred_id) if is_mine or may(actor, "step.reassign") else (),
        earlier=_earlier(connection, engine, instance, step) if could_work and (is_mine or is_nobodys) else (),
        may_take_over=could_work and not (is_mine or is_nobodys),
    )


def _colleagues(connection: Connection, engine: Parts, step: Mapping[str, Any], barred_id: int | None) -> list[PersonView]:
    found = who_could_work(connection, agency_id=step["agency_id"], role=step["role"], unit_id=step["unit_id"], now=engine.clock.now())
    return [person for person in found if person.id not in (step["handler_id"], barred_id)]


def _earlier(connection: Connection, engine: Parts, instance: Mapping[str, Any], step: Mapping[str, Any]) -> list[Earlier]:
    rows = moves.ways_back(engine, connection, instance, step, steps_of(connection, [instance["id"]]))
    names = names_of(connection, [row["done_by_id"] for row in rows])
    return [Earlier(row["code"], row["name"], row["done_by_id"], names.get(row["done_by_id"] or 0, "")) for row in rows]


def hand_over(connection: Connection, engine: Parts, *, actor: Actor, step_id: int, to_id: int, reason: str = "") -> Moved:
    """Give a step to a colleague who could do it: one's own, or with step.reassign anybody's in the agency.

    Raises: NotPermittedError; InvalidError (receiver_unknown, receiver_disabled, reason_required, and what engine.moves says of
        receivers); ConflictError; WrongStateError; NotFoundError.
    """
    require(actor, "step.work")
    receiver = _receiver(connection, engine, to_id)
    may_move_others = may(actor, "step.reassign")
    return moves.reassign(
        engine, connection, step_id=step_id, receiver=receiver, actor=actor, reason=reason, may_move_others=may_move_others
    )


def take_over(connection: Connection, engine: Parts, *, actor: Actor, step_id: int, reason: str) -> Moved:
    """Take a step out of a colleague's hands, with the reason; whoever could have claimed it may.

    Raises: NotPermittedError (not_permitted, own_work, other_agency); InvalidError (reason_required, receiver_holds_step);
        ConflictError; WrongStateError; NotFoundError.
    """
    require(actor, "step.work")
    return moves.reassign(engine, connection, step_id=step_id, receiver=actor, actor=actor, reason=reason)


def send_back(connection: Connection, engine: Parts, *, actor: Actor, step_id: int, to_code: str, reason: str) -> Moved:
    """Have an earlier step done again, because what it left does not do (rule 3.7).

    Raises: as engine.moves.send_back; NotPermittedError.
    """
    require(actor, "step.work")
    return moves.send_back(engine, connection, step_id=step_id, to_code=to_code, actor=actor, reason=reason)


def hand_over_all(database: Database, engine: Parts, *, actor: Actor, from_id: int, to_id: int, reason: str) -> list[Handed]:
    """Give every step that a person holds to a colleague: they leave, or are away. Each in a transaction of its own, those due first.

    Raises: NotPermittedError unless the steps are one's own or one has step.reassign; InvalidError (reason_required,
        receiver_unknown, receiver_disabled, receiver_holds_step).
    """
    require(actor, "step.work" if from_id == actor.person_id else "step.reassign")
    if not reason.strip():
        raise InvalidError("Say why the steps change hands.", code="reason_required", errors={"reason": "required"})
    if from_id == to_id:
        raise InvalidError("This person holds the steps already.", code="receiver_holds_step", errors={"to": "receiver_holds_step"})
    with database.reading() as connection:
        _receiver(connection, engine, to_id)
        held = steps_held(connection, actor, from_id)
    return [_hand_over_one(database, engine, actor, one, from_id, to_id, reason) for one in held]


def steps_held(connection: Connection, actor: Actor, person_id: int) -> Sequence[tuple[int, str, str]]:
    """The open steps in a person's hands in the actor's agency, those due first: step id, step code, subject code."""
    query = (
        select(steps.c.id, steps.c.code, instances.c.subject_code)
        .join(instances, instances.c.id == steps.c.instance_id)
        .where(steps.c.agency_id == actor.agency_id, steps.c.handler_id == person_id, steps.c.status == "claimed")
        .order_by(steps.c.due_at.is_(None), steps.c.due_at, steps.c.id)
    )
    return [(row.id, row.code, row.subject_code) for row in connection.execute(query)]


def _hand_over_one(
    database: Database, engine: Parts, actor: Actor, step: tuple[int, str, str], from_id: int, to_id: int, reason: str
) -> Handed:
    try:
        with database.writing() as connection:
            receiver = _receiver(connection, engine, to_id)
            moves.reassign(
                engine,
                connection,
                step_id=step[0],
                receiver=receiver,
                actor=actor,
                reason=reason,
                may_move_others=may(actor, "step.reassign"),
                held_by_id=from_id,
            )
    except EngineError as refused:
        return Handed(*step, refused)
    return Handed(*step, None)


def _receiver(connection: Connection, engine: Parts, person_id: int) -> Actor:
    try:
        return actor_for(connection, person_id, now=engine.clock.now())
    except NotFoundError as missing:
        raise InvalidError("There is no such person.", code="receiver_unknown", errors={"to": "receiver_unknown"}) from missing
    except PersonDisabledError as gone:
        raise InvalidError("This person no longer works here.", code="receiver_disabled", errors={"to": "receiver_disabled"}) from gone
