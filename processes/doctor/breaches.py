"""Nonconformities and breaches, one to one (rule 3.1)."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, or_, select

from engine.tables import steps
from processes.doctor.lives import OPEN, Life, Row
from processes.doctor.report import Finding
from processes.quality.models import nonconformities


def every_breach_has_its_nonconformity(life: Life, found: Finding) -> None:
    """Each breach of a step or an instance has one nonconformity, in the agency whose step it is, that says the same."""
    by_source = {(row["kind"], row["source"]): row for row in life.nonconformities}
    for step in life.steps:
        if step["breached_at"] is None:
            continue
        found.looked()
        row = by_source.get(("step_overdue", life.named(step)))
        if row is None:
            found.fault(life.named(step), "its breach has no nonconformity")
            continue
        wanted = {
            "agency_id": step["agency_id"],
            "step_id": step["id"],
            "unit_id": step["unit_id"],
            "handler_id": step["breach_handler_id"],
        }
        _agrees(row, {**wanted, "occurred_at": step["breached_at"], "external_provider": step["external"]}, life, found)
        _is_corrected_in_time(row, step["status"] not in OPEN, found)
    if life.instance["breached_at"] is not None:
        found.looked()
        row = by_source.get(("dossier_overdue", life.code))
        if row is None:
            found.fault(life.code, "its breach has no nonconformity")
            return
        _agrees(row, {"agency_id": life.instance["agency_id"], "step_id": None, "occurred_at": life.instance["breached_at"]}, life, found)
        _is_corrected_in_time(row, life.instance["clock"] == "finished", found)


def _of_step(step: Row) -> Row:
    return {
        "agency_id": step["agency_id"],
        "step_id": step["id"],
        "unit_id": step["unit_id"],
        "handler_id": step["breach_handler_id"],
        "external_provider": step["external"],
        "occurred_at": step["breached_at"],
    }


def _agrees(row: Row, wanted: Row, life: Life, found: Finding) -> None:
    for name, value in {**wanted, "origin": life.instance["origin"], "subject_code": life.code}.items():
        found.expect(f"{row['number']} ({row['source']})", name, row[name], value)


def _is_corrected_in_time(row: Row, has_ended: bool, found: Finding) -> None:
    """An automatic nonconformity is corrected when what was late has ended, not before (rule 3.5)."""
    if has_ended and row["status"] == "raised":
        found.fault(f"{row['number']} ({row['source']})", "what was late has ended and it is not corrected")
    if not has_ended and row["status"] in ("corrected", "closed"):
        found.fault(f"{row['number']} ({row['source']})", f"it is {row['status']} while what is late goes on")


def every_nonconformity_has_its_breach(life: Life, found: Finding) -> None:
    """Each automatic nonconformity of an instance stands for a breach of one of its steps, or its own."""
    breached = {("step_overdue", life.named(step)) for step in life.steps if step["breached_at"] is not None}
    if life.instance["breached_at"] is not None:
        breached.add(("dossier_overdue", life.code))
    for row in life.nonconformities:
        found.looked()
        if (row["kind"], row["source"]) not in breached:
            found.fault(row["number"], f"{row['source']} has no breach")


def stray_nonconformities(connection: Connection, found: Finding) -> None:
    """No automatic nonconformity stands apart from an instance, or names a step of another one."""
    columns = nonconformities.c
    found.looked(int(connection.execute(select(func.count()).select_from(nonconformities)).scalar_one()))
    query = (
        select(columns.number, columns.source)
        .outerjoin_from(nonconformities, steps, steps.c.id == columns.step_id)
        .where(or_(columns.instance_id.is_(None), (columns.step_id.is_not(None)) & (steps.c.instance_id != columns.instance_id)))
        .order_by(columns.id)
    )
    _name(((row.number, row.source) for row in connection.execution_options(yield_per=1000).execute(query)), found)


def _name(strays: Iterable[tuple[str, str]], found: Finding) -> None:
    for number, source in strays:
        found.fault(number, f"{source} belongs to no instance")
