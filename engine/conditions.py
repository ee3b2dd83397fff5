"""What must hold before a person may act on a step; the rows are under lock when this is asked."""

from collections.abc import Mapping
from typing import Any

from engine.actor import Actor
from engine.change import Change, Values
from engine.errors import InvalidError, NotPermittedError, WrongStateError
from engine.model.elements import ModelStep, ProcessModel


def require_worker(change: Change, step: Values, actor: Actor) -> None:
    """The condition that the UPDATE has begun to check, finished on the row as it stands under lock."""
    if actor.agency_id != step["agency_id"] or not actor.holds(step["role"], step["unit_id"]):
        raise NotPermittedError(
            "This step belongs to another role or unit.",
            code="not_permitted",
            role=step["role"],
            unit_id=step["unit_id"],
            step_code=step["code"],
        )
    barred = barred_by(change.model, change.instance, step)
    if barred is not None and barred[1] == actor.person_id:
        raise NotPermittedError("One may not approve one's own work.", code="own_work", step_code=step["code"], done_step=barred[0])


def barred_by(model: ProcessModel, instance: Mapping[str, Any], step: Mapping[str, Any]) -> tuple[str, int | None] | None:
    """The step whose doer may not do this one, and who that is; None where the model draws no such rule."""
    rule = model.steps[step["element_id"]].handler
    if rule is None or rule.kind != "not":
        return None
    return rule.code, instance["tally"].get(rule.code, (0, None))[1]


def require_outcome(model_step: ModelStep, outcome: str | None) -> None:
    known = [one.key for one in model_step.outcomes]
    if known and outcome is None:
        raise InvalidError("Choose the result of the step.", code="outcome_required", errors={"outcome": "required"}, outcomes=known)
    if outcome is not None and outcome not in known:
        raise InvalidError("The step has no such result.", code="outcome_unknown", errors={"outcome": "unknown"}, outcomes=known)


def require_running(change: Change, step: Values) -> None:
    """While the clock is stopped only the wait that stops it can be completed (rule 2.4).

    Raises: WrongStateError (clock_stopped).
    """
    if change.instance["clock"] == "stopped" and not step["stops_clock"]:
        raise WrongStateError(
            "The clock is stopped; the step waits until it runs again.", code="clock_stopped", since=change.instance["stopped_at"]
        )


def require_late_reason(step: Values, late_reason: str | None, note: str | None) -> None:
    """Completing an overdue step asks why it is late, as a code and in words: both stand on the slip (rule 3.5).

    Raises: InvalidError (late_reason_required).
    """
    if step["breached_at"] is None:
        return
    missing = {name: "required" for name, given in (("late_reason", late_reason), ("note", (note or "").strip())) if not given}
    if missing:
        raise InvalidError("An overdue step needs the reason why it is late, and a note.", code="late_reason_required", errors=missing)
