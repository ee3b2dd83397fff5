"""What can go wrong between a model and the one who runs it."""

from typing import Any, ClassVar

from engine.errors import EngineError, InvalidError, UnavailableError, WrongStateError


class ModelRunError(EngineError):
    """The model could not go on from here; discard the state, nothing of this run may be saved."""

    code: ClassVar[str] = "model_run_failed"

    def __init__(self, message: str, *, element_id: str | None, **facts: Any) -> None:
        self.element_id = element_id
        super().__init__(message, element_id=element_id, **facts)


class DefinitionError(InvalidError):
    """This model cannot be made runnable."""

    code = "model_not_runnable"

    def __init__(self, message: str, *, element_id: str | None = None, **facts: Any) -> None:
        self.element_id = element_id
        super().__init__(message, element_id=element_id, **facts)


class VariablesError(InvalidError):
    """Routing variables are single values: a text, a number, true, false or null."""

    code = "variables_invalid"


class NotWaitingError(WrongStateError):
    """Nothing is waiting there any more."""

    code = "step_not_waiting"


class SendBackError(WrongStateError):
    """The model does not let this step go back there."""

    code = "send_back_refused"


class StateError(UnavailableError):
    """The stored state cannot be read by this version of the program, or belongs to another model."""

    code = "state_unreadable"
