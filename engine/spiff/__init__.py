"""The one door to SpiffWorkflow: everything outside this folder sees only what is exported here."""

from engine.spiff.answers import Advance, OpenStep, OpenTimer, Waiting
from engine.spiff.definition import Definition, DefinitionCache, compile_definition
from engine.spiff.errors import DefinitionError, ModelRunError, NotWaitingError, SendBackError, StateError, VariablesError
from engine.spiff.running import complete, fire, send_back, start, waiting

__all__ = [
    "Advance",
    "Definition",
    "DefinitionCache",
    "DefinitionError",
    "ModelRunError",
    "NotWaitingError",
    "OpenStep",
    "OpenTimer",
    "SendBackError",
    "StateError",
    "VariablesError",
    "Waiting",
    "compile_definition",
    "complete",
    "fire",
    "send_back",
    "start",
    "waiting",
]
