"""What two or three people may want of one dossier at once."""

from datetime import datetime, timedelta
from typing import Any

from engine.actor import SYSTEM
from engine.clock import minute
from engine.database import Database
from engine.errors import EngineError
from engine.operations import Moved
from engine.recounting import move_deadlines
from engine.sweep import Swept, sweep
from tests.resilience.pausing import Act
from tests.resilience.stage import B, Dossier, Stage, Want


def complete(who: str, code: str = "B1") -> Want:
    def want(stage: Stage, dossier: Dossier) -> Act:
        def act(database: Database) -> Any:
            with database.writing() as connection:
                return stage.office.areas.engine.complete(
                    connection, step_id=dossier.step_ids[code], actor=stage.actors[who], late_reason="workload", note="Mây che mất giờ"
                )

        return act

    return want


def claim(who: str, code: str = "B1") -> Want:
    return _on_step("claim", who, code)


def release(who: str, code: str = "B1") -> Want:
    return _on_step("release", who, code)


def _on_step(verb: str, who: str, code: str) -> Want:
    def want(stage: Stage, dossier: Dossier) -> Act:
        def act(database: Database) -> Any:
            with database.writing() as connection:
                return getattr(stage.office.areas.engine, verb)(connection, step_id=dossier.step_ids[code], actor=stage.actors[who])

        return act

    return want


def suspend(stage: Stage, dossier: Dossier) -> Act:
    def act(database: Database) -> Any:
        engine, verbs = stage.office.areas.engine, stage.office.areas.dossiers
        with database.writing() as connection:
            if not dossier.is_dossier:
                actor, instance_id = stage.actors[B], dossier.instance_id
                return engine.suspend(connection, instance_id=instance_id, actor=actor, reason="supplement", reference="1")
            verbs.request_supplement(connection, actor=stage.actors[B], code=dossier.code, content="Giấy ủy quyền", reason="Còn thiếu")
        return None

    return act


def resume(stage: Stage, dossier: Dossier) -> Act:
    def act(database: Database) -> Any:
        engine, verbs = stage.office.areas.engine, stage.office.areas.dossiers
        received_at = stage.office.commune.clock.now() - timedelta(minutes=10)
        with database.writing() as connection:
            if not dossier.is_dossier:
                actor = stage.actors[B]
                return engine.resume(connection, instance_id=dossier.instance_id, actor=actor, effective_at=received_at, reference="1")
            verbs.receive_supplement(connection, actor=stage.actors[B], code=dossier.code, received_at=received_at)
        return None

    return act


def refuse(stage: Stage, dossier: Dossier) -> Act:
    return _closing("refuse", stage, dossier)


def withdraw(stage: Stage, dossier: Dossier) -> Act:
    return _closing("withdraw", stage, dossier)


def _closing(verb: str, stage: Stage, dossier: Dossier) -> Act:
    def act(database: Database) -> Any:
        engine, verbs = stage.office.areas.engine, stage.office.areas.dossiers
        with database.writing() as connection:
            if not dossier.is_dossier:
                return engine.cancel(connection, instance_id=dossier.instance_id, actor=stage.actors[B], reason=verb, reference="1")
            getattr(verbs, verb)(connection, actor=stage.actors[B], code=dossier.code, reason="Không thuộc thẩm quyền")
        return None

    return act


def sweeps(stage: Stage, dossier: Dossier) -> Act:
    return lambda database: sweep(database, stage.office.areas.engine)


def change_calendar(stage: Stage, dossier: Dossier) -> Act:
    """Apply the version that was published after the dossier had been accepted."""

    def act(database: Database) -> Any:
        assert dossier.calendar_version_id is not None
        with database.writing() as connection:
            return move_deadlines(
                connection,
                stage.office.areas.engine,
                agency_id=stage.office.commune.agency_id,
                calendar_version_id=dossier.calendar_version_id,
                actor=SYSTEM,
                reference="TB-1",
            )

    return act


def accept_another(stage: Stage, dossier: Dossier) -> Act:
    def act(database: Database) -> Any:
        with database.writing() as connection:
            stage.accept(connection)

    return act


def told(result: Any, error: Exception | None) -> str:
    """What came of a wish, without ids and names of dossiers."""
    if error is not None:
        if not isinstance(error, EngineError):
            return f"FAILED {type(error).__name__}: {error}"
        when: datetime | None = error.facts.get("when")
        return f"{type(error).__name__} {error.code} {minute(when).isoformat() if when else ''}".strip()
    if isinstance(result, Swept):
        return f"swept {result.timers_fired} timers, {result.steps_overdue} steps, {result.dossiers_overdue} dossiers, {result.errors}"
    if isinstance(result, Moved):
        return f"done, opened {[step['code'] for step in result.opened]}"
    if isinstance(result, list):
        return f"moved {[(move.step_code, move.after) for move in result]}"
    return "done"
