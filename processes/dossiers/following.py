"""What dossiers do when the engine speaks: set-wise, in the engine's transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, update

from engine.errors import InvalidError, WrongStateError
from engine.events import DeadlineMoved, StatusReached
from processes.dossiers import rules
from processes.dossiers.models import dossiers

_MOMENT_OF = {rules.FINISHED: "finished_at", rules.RETURNED: "returned_at"}


def apply_statuses(connection: Connection, events: Sequence[StatusReached]) -> None:
    """The model reached statuses 4, 9 or 10: the dossiers follow.

    Raises: WrongStateError when a dossier may not go there, which rolls the whole operation back.
    """
    for status in (rules.IN_PROCESS, rules.FINISHED, rules.RETURNED):
        reached = [
            {"_id": event.subject.id, "_at": event.at} for event in events if event.subject.kind == "dossier" and event.status == status
        ]
        if reached:
            _apply(connection, status, reached)


def _apply(connection: Connection, status: int, reached: list[dict[str, object]]) -> None:
    column = _MOMENT_OF.get(status)
    before = [one for one, allowed in rules.TRANSITIONS.items() if status in allowed and one not in rules.PAUSED]
    statement = update(dossiers).where(dossiers.c.id == bindparam("_id"), dossiers.c.status.in_([*before, status])).values(status=status)
    if status == rules.RETURNED:
        _require_receivers(connection, [one["_id"] for one in reached])
    if column is not None:
        statement = statement.values({column: bindparam("_at")})
    else:
        reached = [{"_id": one["_id"]} for one in reached]
    if connection.execute(statement, reached).rowcount not in (-1, len(reached)):
        raise WrongStateError(f"A dossier cannot go to status {status} now.", code="status_not_allowed", wanted=status)


def _require_receivers(connection: Connection, ids: Sequence[object]) -> None:
    """A result is handed to somebody: the last step is completed by return_result, which names the receiver first."""
    nameless = select(dossiers.c.code).where(dossiers.c.id.in_(ids), dossiers.c.result_receiver.is_(None))
    code = connection.execute(nameless).scalar()
    if code is not None:
        raise InvalidError("Say who received the result.", code="receiver_required", errors={"receiver": "required"}, dossier_code=code)


def move_appointments(connection: Connection, events: Sequence[DeadlineMoved]) -> None:
    """A legal pause, an extension of the model or a calendar moved the deadline: the appointment moves with it."""
    moved = [
        {"_id": event.subject.id, "_due": event.due_at} for event in events if event.subject.kind == "dossier" and event.due_at is not None
    ]
    if moved:
        connection.execute(update(dossiers).where(dossiers.c.id == bindparam("_id")).values(promised_at=bindparam("_due")), moved)
