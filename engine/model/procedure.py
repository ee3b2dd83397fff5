"""procedure.toml: what the law says about a procedure, read strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from engine.errors import InvalidError
from engine.model.strict_toml import (
    MODEL_FILE,
    StrictTable,
    calendar_date,
    legal_limit,
    matching,
    model_files,
    one_of,
    parse_toml,
    text,
    texts,
    whole_number,
    yes_or_no,
)
from engine.timelimit import LimitKind, LimitRule, TimeLimit

CHANNELS = ("direct", "online", "postal")

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True)
class LegalLimit:
    """The time that the law gives, for one channel, and for one variant where there are any."""

    channel: str
    variant: str | None
    limit: TimeLimit


@dataclass(frozen=True)
class Legal:
    """What a model's time budget is held against."""

    code: str
    rule: LimitRule
    limits: tuple[LegalLimit, ...]
    coordination_counts: bool = True  # the time of consulting another body counts


@dataclass(frozen=True)
class Variant:
    """A case of the procedure with limits of its own, chosen at intake; the routing variable `variant` holds its key."""

    key: str
    label: str
    limits: Mapping[str, TimeLimit]  # channel -> limit; the procedure's own where it says nothing


@dataclass(frozen=True)
class Supplement:
    times: int = 1
    answer_limit: TimeLimit | None = None
    after: Literal["resume", "restart"] = "resume"


@dataclass(frozen=True)
class PaperFacts:
    code: str
    name: str
    originals: int
    certified: int
    copies: int
    required: bool
    condition: str | None


@dataclass(frozen=True)
class FeeFacts:
    amount: int
    unit: str
    kind: Literal["fee", "charge"]
    when: Literal["intake", "return"]
    note: str


@dataclass(frozen=True)
class ProcedureFacts:
    """One version of a procedure as its file states it."""

    code: str
    name: str
    field: str
    legal_basis: tuple[str, ...]
    decision: str
    result: str
    result_code: str | None
    retention_years: int  # 0: for ever
    model: str
    called: tuple[str, ...]
    version: int
    effective_from: date
    effective_to: date | None
    rule: LimitRule
    limits: Mapping[str, TimeLimit]  # channel -> limit
    variants: tuple[Variant, ...]
    supplement: Supplement
    papers: tuple[PaperFacts, ...]
    fee: FeeFacts | None
    coordination_counts: bool

    @property
    def legal(self) -> Legal:
        """The limits that the model has to keep: of each variant, or of the procedure when it has none."""
        if self.variants:
            limits = tuple(LegalLimit(c, v.key, limit) for v in self.variants for c, limit in v.limits.items())
        else:
            limits = tuple(LegalLimit(c, None, limit) for c, limit in self.limits.items())
        return Legal(self.code, self.rule, limits, self.coordination_counts)


def read_procedure(data: bytes) -> ProcedureFacts:
    """Read procedure.toml. Unknown keys are refused with the nearest known one, and every fault is named at once.

    Raises: InvalidError (procedure_invalid) with one entry in `errors` for each fault.
    """
    faults: dict[str, str] = {}
    top = StrictTable(parse_toml(data), "", faults)
    facts = _facts(top)
    if faults or facts is None:
        raise InvalidError("procedure.toml cannot be used as it is.", code="procedure_invalid", errors=dict(faults))
    return facts


