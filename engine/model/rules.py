"""Every rule that a model is held to: its stable id, how grave a breach is, and its two sentences, as the table rules.csv has them.

The sentences take their facts by name, so another language needs a table of the same ids and names and nothing else.
"""

import csv
from importlib.resources import files
from typing import Any, NamedTuple

from engine.model.findings import Finding, Severity


class Rule(NamedTuple):
    severity: Severity
    message: str
    remedy: str


def finding(rule: str, file: str, element_id: str | None = None, *, line: int | None = None, **facts: Any) -> Finding:
    """Make the finding of a rule, with the facts that its sentences name."""
    found = RULES[rule]
    words = {"file": file, "id": element_id or "", **facts}
    return Finding(
        file=file,
        element_id=element_id,
        rule=rule,
        severity=found.severity,
        message=found.message.format(**words),
        remedy=found.remedy.format(**words),
        line=line,
        facts=facts,
    )


def _read_rules() -> dict[str, Rule]:
    table = files("engine.model").joinpath("rules.csv").read_text(encoding="utf-8")
    return {row["rule"]: Rule(Severity(row["severity"]), row["message"], row["remedy"]) for row in csv.DictReader(table.splitlines())}


RULES = _read_rules()
