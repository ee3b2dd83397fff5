"""Holds the agency that an administrative operation changes, and puts what it did on the agency's chain."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.actor import Actor
from engine.clock import Clock
from engine.errors import NotFoundError
from engine.ids import Ids
from engine.trace.records import Chain, Record
from engine.trace.writing import append_loose, record_on
from processes.organisation.models import Agency
from processes.organisation.rights import require


def record_refusal(
    connection: Connection, *, actor: Actor, refusal: str, asked: str, facts: Mapping[str, Any], clock: Clock, ids: Ids
) -> None:
    """Keep that somebody tried what is not theirs; in a transaction of its own, for the one that was refused is rolled back.

    asked: what was called, as a route or a command.
    """
    told = {name: value for name, value in facts.items() if value is None or isinstance(value, bool | int | str)}
    record = Record("organisation.permission.refused", {"code": refusal, "asked": asked, **told}, agency_id=actor.agency_id)
    append_loose(connection, record, actor, clock.now(), clock.recorded_now(), ids)


@dataclass(slots=True)
class AgencyChange:
    """An agency under lock, and the records that the operation leaves behind."""

    agency: Row[*tuple[Any, ...]]
    at: datetime
    records: list[Record] = field(default_factory=list)

    def record(
        self, kind: str, facts: Mapping[str, Any], personal: Mapping[str, str] | None = None, subject_code: str | None = None
    ) -> None:
        """Add an entry to the agency's chain."""
        self.records.append(
            Record(kind=kind, facts=facts, personal=personal or {}, subject_code=subject_code or self.agency.code, agency_id=self.agency.id)
        )


@contextmanager
def changing(
    connection: Connection, agency_id: int, *, actor: Actor, clock: Clock, ids: Ids, permission: str | None = "admin.manage"
) -> Iterator[AgencyChange]:
    """Lock the agency before anything else of it is touched, and write the trace when the operation is through.

    Administrative operations of one agency thus follow one after another, and none sees half of another.

    Raises: NotPermittedError, NotFoundError (agency_not_found).
    """
    if permission is not None:
        require(actor, permission, agency_id=agency_id)
    agency = connection.execute(select(*Agency.__table__.c).where(Agency.id == agency_id).with_for_update(key_share=True)).first()
    if agency is None:
        raise NotFoundError("There is no such agency.", code="agency_not_found", agency_id=agency_id)
    change = AgencyChange(agency, clock.now())
    yield change
    if change.records:
        record_on(connection, Chain("agency", agency_id), change.records, actor, change.at, clock.recorded_now(), ids)
