"""Where conditions and scripts of a model run: our own small language, compiled beforehand; a model never runs Python."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine

from engine.errors import EngineError
from engine.spiff.errors import ModelRunError
from engine.spiff.variables import Variables, checked


@dataclass(frozen=True)
class Language:
    """The compiled conditions and scripts of one definition, by their text, and the step codes that they may name."""

    conditions: Mapping[str, Callable[[Mapping[str, Any]], Any]]
    scripts: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]
    step_codes: frozenset[str]


class RoutingEnvironment(BasePythonScriptEngineEnvironment):
    """Works out texts that were compiled with the definition, and no others, on the variables of one instance."""

    def __init__(self, language: Language, variables: Variables) -> None:
        super().__init__()
        self.language = language
        self.variables = variables

    def evaluate(self, expression: str, context: Any, external_context: Any = None) -> Any:
        """The value of a condition; data of tasks (`context`) is not used."""
        return self.language.conditions[expression](self.variables)

    def execute(self, script: str, context: Any, external_context: Any = None) -> bool:
        """Run assignments; what they set is checked like variables handed in."""
        changes = checked(self.language.scripts[script](self.variables), self.language.step_codes)
        self.variables.update(changes)
        return True  # SpiffWorkflow would leave the task started for ever on None

    def call_service(self, context: Any, **kwargs: Any) -> Any:
        """No model calls a service."""
        raise ModelRunError("A model may not call services.", element_id=None)


class ScriptEngine(PythonScriptEngine):
    """SpiffWorkflow's engine with our environment alone; a failure names the element."""

    def __init__(self, language: Language, variables: Variables) -> None:
        super().__init__(environment=RoutingEnvironment(language, variables))

    @property
    def variables(self) -> Variables:
        """The routing variables of the instance."""
        found: Variables = self.environment.variables
        return found

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        """A gateway's condition. Raises: ModelRunError."""
        try:
            return self.environment.evaluate(expression, None)
        except (EngineError, LookupError) as fault:
            raise _failed("condition", expression, task, fault) from fault

    def execute(self, task: Any, script: str, external_context: Any = None) -> Any:
        """A script task. Raises: ModelRunError."""
        try:
            return self.environment.execute(script, None)
        except (EngineError, LookupError) as fault:
            raise _failed("script", script, task, fault) from fault


def _failed(kind: str, text: str, task: Any, fault: Exception) -> ModelRunError:
    element_id = task.task_spec.bpmn_id
    return ModelRunError(f"The {kind} at {element_id} failed: {fault}.", element_id=element_id, text=text[:200], reason=str(fault))
