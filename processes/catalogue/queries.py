"""Procedures as they are offered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from engine.errors import InvalidError, NotFoundError
from engine.folding import fold
from engine.timelimit import LimitRule, TimeLimit
from processes.catalogue.models import Procedure, ProcedureVersion


@dataclass(frozen=True, slots=True)
class ProcedureInForce:
    """A version of a procedure, ready for use."""

    version_id: int
    code: str
    version: int
    name: str
    field: str
    definition_id: int
    limits: Mapping[str, Mapping[str, str]]
    rule: LimitRule
    path_minutes: int
    papers: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]
    effective_from: date
    effective_to: date | None

    @property
    def variants(self) -> Mapping[str, str]:
        """Variant key -> label; empty when the procedure has none."""
        variants: Mapping[str, str] = self.facts.get("variants", {})
        return variants

    def limit(self, variant: str | None, channel: str) -> TimeLimit | None:
        """The legal limit through a channel; None when the procedure is not offered there."""
        limits = self.limits.get(variant or "") or self.limits.get("", {})
        text = limits.get(channel)
        return TimeLimit.parse(text) if text is not None else None


def procedure_in_force(connection: Connection, code: str, on: date) -> ProcedureInForce:
    """The version of a procedure that applies on a day.

    Raises: NotFoundError (procedure_not_found); InvalidError (procedure_not_in_force) with the day on which it ended or begins.
    """
    rows = connection.execute(_versions().where(Procedure.code == code).order_by(ProcedureVersion.version.desc())).all()
    if not rows:
        raise NotFoundError("There is no such procedure.", code="procedure_not_found", procedure_code=code)
    for row in rows:
        if row.effective_from <= on and (row.effective_to is None or on <= row.effective_to):
            return _in_force(row)
    raise InvalidError(
        "No version of this procedure is in force.",
        code="procedure_not_in_force",
        errors={"procedure_code": "not_in_force"},
        procedure_code=code,
        effective_from=rows[0].effective_from,
        effective_to=rows[0].effective_to,
    )


def procedure_version(connection: Connection, version_id: int) -> ProcedureInForce:
    """The version under which a dossier was filed, in force or not."""
    row = connection.execute(_versions().where(ProcedureVersion.id == version_id)).first()
    if row is None:
        raise NotFoundError("There is no such procedure version.", code="procedure_not_found", version_id=version_id)
    return _in_force(row)


def find_procedures(connection: Connection, text: str, on: date, limit: int = 20) -> list[ProcedureInForce]:
    """Procedures in force whose code or name has every word of the text, accents or not; all of them for an empty text."""
    query = _versions().where(_applies(on))
    for word in fold(text).split():
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(or_(Procedure.code.like(pattern, escape="\\"), Procedure.name_folded.like(pattern, escape="\\")))
    return [_in_force(row) for row in connection.execute(query.order_by(Procedure.code).limit(limit)).all()]


def count_procedures(connection: Connection, on: date) -> int:
    """How many procedures are in force on a day."""
    return int(connection.execute(select(func.count(ProcedureVersion.procedure_id.distinct())).where(_applies(on))).scalar_one())


def _applies(on: date) -> ColumnElement[bool]:
    return and_(ProcedureVersion.effective_from <= on, or_(ProcedureVersion.effective_to.is_(None), ProcedureVersion.effective_to >= on))


def _versions() -> Select[Any]:
    return select(
        ProcedureVersion.id,
        Procedure.code,
        ProcedureVersion.version,
        Procedure.name,
        Procedure.field,
        ProcedureVersion.definition_id,
        ProcedureVersion.limits,
        ProcedureVersion.limit_rule,
        ProcedureVersion.path_minutes,
        ProcedureVersion.papers,
        ProcedureVersion.facts,
        ProcedureVersion.effective_from,
        ProcedureVersion.effective_to,
    ).join(Procedure, Procedure.id == ProcedureVersion.procedure_id)


def _in_force(row: Row[Any]) -> ProcedureInForce:
    return ProcedureInForce(
        version_id=row.id,
        code=row.code,
        version=row.version,
        name=row.name,
        field=row.field,
        definition_id=row.definition_id,
        limits=row.limits,
        rule=LimitRule(row.limit_rule),
        path_minutes=row.path_minutes,
        papers=row.papers,
        facts=row.facts,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
    )
