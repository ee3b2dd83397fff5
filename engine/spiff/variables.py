"""Routing variables: what conditions and scripts of a model may see.

There is one set for a whole instance, called processes included, not one for each branch as in SpiffWorkflow: there a branch
carries a stale copy of its sibling's answers and may win with it at the join. An instance's variables are single values by
name (`channel`), and for each step that was done a namespace by its code (`B3.outcome`), replaced whole at every pass.
"""

import math
from collections.abc import Mapping, Set
from typing import Any

from engine.spiff.errors import VariablesError

Scalar = str | int | float | bool | None
Variables = dict[str, Any]  # name -> Scalar, or step code -> {name: Scalar}

_LONGEST_NAME = 100
_LONGEST_TEXT = 1000
_MOST = 500
_LARGEST = 2**63 - 1


def checked(variables: Mapping[str, Any], step_codes: Set[str]) -> Variables:
    """A copy of these variables, fit to be kept.

    Raises: VariablesError for anything but single values under plain names and mappings of single values under step codes.
    """
    if len(variables) > _MOST:
        raise VariablesError(f"an instance has at most {_MOST} routing variables", count=len(variables))
    return {_name(name): _value(name, value, name in step_codes) for name, value in variables.items()}


def _value(name: str, value: Any, is_step: bool) -> Any:
    if is_step != isinstance(value, Mapping):
        raise VariablesError(f"{name} must be {'a mapping, it is a step code' if is_step else 'a single value'}", name=name)
    if not is_step:
        return _scalar(name, value)
    return {_name(key): _scalar(f"{name}.{key}", part) for key, part in value.items()}


def _name(name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise VariablesError(f"a variable's name is a text of 1 to {_LONGEST_NAME} letters", name=str(name)[:_LONGEST_NAME])
    return name


def _scalar(name: str, value: Any) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
        return str(value)
    if isinstance(value, int) and abs(value) <= _LARGEST:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    raise VariablesError(f"{name} is not a text of at most {_LONGEST_TEXT} letters, a number, true, false or null", name=name)
