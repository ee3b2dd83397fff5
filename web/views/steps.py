"""What pages ask of a step before they hand it to an operation."""

from engine.errors import InvalidError
from engine.queries import WorkItem
from processes.dossiers import rules


def require_no_receiver(item: WorkItem | None) -> None:
    """Refuse to complete the step that hands the result over as if it were any other: somebody receives the result.

    Raises: InvalidError (receiver_required).
    """
    if item is not None and item.status_on_completion == rules.RETURNED:
        raise InvalidError("Write down who receives the result.", code="receiver_required", errors={"receiver": "required"})