def _facts(top: StrictTable) -> ProcedureFacts | None:
    limits = top.table("limits")
    rule = limits.take("rule", one_of("elapsed", "endofday"), "elapsed")
    own = _channels(limits, {})
    limits.done()
    variants = tuple(_variant(t, own) for t in top.tables("variants"))
    values = {
        "code": top.take("code", matching(_CODE, "must be a procedure code such as 1.001193")),
        "name": top.take("name", text),
        "field": top.take("field", text),
        "legal_basis": top.take("legal_basis", texts, ()),
        "decision": top.take("decision", text, ""),
        "result": top.take("result", text),
        "result_code": top.take("result_code", text, None),
        "retention_years": top.take("retention_years", whole_number),
        "model": top.take("model", matching(MODEL_FILE, "must be a file name ending in .bpmn")),
        "called": top.take("called", model_files, ()),
        "version": top.take("version", whole_number),
        "effective_from": top.take("effective_from", calendar_date),
        "effective_to": top.take("effective_to", calendar_date, None),
        "coordination_counts": top.take("coordination_counts", yes_or_no, True),
        "limits": own,
        "variants": variants,
        "supplement": _supplement(top.table("supplement")),
        "papers": tuple(_paper(t) for t in top.tables("papers")),
        "fee": _fee(top.table("fee")) if "fee" in top.values else top.take("fee", text, None),
    }
    top.done()
    if rule is not None:
        values["rule"] = LimitRule(rule)
    _agree(top, values)
    return None if top.faults else ProcedureFacts(**values)


def _agree(top: StrictTable, values: dict[str, Any]) -> None:
    """What no single key can say: limits exist and fit the rule, keys are not doubled, dates are in order."""
    variants: tuple[Variant, ...] = values["variants"]
    if not values["limits"] and not any(v.limits for v in variants):
        top.fault("limits", "needs a limit for at least one channel: direct, online or postal")
    for name, codes in (("variants", [v.key for v in variants]), ("papers", [p.code for p in values["papers"]])):
        for twice in sorted({str(c) for c in codes if codes.count(c) > 1}):
            top.fault(name, f"has {twice} twice")
    first, last = values["effective_from"], values["effective_to"]
    if first and last and last < first:
        top.fault("effective_to", "lies before effective_from")
    if values.get("rule") is LimitRule.END_OF_DAY:
        _whole_days(top, "limits", values["limits"])
        for variant in variants:
            _whole_days(top, f"variants.{variant.key}", variant.limits)


def _whole_days(top: StrictTable, where: str, limits: Mapping[str, TimeLimit]) -> None:
    for channel, limit in limits.items():
        if limit.kind is LimitKind.WORKING_DAYS and limit.whole is None:
            top.fault(f"{where}.{channel}", "must be whole days under the rule endofday")


def _channels(table: StrictTable, own: Mapping[str, TimeLimit]) -> dict[str, TimeLimit]:
    found = {channel: table.take(channel, legal_limit, own.get(channel)) for channel in CHANNELS}
    return {channel: limit for channel, limit in found.items() if limit is not None}


def _variant(table: StrictTable, own: Mapping[str, TimeLimit]) -> Variant:
    variant = Variant(
        key=table.take("key", matching(_KEY, "must be small letters, digits and _")),
        label=table.take("label", text),
        limits=_channels(table, own),
    )
    table.done()
    return variant


def _supplement(table: StrictTable) -> Supplement:
    supplement = Supplement(
        times=table.take("times", whole_number, 1),
        answer_limit=table.take("answer_limit", legal_limit, None),
        after=table.take("after", one_of("resume", "restart"), "resume"),
    )
    table.done()
    return supplement


def _paper(table: StrictTable) -> PaperFacts:
    paper = PaperFacts(
        code=table.take("code", text),
        name=table.take("name", text),
        originals=table.take("originals", whole_number, 0),
        certified=table.take("certified", whole_number, 0),
        copies=table.take("copies", whole_number, 0),
        required=table.take("required", yes_or_no, True),
        condition=table.take("condition", text, None),
    )
    table.done()
    return paper


def _fee(table: StrictTable) -> FeeFacts:
    fee = FeeFacts(
        amount=table.take("amount", whole_number),
        unit=table.take("unit", text, "đồng"),
        kind=table.take("kind", one_of("fee", "charge")),
        when=table.take("when", one_of("intake", "return"), "intake"),
        note=table.take("note", text, ""),
    )
    table.done()
    return fee
