"""What may follow what in the life of a dossier. What is not listed is refused."""

from collections.abc import Mapping

from engine.errors import WrongStateError

FILED, ACCEPTED, REFUSED, IN_PROCESS, SUPPLEMENT, DUTY, WITHDRAWN, STOPPED, FINISHED, RETURNED = range(1, 11)

CLOSED = frozenset({REFUSED, WITHDRAWN, STOPPED})
PAUSED = frozenset({SUPPLEMENT, DUTY})

# Source: rules 2.3. From 5 and 6 the way back leads to the status before the pause.
TRANSITIONS: Mapping[int, frozenset[int]] = {
    FILED: frozenset({ACCEPTED, REFUSED, SUPPLEMENT, WITHDRAWN}),
    ACCEPTED: frozenset({IN_PROCESS, REFUSED, SUPPLEMENT, DUTY, WITHDRAWN, STOPPED, FINISHED}),
    IN_PROCESS: frozenset({REFUSED, SUPPLEMENT, DUTY, WITHDRAWN, STOPPED, FINISHED}),
    SUPPLEMENT: frozenset({FILED, ACCEPTED, IN_PROCESS, REFUSED, WITHDRAWN, STOPPED}),
    DUTY: frozenset({ACCEPTED, IN_PROCESS, REFUSED, WITHDRAWN, STOPPED}),
    FINISHED: frozenset({RETURNED}),
    REFUSED: frozenset(),
    WITHDRAWN: frozenset(),
    STOPPED: frozenset(),
    RETURNED: frozenset(),
}


def may_become(status: int, status_before: int | None, wanted: int) -> bool:
    """Whether a dossier may go from one status to another; out of a pause only to where it came from."""
    if wanted not in TRANSITIONS[status]:
        return False
    returns = status in PAUSED and wanted in (FILED, ACCEPTED, IN_PROCESS)
    return not returns or wanted == status_before


def require_transition(code: str, status: int, status_before: int | None, wanted: int) -> None:
    """Refuse what the table does not list.

    Raises: WrongStateError (dossier_closed, status_not_allowed).
    """
    if may_become(status, status_before, wanted):
        return
    closed = status in CLOSED or status in (FINISHED, RETURNED)
    raise WrongStateError(
        f"A dossier in status {status} cannot go to status {wanted}.",
        code="dossier_closed" if closed else "status_not_allowed",
        dossier_code=code,
        status=status,
        wanted=wanted,
    )


def dossier_code(prefix: str, day: str, number: int) -> str:
    """The code of a dossier: agency, yyMMdd, running number of the day (wider than four digits when needed).

    Source: facts 3.1.
    """
    return f"{prefix}-{day}-{number:04d}"
