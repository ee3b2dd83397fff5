"""A model made runnable: specs parsed once, expressions compiled once, shared by all threads and never changed."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.defaults import ScriptTask

from engine.model.elements import ProcessModel
from engine.model.expressions import compile_expression, compile_script
from engine.spiff import codec
from engine.spiff.environment import Language, ScriptEngine
from engine.spiff.errors import DefinitionError, ModelRunError
from engine.spiff.parsing import parse_specs
from engine.spiff.workflow import TaskTable

TASKS_AT_START = 400  # what SpiffWorkflow predicts before the first step; parallel splits in a row multiply it
_HASH_BYTES = 8


@dataclass(frozen=True, eq=False)
class Definition:
    """One model version in runnable form."""

    model: ProcessModel
    sha256: str
    model_hash: bytes
    main_spec: Any
    called_specs: Mapping[str, Any]
    language: Language
    end_statuses: Mapping[str, int | None]
    blank: bytes = field(default=b"", repr=False)  # the state before the first task runs


def compile_definition(model: ProcessModel) -> Definition:
    """Parse and compile a model; do it once and share the result.

    Raises: DefinitionError for a model that cannot be run; UnsafeExpressionError for a condition or script outside our language.
    """
    specs = parse_specs(model)
    main_spec = specs.pop(model.main.id)
    codes = frozenset(step.code for step in model.steps.values())
    definition = Definition(
        model=model,
        sha256=model.sha256,
        model_hash=bytes.fromhex(model.sha256)[:_HASH_BYTES],
        main_spec=main_spec,
        called_specs=specs,
        language=_language((main_spec, *specs.values()), codes),
        end_statuses={end.id: end.status for end in model.ends.values()},
    )
    for spec in specs.values():
        _instantiate(spec, definition)
    object.__setattr__(definition, "blank", codec.encode(definition, _instantiate(main_spec, definition), {}, blank=True))
    return definition


def _language(specs: tuple[Any, ...], step_codes: frozenset[str]) -> Language:
    tasks = [task for spec in specs for task in spec.task_specs.values()]
    conditions = {condition.args[0] for task in tasks for condition, _ in getattr(task, "cond_task_specs", ()) if condition is not None}
    scripts = {task.script for task in tasks if isinstance(task, ScriptTask)}
    return Language(
        conditions={text: compile_expression(text) for text in conditions},
        scripts={text: compile_script(text) for text in scripts},
        step_codes=step_codes,
    )


class _FirstInstance(BpmnWorkflow):
    """A new workflow whose growth is bounded while it is being built, when its table of tasks is out of reach."""

    @property
    def tasks(self) -> TaskTable:
        return self._bounded

    @tasks.setter
    def tasks(self, _: Any) -> None:
        self._bounded = TaskTable()


def _instantiate(spec: Any, definition: Definition) -> Any:
    try:
        workflow = _FirstInstance(spec, definition.called_specs, script_engine=ScriptEngine(definition.language, {}))
        count = len(workflow.tasks)
    except (ModelRunError, RecursionError):
        count = TASKS_AT_START + 1
    if count > TASKS_AT_START:
        raise DefinitionError(f"{spec.name} splits too often, or is too long, to be run", process=spec.name, tasks=count)
    return workflow


class DefinitionCache:
    """Definitions by id, the least recently used dropped first. Safe between threads; each is built once, others do not wait for it."""

    def __init__(self, size: int = 200) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Definition] = OrderedDict()
        self._building: dict[Hashable, threading.Lock] = {}

    def get(self, definition_id: Hashable, load: Callable[[], ProcessModel]) -> Definition:
        """The definition; if it is not at hand, what `load` gives is compiled.

        Raises: whatever loading and compiling raise; nothing is kept then.
        """
        found = self._find(definition_id)
        if found is not None:
            return found
        with self._lock:
            turn = self._building.setdefault(definition_id, threading.Lock())
        with turn:
            found = self._find(definition_id)
            if found is None:
                found = compile_definition(load())
                self._keep(definition_id, found)
        with self._lock:
            self._building.pop(definition_id, None)
        return found

    def _find(self, definition_id: Hashable) -> Definition | None:
        with self._lock:
            found = self._kept.get(definition_id)
            if found is not None:
                self._kept.move_to_end(definition_id)
            return found

    def _keep(self, definition_id: Hashable, definition: Definition) -> None:
        with self._lock:
            self._kept[definition_id] = definition
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)
