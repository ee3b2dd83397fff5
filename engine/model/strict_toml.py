"""TOML read strictly: what is unknown, missing or of the wrong kind is a fault with its path, and all faults are named at once."""

import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from engine.errors import InvalidError
from engine.model.vocabulary import near
from engine.timelimit import LimitKind, TimeLimit

MAX_BYTES = 200_000

MODEL_FILE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*\.bpmn")


def parse_toml(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise InvalidError(f"procedure.toml has more than {MAX_BYTES} bytes.", code="procedure_invalid")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidError(f"procedure.toml is not TOML: {error}", code="procedure_invalid") from None


class StrictTable:
    """One table of the file: takes known keys out, notes what is wrong, and finally refuses what is left."""

    def __init__(self, values: Any, path: str, faults: dict[str, str]) -> None:
        self.path = path
        self.faults = faults
        self.known: list[str] = []
        self.values: dict[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            self.fault("", "must be a table")

    def fault(self, key: str, problem: str) -> None:
        self.faults.setdefault(".".join(p for p in (self.path, key) if p), problem)

    def take(self, key: str, read: Callable[[Any], Any], default: Any = ...) -> Any:
        """The value of a key, or its default; without a default it is required. A faulty one gives None."""
        self.known.append(key)
        if key not in self.values:
            if default is ...:
                self.fault(key, "is missing")
                return None
            return default
        try:
            return read(self.values[key])
        except InvalidError as error:
            self.fault(key, error.message)
            return None

    def table(self, key: str) -> "StrictTable":
        self.known.append(key)
        return StrictTable(self.values.get(key, {}), ".".join(p for p in (self.path, key) if p), self.faults)

    def tables(self, key: str) -> list["StrictTable"]:
        self.known.append(key)
        values = self.values.get(key, [])
        if not isinstance(values, list):
            self.fault(key, f"must be written as [[{key}]]")
            return []
        return [StrictTable(v, f"{key}[{n}]", self.faults) for n, v in enumerate(values, start=1)]

    def done(self) -> None:
        """Refuse every key that nobody took."""
        for key in self.values:
            if key not in self.known:
                meant = near(key, self.known)
                self.fault(key, f"is unknown; did you mean {meant}?" if meant else f"is unknown; there are {', '.join(self.known)}")


# --- values --------------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidError("must be a text")
    return value.strip()


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InvalidError("must be a list of texts")
    return tuple(text(v) for v in value)


def model_files(value: Any) -> tuple[str, ...]:
    read = matching(MODEL_FILE, "must be a list of file names ending in .bpmn")
    return tuple(read(v) for v in texts(value))


def whole_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**12:
        raise InvalidError("must be a whole number, not negative")
    return value


def yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidError("must be true or false")
    return value


def calendar_date(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidError("must be a date such as 2026-01-01, without quotation marks")
    return value


def legal_limit(value: Any) -> TimeLimit:
    limit = TimeLimit.parse(text(value))
    if limit.kind is LimitKind.DURATION:
        raise InvalidError("must be a limit such as 8h, 3d, 15cd, sameday@15:00 or untimed")
    return limit


def matching(pattern: re.Pattern[str], problem: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise InvalidError(problem)
        return value

    return read


def one_of(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise InvalidError(f"must be one of {', '.join(allowed)}")
        return str(value)

    return read
