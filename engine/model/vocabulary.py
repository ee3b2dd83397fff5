"""Our words in a model: which properties each BPMN element may have, and how their values are read."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from engine.errors import InvalidError
from engine.model.elements import HandlerRule, Outcome
from engine.model.grammar import is_name
from engine.timelimit import LimitKind, TimeLimit

ROLES = (
    "intake_officer",
    "specialist",
    "division_head",
    "leader",
    "clerk",
    "council",
    "iso_secretary",
    "quality_representative",
    "auditor",
    "police",
    "land_officer",
    "applicant",
    "administrator",
)
STATUSES = (4, 9, 10)
START_VARIABLES = frozenset({"channel", "variant"})  # set for every dossier when it is accepted
MAX_CODE = 16  # steps.code
MAX_ID = 64  # steps.element_id, definitions.key
MAX_KEY = 64  # steps.outcome
MAX_LIMIT = 24  # steps.limit_text

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_PROCEDURE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
_FORM_NUMBER = re.compile(r"[0-9]{2}[a-z]?")


class ValueRefusedError(InvalidError):
    """A property has a value that its vocabulary does not know."""

    code = "value_refused"


def near(word: str, known: tuple[str, ...] | list[str]) -> str | None:
    """The known word that was probably meant."""
    found = get_close_matches(word.lower(), {k.lower(): k for k in known}, n=1, cutoff=0.6)
    return next((k for k in known if k.lower() == found[0]), None) if found else None


def parse_limit(text: str) -> TimeLimit:
    """Read the limit of a step or timer, short enough for its column."""
    try:
        limit = TimeLimit.parse(text)
    except InvalidError as error:
        raise ValueRefusedError(error.message) from None
    if len(limit.text) > MAX_LIMIT:
        raise ValueRefusedError()
    return limit


def _step_limit(text: str) -> TimeLimit:
    limit = parse_limit(text)
    if limit.kind is LimitKind.DURATION:
        raise ValueRefusedError()
    return limit


def _extends(text: str) -> TimeLimit:
    limit = parse_limit(text)
    if limit.kind not in (LimitKind.WORKING_DAYS, LimitKind.WORKING_HOURS, LimitKind.CALENDAR_DAYS):
        raise ValueRefusedError()
    return limit


def _matching(pattern: re.Pattern[str], most: int = MAX_KEY) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > most or not pattern.fullmatch(text):
            raise ValueRefusedError()
        return text

    return read


def _role(text: str) -> str:
    if text not in ROLES:
        meant = near(text, ROLES)
        raise ValueRefusedError(f"Did you mean {meant}?" if meant else f"Roles are {', '.join(ROLES)}.")
    return text


def _code(text: str) -> str:
    if len(text) > MAX_CODE or not is_name(text):
        raise ValueRefusedError()
    return text


def _clock(text: str) -> bool:
    if text not in ("runs", "stops"):
        raise ValueRefusedError()
    return text == "stops"


def _handler(text: str) -> HandlerRule:
    kind, _, code = text.partition(":")
    if kind == "same_as":
        return HandlerRule("same_as", _code(code.strip()))
    if kind == "not":
        return HandlerRule("not", _code(code.strip()))
    raise ValueRefusedError()


def _outcomes(text: str) -> tuple[Outcome, ...]:
    outcomes = tuple(_outcome(part) for part in text.split(";") if part.strip())
    if not outcomes or len({o.key for o in outcomes}) < len(outcomes):
        raise ValueRefusedError()
    return outcomes


def _outcome(text: str) -> Outcome:
    key, _, label = (part.strip() for part in text.partition("="))
    if len(key) > MAX_KEY or not _KEY.fullmatch(key) or not label:
        raise ValueRefusedError()
    return Outcome(key, label)


def _issues(text: str) -> tuple[str, ...]:
    numbers = tuple(part.strip() for part in text.split(","))
    if not all(_FORM_NUMBER.fullmatch(n) for n in numbers):
        raise ValueRefusedError()
    return numbers


def _status(text: str) -> int:
    if text not in {str(s) for s in STATUSES}:
        raise ValueRefusedError()
    return int(text)


def _variables(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    if not all(is_name(n) and len(n) <= MAX_KEY for n in names):
        raise ValueRefusedError()
    return names


# BPMN element -> property -> reader of its value; a reader raises ValueRefusedError.
PROPERTIES: dict[str, dict[str, Callable[[str], Any]]] = {
    "process": {"procedure": _matching(_PROCEDURE), "variables": _variables},
    "lane": {"role": _role, "unit": _matching(_KEY), "agency": _matching(_KEY, most=32)},
    "userTask": {
        "code": _code,
        "limit": _step_limit,
        "extends": _extends,
        "clock": _clock,
        "handler": _handler,
        "outcomes": _outcomes,
        "form": _matching(_KEY),
        "issues": _issues,
        "status": _status,
    },
    "endEvent": {"status": _status},
}
