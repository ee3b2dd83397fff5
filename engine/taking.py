"""Getting hold of an instance: under lock, brought up to the moment, ready to be changed."""

from datetime import datetime

from sqlalchemy import Connection

from engine import spiff
from engine.actor import Actor
from engine.catchingup import catch_up
from engine.change import Change, Values
from engine.errors import ConflictError, WrongStateError
from engine.loading import lock_instance, read_step, take_step
from engine.parts import Parts


def take(
    engine: Parts, connection: Connection, step_id: int, actor: Actor, values: Values, *, moment_of: str | None, only_open: bool
) -> tuple[Change, Values]:
    """Take a step under its instance's lock. What counts is the moment of having the lock, not that of asking for it:
    a sweep that went before has judged by its own, later clock."""
    asked_at = engine.clock.now()
    asked = {**values, moment_of: asked_at} if moment_of is not None else values
    instance, step = take_step(connection, step_id, actor, asked_at, asked, only_open=only_open)
    at = engine.clock.now()
    instance, step = _up_to_date(engine, connection, instance, step, at)
    change = _change(engine, connection, instance, actor, at)
    if moment_of is not None and at != asked_at:
        change.update_step(step, **{moment_of: at})
    return change, step


def _up_to_date(engine: Parts, connection: Connection, instance: Values, step: Values, at: datetime) -> tuple[Values, Values]:
    """Timers that are due fire before anybody acts, however late the sweep is (rule 3.2).

    Raises: ConflictError (step_cancelled) when one of them cancels the step; nothing is saved then, the sweep will.
    """
    if instance["next_timer_at"] is None or instance["next_timer_at"] > at:
        return instance, step
    catch_up(connection, engine, [instance["id"]], at)
    instance, step = lock_instance(connection, instance["id"]), read_step(connection, step["id"])
    if step["task_key"] not in _waiting_for(engine, connection, instance):
        raise ConflictError("A timer has cancelled this step.", code="step_cancelled", step_code=step["code"], when=at)
    return instance, step


def _waiting_for(engine: Parts, connection: Connection, instance: Values) -> set[str]:
    """The task keys of the steps that the instance's state waits for."""
    if not instance["state"]:
        return set()
    definition = engine.definitions.load(connection, instance["definition_id"])
    return {one.task_key for one in spiff.waiting(definition, instance["state"]).steps}


def _change(engine: Parts, connection: Connection, instance: Values, actor: Actor, at: datetime) -> Change:
    return Change(instance, engine.definitions.load(connection, instance["definition_id"]).model, actor, at)


def locked(engine: Parts, connection: Connection, instance_id: int, actor: Actor) -> Change:
    """A running instance under lock, its due timers fired.

    Raises: NotFoundError; WrongStateError (instance_over).
    """
    instance = lock_instance(connection, instance_id)
    at = engine.clock.now()
    if instance["next_timer_at"] is not None and instance["next_timer_at"] <= at:
        catch_up(connection, engine, [instance_id], at)
        instance = lock_instance(connection, instance_id)
    if instance["status"] != "running":
        raise WrongStateError("This instance is over.", code="instance_over", when=instance["ended_at"])
    return _change(engine, connection, instance, actor, at)
