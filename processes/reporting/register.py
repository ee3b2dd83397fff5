"""The dossier register (Mẫu 07): found, counted and handed out as rows, by the same clauses as the figures that lead to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from engine.actor import Actor
from engine.clock import Clock
from engine.folding import fold
from engine.ids import Ids
from engine.tables import instances, steps
from engine.trace.records import Record
from engine.trace.writing import append_loose
from processes.catalogue.models import Procedure, ProcedureVersion
from processes.dossiers.models import dossiers, parties
from processes.organisation.models import Unit, UnitField
from processes.organisation.rights import may, require
from processes.reporting import figures
from processes.reporting.figures import Period

STATES = ("open", "overdue", "today", "paused", "resolved", "ontime", "late", "received", "open_then", "step_overdue")
BY = ("accepted", "resolved", "book")


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """What is asked of the register.

    by: which moment the period speaks of; "book" leaves it to the state, which then counts as Biểu II.06a does.
    holder_id: of an overdue step; 0 is nobody.
    """

    period: Period | None = None
    by: str = "accepted"
    procedure_code: str | None = None
    statuses: tuple[int, ...] = ()
    state: str | None = None
    text: str = ""
    unit_id: int | None = None
    holder_id: int | None = None
    step_code: str | None = None
    live_only: bool = False


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One line. Source: facts 2.7; address and phone are None for whoever may not see personal values."""

    code: str
    running_no: int | None
    procedure_code: str
    procedure_name: str
    sets: int
    status: int
    origin: str
    owner_name: str
    owner_address: str | None
    owner_phone: str | None
    unit_name: str | None  # the unit that is responsible for the procedure's field
    accepted_at: datetime | None
    filed_at: datetime
    promised_at: datetime | None
    due_at: datetime | None
    clock: str | None
    handed_over_at: datetime | None  # the first step was completed: sent on to the handling unit
    finished_at: datetime | None  # the result came back to the counter
    returned_at: datetime | None
    closed_at: datetime | None
    result_channel: str
    result_receiver: str | None
    breached_at: datetime | None


def register_page(
    connection: Connection, actor: Actor, asked: RegisterFilter, *, now: datetime, limit: int = 50, offset: int = 0
) -> list[RegisterLine]:
    """A page of the register of the actor's agency, newest first; one statement.

    Raises: NotPermittedError.
    """
    return list(_lines(connection, actor, _register(actor, asked, now).limit(limit).offset(offset)))


def register_lines(connection: Connection, actor: Actor, asked: RegisterFilter, *, now: datetime) -> Iterator[RegisterLine]:
    """The whole register as it is filtered, oldest first as a book is kept, streamed.

    Raises: NotPermittedError.
    """
    query = _register(actor, asked, now).order_by(None).order_by(_taken_at(), dossiers.c.id)
    return _lines(connection.execution_options(yield_per=500), actor, query)


def register_counts(connection: Connection, actor: Actor, asked: RegisterFilter, *, now: datetime) -> Mapping[str, int]:
    """How many lines there are in all ("total"), and how many of them are open, overdue, paused, resolved, late; one statement."""
    whole = figures.ever(now)
    counted = {
        "open": figures.is_open(),
        "overdue": figures.is_overdue(now),
        "paused": figures.is_paused(),
        "resolved": figures.is_resolved(whole),
        "late": and_(figures.is_resolved(whole), figures.was_late()),
    }
    columns = [func.count().label("total"), *(func.count().filter(clause).label(name) for name, clause in counted.items())]
    source = dossiers.outerjoin(instances, instances.c.id == dossiers.c.instance_id)
    row = connection.execute(select(*columns).select_from(source).where(*_where(actor, asked, now))).mappings().one()
    return {name: int(count) for name, count in row.items()}


def note_export(
    connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, format: str, asked: Mapping[str, str], shows_personal: bool
) -> None:
    """Write into the trace that the register was taken away as a file: by whom, filtered how, with personal values or without.

    Raises: NotPermittedError.
    """
    require(actor, "register.read")
    facts = {"format": format, "filter": dict(asked), "personal": shows_personal}
    record = Record("dossier.register.exported", facts, agency_id=actor.agency_id)
    append_loose(connection, record, actor, clock.now(), clock.recorded_now(), ids)


def shows_personal(actor: Actor) -> bool:
    """Whether the register shows addresses and telephone numbers to this actor."""
    return may(actor, "personal.view")


