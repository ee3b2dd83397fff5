"""What is wrong with a model: findings, and the error that carries them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engine.errors import InvalidError


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One fault or remark: where it is, which rule, what to do about it. `rule` and `facts` are stable; the sentences are English."""

    file: str
    element_id: str | None
    rule: str
    severity: Severity
    message: str
    remedy: str
    line: int | None = None
    facts: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


class ModelError(InvalidError):
    """The model cannot be used as it is."""

    code = "model_invalid"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        first = next((f for f in self.findings if f.is_error), None)
        super().__init__(
            f"{first.file}: {first.message}" if first else "",
            errors={f"{f.file}:{f.element_id or f.line or ''}:{f.rule}": f"{f.message} {f.remedy}" for f in self.findings if f.is_error},
        )
