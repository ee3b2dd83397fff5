"""Rows for `eiso export`: every dossier and every step of the database, streamed, moments as text in the office's zone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from engine.tables import instances, steps
from processes.dossiers.models import dossiers
from processes.organisation.models import Agency, Person
from processes.organisation.rules import OFFICE_ZONE

DOSSIER_COLUMNS = (
    "agency",
    "dossier_code",
    "procedure",
    "status",
    "accepted_at",
    "due_at",
    "promised_at",
    "finished_at",
    "returned_at",
    "breached_at",
)
STEP_COLUMNS = (
    "agency",
    "dossier_code",
    "step_code",
    "pass",
    "handler",
    "opened_at",
    "claimed_at",
    "due_at",
    "done_at",
    "status",
    "breached_at",
)


def dossier_rows(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Every filed or accepted dossier, in the order of their codes within each agency."""
    query = (
        select(
            Agency.code,
            dossiers.c.code,
            dossiers.c.procedure_code,
            dossiers.c.status,
            dossiers.c.accepted_at,
            instances.c.due_at,
            dossiers.c.promised_at,
            dossiers.c.finished_at,
            dossiers.c.returned_at,
            instances.c.breached_at,
        )
        .select_from(dossiers)
        .join(Agency, Agency.id == dossiers.c.agency_id)
        .outerjoin(instances, instances.c.id == dossiers.c.instance_id)
        .order_by(Agency.code, dossiers.c.code)
    )
    return _rows(connection, query)


def step_rows(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Every step, of quality processes too; agency is the one whose step it is, handler the login of who holds or did it."""
    query = (
        select(
            Agency.code,
            instances.c.subject_code,
            steps.c.code,
            steps.c["pass"],
            Person.login,
            steps.c.opened_at,
            steps.c.claimed_at,
            steps.c.due_at,
            steps.c.done_at,
            steps.c.status,
            steps.c.breached_at,
        )
        .select_from(steps)
        .join(instances, instances.c.id == steps.c.instance_id)
        .join(Agency, Agency.id == steps.c.agency_id)
        .outerjoin(Person, Person.id == steps.c.handler_id)
        .order_by(Agency.code, instances.c.subject_code, steps.c.opened_at, steps.c.code, steps.c["pass"])
    )
    return _rows(connection, query)


def _rows(connection: Connection, query: Any) -> Iterator[tuple[Any, ...]]:
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield tuple(local_text(value) if isinstance(value, datetime) else value for value in row)


def local_text(moment: datetime) -> str:
    """ISO 8601 with offset in the office's zone, to the second."""
    return moment.astimezone(OFFICE_ZONE).isoformat(timespec="seconds")
