"""States of a nonconformity, reasons for lateness, how grave it is. Pure."""

from collections.abc import Mapping
from datetime import datetime

from engine.errors import WrongStateError
from engine.worktime import WorkingCalendar

KINDS = ("step_overdue", "dossier_overdue")
STATUSES = ("raised", "corrected", "closed", "cancelled")

# The light path of an automatic nonconformity (rules 3.5). What is not listed is refused.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "raised": frozenset({"corrected", "cancelled"}),
    "corrected": frozenset({"closed", "cancelled"}),
    "closed": frozenset({"cancelled"}),
    "cancelled": frozenset(),
}

# Why an overdue step was completed late; the handler chooses one. Vietnamese wording as shown and printed.
LATE_REASONS: Mapping[str, str] = {
    "workload": "Nhiều hồ sơ cùng lúc",
    "complex": "Hồ sơ phức tạp, cần xác minh thêm",
    "waiting_internal": "Chờ đơn vị, cá nhân khác trong cơ quan",
    "waiting_external": "Chờ cơ quan ngoài",
    "absence": "Người thụ lý nghỉ, đi công tác, họp",
    "system": "Sự cố hệ thống, đường truyền, điện",
    "late_handover": "Nhận bàn giao chậm từ bước trước",
    "mistake": "Sơ suất của người thụ lý",
    "other": "Lý do khác",
}


def require_transition(number: str, status: str, wanted: str) -> None:
    """Refuse what the table does not list.

    Raises: WrongStateError (nonconformity_state).
    """
    if wanted not in TRANSITIONS[status]:
        raise WrongStateError(
            f"A nonconformity that is {status} cannot become {wanted}.",
            code="nonconformity_state",
            number=number,
            status=status,
            wanted=wanted,
        )


def severity(kind: str) -> str:
    """low for an overdue step, medium for an overdue dossier: the citizen waits."""
    return "medium" if kind == "dossier_overdue" else "low"


def late_minutes(calendar: WorkingCalendar, due_at: datetime, until: datetime) -> int:
    """How late something is at a moment, in working minutes."""
    return calendar.between(due_at, until) if until > due_at else 0