def procedures_in_register(connection: Connection, actor: Actor) -> list[tuple[str, str]]:
    """Code and name of the procedures of the catalogue, for choosing one."""
    require(actor, "register.read")
    return [(row.code, row.name) for row in connection.execute(select(Procedure.code, Procedure.name).order_by(Procedure.name))]


def _lines(connection: Connection, actor: Actor, query: Select[Any]) -> Iterator[RegisterLine]:
    personal = shows_personal(actor)
    hidden = {} if personal else {"owner_address": None, "owner_phone": None}
    for row in connection.execute(query).mappings():
        yield RegisterLine(**{**row, **hidden})


def _taken_at() -> ColumnElement[Any]:
    return func.coalesce(dossiers.c.accepted_at, dossiers.c.filed_at)


def _where(actor: Actor, asked: RegisterFilter, now: datetime) -> list[ColumnElement[bool]]:
    require(actor, "register.read")
    where = [figures.own_dossiers(actor), *_of_words(asked.text), *_of_steps(asked, now)]
    if asked.period is not None and asked.by == "accepted":
        where += [_taken_at() >= asked.period.starts_at, _taken_at() < asked.period.ends_at]
    elif asked.period is not None and asked.by == "resolved":
        where.append(figures.is_resolved(asked.period))
    if asked.procedure_code:
        where.append(dossiers.c.procedure_code == asked.procedure_code)
    if asked.statuses:
        where.append(dossiers.c.status.in_(asked.statuses))
    if asked.state:
        where.append(figures.state_clause(asked.state, now, asked.period if asked.by != "accepted" else None))
    if asked.live_only:
        where.append(figures.live())
    return where


def _of_steps(asked: RegisterFilter, now: datetime) -> list[ColumnElement[bool]]:
    if asked.unit_id is None and asked.holder_id is None and asked.step_code is None:
        return []
    return [figures.has_overdue_step(now, unit_id=asked.unit_id, holder_id=asked.holder_id, step_code=asked.step_code)]


def _of_words(text: str) -> list[ColumnElement[bool]]:
    """Every word stands in the code or in the name of owner or filer, accents or not."""
    where: list[ColumnElement[bool]] = []
    for word in fold(text).split():
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        named = exists(
            select(parties.c.id)
            .where(parties.c.dossier_id == dossiers.c.id, parties.c.name_folded.like(pattern, escape="\\"))
            .correlate(dossiers)
        )
        where.append(or_(named, func.lower(dossiers.c.code).like(pattern, escape="\\")))
    return where


def _register(actor: Actor, asked: RegisterFilter, now: datetime) -> Select[Any]:
    first_done = select(func.min(steps.c.done_at)).where(steps.c.instance_id == dossiers.c.instance_id, steps.c.status == "completed")
    columns = (
        dossiers.c.code,
        dossiers.c.running_no,
        dossiers.c.procedure_code,
        Procedure.name.label("procedure_name"),
        dossiers.c.sets,
        dossiers.c.status,
        dossiers.c.origin,
        parties.c.name.label("owner_name"),
        parties.c.address.label("owner_address"),
        parties.c.phone.label("owner_phone"),
        Unit.name.label("unit_name"),
        dossiers.c.accepted_at,
        dossiers.c.filed_at,
        dossiers.c.promised_at,
        instances.c.due_at,
        instances.c.clock,
        first_done.correlate(dossiers).scalar_subquery().label("handed_over_at"),
        dossiers.c.finished_at,
        dossiers.c.returned_at,
        dossiers.c.closed_at,
        dossiers.c.result_channel,
        dossiers.c.result_receiver,
        instances.c.breached_at,
    )
    return (
        select(*columns)
        .select_from(dossiers)
        .join(parties, and_(parties.c.dossier_id == dossiers.c.id, parties.c.part == "owner"))
        .join(ProcedureVersion, ProcedureVersion.id == dossiers.c.procedure_version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .outerjoin(instances, instances.c.id == dossiers.c.instance_id)
        .outerjoin(UnitField, and_(UnitField.agency_id == dossiers.c.agency_id, UnitField.field == Procedure.field))
        .outerjoin(Unit, Unit.id == UnitField.unit_id)
        .where(*_where(actor, asked, now))
        .order_by(_taken_at().desc(), dossiers.c.id.desc())
    )
