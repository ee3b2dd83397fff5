"""Every refusal of eISO: a sentence, its facts, and the family that says what helps."""

from typing import Any, ClassVar


class EngineError(Exception):
    """Something was refused."""

    code: ClassVar[str] = "refused"

    def __init__(self, message: str = "", *, code: str | None = None, errors: dict[str, Any] | None = None, **facts: Any) -> None:
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        self.facts = facts
        self.errors = errors or {}
        if code is not None:
            self.code = code  # type: ignore[misc]  # an instance may be more precise than its family
        super().__init__(self.message)


class InvalidError(EngineError):
    """What was sent cannot be used; mend it and send it again."""

    code = "invalid"


class NotFoundError(EngineError):
    """There is no such thing."""

    code = "not_found"


class NotPermittedError(EngineError):
    """This work belongs to somebody else."""

    code = "not_permitted"


class WrongStateError(EngineError):
    """This cannot be done in the present state."""

    code = "wrong_state"


class ConflictError(EngineError):
    """Somebody else was quicker; load it again and try once more."""

    code = "conflict"


class UnavailableError(EngineError):
    """A part that this needs does not answer at the moment."""

    code = "unavailable"
