"""Loads procedures from their folders: procedure.toml and the models beside it. A version that was loaded never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from engine.actor import Actor
from engine.definitions import Definitions
from engine.errors import ConflictError, InvalidError
from engine.folding import fold
from engine.ids import Ids
from engine.model.budget import longest_path
from engine.model.checks import check
from engine.model.procedure import ProcedureFacts, read_procedure
from engine.model.reading import read_model
from engine.timelimit import LimitKind, TimeLimit
from processes.catalogue.models import Procedure, ProcedureVersion

FACTS_FILE = "procedure.toml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What happened to one procedure."""

    code: str
    name: str
    version: int
    is_new: bool


def load_catalogue(connection: Connection, folder: Path | Traversable, *, definitions: Definitions, actor: Actor, ids: Ids) -> list[Loaded]:
    """Load every procedure below a folder, in the order of the codes; what is there already stays as it is.

    Raises: InvalidError (procedure_invalid, model_invalid) naming folder and fault; ConflictError (version_changed) when a
        loaded version's files have changed: give it a new version number.
    """
    folders = sorted((one for one in folder.iterdir() if one.is_dir() and one.joinpath(FACTS_FILE).is_file()), key=lambda one: one.name)
    return [load_procedure(connection, one, definitions=definitions, actor=actor, ids=ids) for one in folders]


def load_procedure(connection: Connection, folder: Path | Traversable, *, definitions: Definitions, actor: Actor, ids: Ids) -> Loaded:
    """Load one procedure from its folder."""
    text = folder.joinpath(FACTS_FILE).read_bytes()
    facts = read_procedure(text)
    sources = {name: folder.joinpath(name).read_bytes() for name in (facts.model, *facts.called)}
    model = read_model(sources)
    faults = [one for one in check(model, facts.legal) if one.severity == "error"]
    if faults:
        first = faults[0]
        raise InvalidError(f"{folder.name}: {first.element_id}: {first.message} {first.remedy}", code="model_invalid", findings=faults)
    digest = sha256(text + model.sha256.encode()).hexdigest()
    procedure_id = _procedure(connection, facts, ids)
    known = connection.execute(
        select(ProcedureVersion.sha256).where(ProcedureVersion.procedure_id == procedure_id, ProcedureVersion.version == facts.version)
    ).scalar()
    if known == digest:
        return Loaded(facts.code, facts.name, facts.version, is_new=False)
    if known is not None:
        raise ConflictError(
            f"{folder.name}: version {facts.version} was loaded with other contents; raise its version number.",
            code="version_changed",
            procedure_code=facts.code,
            version=facts.version,
        )
    budget = longest_path(model, in_calendar_days=_counts_calendar_days(facts))
    row = _version_row(facts, digest, budget.binding)
    row |= {"id": ids.next(), "procedure_id": procedure_id, "definition_id": definitions.publish(connection, sources=sources, actor=actor)}
    connection.execute(insert(ProcedureVersion), [row])
    return Loaded(facts.code, facts.name, facts.version, is_new=True)


def _procedure(connection: Connection, facts: ProcedureFacts, ids: Ids) -> int:
    values = {"name": facts.name, "name_folded": fold(facts.name), "field": facts.field}
    known = connection.execute(select(Procedure.id).where(Procedure.code == facts.code)).scalar()
    if known is not None:
        connection.execute(update(Procedure).where(Procedure.id == known).values(**values))
        return int(known)
    procedure_id = ids.next()
    connection.execute(insert(Procedure), [{"id": procedure_id, "code": facts.code, **values}])
    return procedure_id


def _version_row(facts: ProcedureFacts, digest: str, path_minutes: int) -> dict[str, Any]:
    variants = {one.key: one.label for one in facts.variants}
    fee = facts.fee
    return {
        "version": facts.version,
        "effective_from": facts.effective_from,
        "effective_to": facts.effective_to,
        "limits": {"": _texts(facts.limits), **{one.key: _texts(one.limits) for one in facts.variants}},
        "limit_rule": facts.rule.value,
        "path_minutes": path_minutes,
        "papers": [
            {
                "code": paper.code,
                "name": paper.name,
                "originals": paper.originals,
                "certified": paper.certified,
                "copies": paper.copies,
                "required": paper.required,
                "condition": paper.condition,
            }
            for paper in facts.papers
        ],
        "facts": {
            "decision": facts.decision,
            "legal_basis": list(facts.legal_basis),
            "result": facts.result,
            "result_code": facts.result_code,
            "retention_years": facts.retention_years,
            "coordination_counts": facts.coordination_counts,
            "variants": variants,
            "supplement": {
                "times": facts.supplement.times,
                "answer_limit": facts.supplement.answer_limit.text if facts.supplement.answer_limit is not None else None,
                "after": facts.supplement.after,
            },
            "fee": {"amount": fee.amount, "unit": fee.unit, "kind": fee.kind, "when": fee.when, "note": fee.note}
            if fee is not None
            else None,
        },
        "sha256": digest,
    }


def _texts(limits: Mapping[str, TimeLimit]) -> dict[str, str]:
    return {channel: limit.text for channel, limit in limits.items()}


def _counts_calendar_days(facts: ProcedureFacts) -> bool:
    return any(one.limit.kind is LimitKind.CALENDAR_DAYS for one in facts.legal.limits)
