"""What an auditor asks: of whom or what the trace should speak, and which versions were in force for a dossier."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from engine.actor import Actor
from engine.folding import fold
from engine.tables import calendar_versions, definitions, instances
from processes.catalogue.models import ProcedureVersion
from processes.dossiers.models import dossiers
from processes.dossiers.queries import visible_dossiers
from processes.organisation.models import Person
from processes.organisation.rights import require
from processes.quality.models import nonconformities
from processes.quality.queries import visible as visible_nonconformities

MOST_SUBJECTS = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """A dossier that the trace is asked about, with its nonconformities."""

    code: str
    owner: str
    procedure_name: str
    numbers: tuple[str, ...]
    instance_id: int | None

    @property
    def codes(self) -> tuple[str, ...]:
        """What entries about it carry as their subject."""
        return (self.code, *self.numbers)


@dataclass(frozen=True, slots=True)
class Versions:
    """What was in force for a dossier."""

    procedure_code: str
    procedure_version: int
    effective_from: str
    model: str | None
    calendar: str | None
    accepted_at: datetime | None


def find_subjects(connection: Connection, actor: Actor, text: str) -> list[Subject]:
    """The dossiers whose code, or whose nonconformity's number, is or contains the text; two statements.

    Raises: NotPermittedError.
    """
    require(actor, "trace.read")
    wanted = text.strip().upper()
    if not wanted:
        return []
    pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    by_number = select(nonconformities.c.instance_id).where(
        nonconformities.c.number == wanted, nonconformities.c.agency_id == actor.agency_id
    )
    named = dossiers.c.instance_id.in_(by_number) if wanted.startswith("KPH") else dossiers.c.code.like(pattern, escape="\\")
    query = (
        select(dossiers.c.code, dossiers.c.instance_id, instances.c.subject_party, instances.c.subject_title)
        .outerjoin_from(dossiers, instances, instances.c.id == dossiers.c.instance_id)
        .where(visible_dossiers(actor), named)
        .order_by(dossiers.c.code.desc())
        .limit(MOST_SUBJECTS)
    )
    rows = connection.execute(query).all()
    exact = [row for row in rows if row.code.upper() == wanted]
    rows = exact or list(rows)
    numbers: dict[int, list[str]] = {}
    raised = select(nonconformities.c.instance_id, nonconformities.c.number).where(
        and_(nonconformities.c.instance_id.in_([row.instance_id for row in rows]), visible_nonconformities(actor))
    )
    for instance_id, number in connection.execute(raised.order_by(nonconformities.c.number)):
        numbers.setdefault(instance_id, []).append(number)
    return [
        Subject(row.code, row.subject_party or "", row.subject_title or "", tuple(numbers.get(row.instance_id, ())), row.instance_id)
        for row in rows
    ]


def find_people(connection: Connection, actor: Actor, text: str) -> tuple[int, ...]:
    """The people of the actor's agency whose name or login has every word of the text, accents or not.

    Raises: NotPermittedError.
    """
    require(actor, "trace.read")
    query = select(Person.id).where(Person.agency_id == actor.agency_id)
    for word in fold(text).split():
        query = query.where(Person.folded_name.contains(word, autoescape=True) | Person.login.contains(word, autoescape=True))
    return tuple(connection.execute(query.order_by(Person.id)).scalars())


def versions_of(connection: Connection, actor: Actor, code: str) -> Versions | None:
    """The versions under which a dossier was accepted; None when the actor sees no such dossier.

    Raises: NotPermittedError.
    """
    require(actor, "trace.read")
    query = (
        select(
            dossiers.c.procedure_code,
            ProcedureVersion.version.label("procedure_version"),
            ProcedureVersion.effective_from,
            definitions.c.key,
            definitions.c.version,
            calendar_versions.c.code,
            calendar_versions.c.version.label("calendar_version"),
            dossiers.c.accepted_at,
        )
        .select_from(dossiers)
        .join(ProcedureVersion, ProcedureVersion.id == dossiers.c.procedure_version_id)
        .outerjoin(instances, instances.c.id == dossiers.c.instance_id)
        .outerjoin(definitions, definitions.c.id == instances.c.definition_id)
        .outerjoin(calendar_versions, calendar_versions.c.id == instances.c.calendar_version_id)
        .where(dossiers.c.code == code, visible_dossiers(actor))
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return Versions(
        procedure_code=row.procedure_code,
        procedure_version=row.procedure_version,
        effective_from=row.effective_from.isoformat(),
        model=f"{row.key}, lần {row.version}" if row.key is not None else None,
        calendar=f"{row.code}, bản {row.calendar_version}" if row.code is not None else None,
        accepted_at=row.accepted_at,
    )


def calendar_names(connection: Connection, version_ids: Iterable[int]) -> Mapping[int, str]:
    """Calendar versions as sentences name them."""
    query = select(calendar_versions.c.id, calendar_versions.c.code, calendar_versions.c.version)
    rows = connection.execute(query.where(calendar_versions.c.id.in_(list(version_ids))))
    return {row.id: f"{row.code} bản {row.version}" for row in rows}
