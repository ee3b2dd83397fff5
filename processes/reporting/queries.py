"""What the monitor asks, aggregated by the database: a handful of statements however many dossiers there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, func, not_, or_, select

from engine.actor import Actor
from engine.tables import instances, steps
from processes.catalogue.models import Procedure, ProcedureVersion
from processes.dossiers import rules
from processes.dossiers.models import dossiers
from processes.organisation.models import Person, Unit
from processes.organisation.rights import require
from processes.organisation.rules import local_day
from processes.reporting import figures
from processes.reporting.figures import OPEN_STEP, Period


@dataclass(frozen=True, slots=True)
class Present:
    """How things stand at this moment; what each number counts stands in figures.FIGURES."""

    open: int
    overdue: int
    today: int
    paused: int
    waiting_supplement: int
    waiting_duty: int
    waiting_drawn: int


@dataclass(frozen=True, slots=True)
class Book:
    """A period as Biểu II.06a counts it: received = resolved + open at its end. Source: facts 8.1."""

    online: int
    counter: int  # handed in directly or by post
    carried: int
    early: int
    ontime: int
    late: int
    open_within: int
    open_overdue: int

    @property
    def received(self) -> int:
        return self.online + self.counter + self.carried

    @property
    def resolved(self) -> int:
        return self.early + self.ontime + self.late

    @property
    def open(self) -> int:
        return self.open_within + self.open_overdue


@dataclass(frozen=True, slots=True)
class Share:
    """How many were resolved, and how many of them late."""

    resolved: int
    late: int

    @property
    def ontime(self) -> float | None:
        """The share resolved not late; None of nothing."""
        return (self.resolved - self.late) / self.resolved if self.resolved else None


@dataclass(frozen=True, slots=True)
class ProcedureFigures:
    """A procedure in a period, and how it stands now."""

    code: str
    name: str
    open: int
    overdue: int
    share: Share


@dataclass(frozen=True, slots=True)
class Stuck:
    """Where overdue steps lie. key: what the register filters by; None where it cannot."""

    key: int | str | None
    name: str
    overdue: int
    held: int
    detail: str = ""
    procedure_code: str | None = None


@dataclass(frozen=True, slots=True)
class OverdueDossier:
    """An open dossier past its appointment, the oldest lateness first, with the steps that it lies in."""

    code: str
    owner: str
    procedure_name: str
    due_at: datetime | None
    calendar_version_id: int
    limit_text: str
    is_paused: bool
    steps: tuple[tuple[str, str, str], ...]  # code, name, who or which unit


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures, of which period, at which moment."""

    actor: Actor
    period: Period
    now: datetime
    live_only: bool

    def where(self) -> list[ColumnElement[bool]]:
        """Raises: NotPermittedError."""
        require(self.actor, "monitor.read")
        return [figures.own_dossiers(self.actor), *([figures.live()] if self.live_only else [])]


def present(connection: Connection, scope: Scope) -> Present:
    """How things stand now; one statement."""
    paused = figures.is_paused()
    columns = {
        "open": figures.is_open(),
        "overdue": figures.is_overdue(scope.now),
        "today": figures.is_due_today(scope.now),
        "paused": paused,
        "waiting_supplement": and_(paused, dossiers.c.status == rules.SUPPLEMENT),
        "waiting_duty": and_(paused, dossiers.c.status == rules.DUTY),
        "waiting_drawn": and_(paused, dossiers.c.status.not_in(rules.PAUSED)),
    }
    return Present(**_counted(connection, columns, [*scope.where(), figures.is_open()]))


def book(connection: Connection, scope: Scope) -> Book:
    """The period's book; one statement."""
    start, end = scope.period.starts_at, scope.period.ends_at
    resolved = figures.is_resolved(scope.period)
    is_new, is_late, early = dossiers.c.accepted_at >= start, figures.was_late(), figures.was_early()
    unresolved = figures.is_unresolved_after(scope.period)
    overdue_then = and_(unresolved, or_(instances.c.breached_at < end, and_(figures.is_overdue(scope.now), instances.c.due_at < end)))
    columns = {
        "online": and_(is_new, dossiers.c.channel == "online"),
        "counter": and_(is_new, dossiers.c.channel != "online"),
        "carried": not_(is_new),
        "early": and_(resolved, func.coalesce(early, False)),
        "late": and_(resolved, is_late),
        "ontime": and_(resolved, not_(is_late), not_(func.coalesce(early, False))),
        "open_overdue": overdue_then,
        "open_within": and_(unresolved, not_(func.coalesce(overdue_then, False))),
    }
    return Book(**_counted(connection, columns, [*scope.where(), figures.is_received(scope.period)]))


def shares(connection: Connection, scope: Scope, periods: Sequence[Period]) -> list[Share]:
    """Resolved and late in each of these periods; one statement."""
    columns: dict[str, ColumnElement[bool]] = {}
    for index, period in enumerate(periods):
        resolved = figures.is_resolved(period)
        columns |= {f"resolved_{index}": resolved, f"late_{index}": and_(resolved, figures.was_late())}
    first = min(period.starts_at for period in periods)
    row = _counted(connection, columns, [*scope.where(), figures.is_counted(), figures.resolved_at() >= first])
    return [Share(row[f"resolved_{index}"], row[f"late_{index}"]) for index in range(len(periods))]


def by_procedure(connection: Connection, scope: Scope) -> list[ProcedureFigures]:
    """The procedures with anything open or resolved in the period, the most overdue first; one statement."""
    resolved = figures.is_resolved(scope.period)
    counts = [
        func.count().filter(figures.is_open()).label("open"),
        func.count().filter(figures.is_overdue(scope.now)).label("overdue"),
        func.count().filter(resolved).label("resolved"),
        func.count().filter(and_(resolved, figures.was_late())).label("late"),
    ]
    source = _own_dossiers().join(ProcedureVersion, ProcedureVersion.id == dossiers.c.procedure_version_id)
    source = source.join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
    query = (
        select(Procedure.code, Procedure.name, *counts)
        .select_from(source)
        .where(*scope.where(), or_(figures.is_open(), resolved))
        .group_by(Procedure.code, Procedure.name)
        .order_by(counts[1].desc(), counts[0].desc(), Procedure.code)
    )
    return [ProcedureFigures(row.code, row.name, row.open, row.overdue, Share(row.resolved, row.late)) for row in connection.execute(query)]


def stuck_steps(connection: Connection, scope: Scope, limit: int = 6) -> list[Stuck]:
    """The steps of procedures in which most is overdue now; one statement."""
    query = _stuck(scope, steps.c.code, steps.c.name, instances.c.subject_title, dossiers.c.procedure_code, limit=limit)
    return [
        Stuck(row.code, f"{row.code} {row.name}", row.overdue, row.held, row.subject_title, row.procedure_code)
        for row in connection.execute(query)
    ]


def stuck_units(connection: Connection, scope: Scope, limit: int = 6) -> list[Stuck]:
    """The units in which most is overdue now; an agency that is not on the system stands under its own name (rule 3.6)."""
    query = _stuck(scope, steps.c.unit_id, Unit.name, steps.c.external, limit=limit)
    return [
        Stuck(None, row.external, row.overdue, row.held, "ngoài hệ thống")
        if row.external
        else Stuck(row.unit_id, row.name or "Toàn cơ quan", row.overdue, row.held)
        for row in connection.execute(query)
    ]


def stuck_holders(connection: Connection, scope: Scope, limit: int = 6) -> list[Stuck]:
    """The people who hold most overdue steps now; 0 and no name: nobody has claimed them."""
    query = _stuck(scope, steps.c.handler_id, Person.full_name, limit=limit)
    return [Stuck(row.handler_id or 0, row.full_name or "Chưa ai nhận", row.overdue, row.held) for row in connection.execute(query)]


def count_overdue_steps(connection: Connection, scope: Scope) -> tuple[int, int]:
    """How many steps are overdue now, and in how many dossiers; one statement."""
    query = (
        select(func.count(), func.count(dossiers.c.id.distinct()))
        .select_from(_own_steps())
        .where(*scope.where(), *_ours(scope), figures.step_is_overdue(scope.now))
    )
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


def overdue_dossiers(connection: Connection, scope: Scope, limit: int = 20) -> list[OverdueDossier]:
    """Open dossiers past their appointment; two statements."""
    query = (
        select(
            dossiers.c.code,
            instances.c.id,
            instances.c.subject_party,
            instances.c.subject_title,
            func.coalesce(instances.c.breached_at, instances.c.due_at).label("due_at"),
            instances.c.calendar_version_id,
            instances.c.limit_text,
            instances.c.clock,
        )
        .select_from(_own_dossiers())
        .where(*scope.where(), figures.is_overdue(scope.now))
        .order_by(func.coalesce(instances.c.breached_at, instances.c.due_at), dossiers.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    lying_in = _open_steps(connection, [row.id for row in rows])
    return [
        OverdueDossier(
            code=row.code,
            owner=row.subject_party,
            procedure_name=row.subject_title,
            due_at=row.due_at,
            calendar_version_id=row.calendar_version_id,
            limit_text=row.limit_text,
            is_paused=row.clock == "stopped",
            steps=tuple(lying_in.get(row.id, ())),
        )
        for row in rows
    ]


def weeks(until: datetime, count: int) -> list[Period]:
    """The last weeks, Monday to Sunday, oldest first; the last one contains the moment."""
    today = local_day(until)
    monday = today - timedelta(days=today.weekday())
    return [Period(monday - timedelta(weeks=n), monday - timedelta(weeks=n) + timedelta(days=6)) for n in reversed(range(count))]


def _counted(connection: Connection, columns: Mapping[str, ColumnElement[bool]], where: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    counts = [func.count(case((clause, 1))).label(name) for name, clause in columns.items()]
    row = connection.execute(select(*counts).select_from(_own_dossiers()).where(*where)).mappings().one()
    return {name: int(count) for name, count in row.items()}


def _own_dossiers() -> Any:
    return dossiers.outerjoin(instances, instances.c.id == dossiers.c.instance_id)


def _own_steps() -> Any:
    source: FromClause = steps.join(instances, instances.c.id == steps.c.instance_id)
    return source.join(dossiers, dossiers.c.instance_id == instances.c.id)


def _ours(scope: Scope) -> list[ColumnElement[bool]]:
    """Open steps that the agency itself does: a step in another agency's lane is that agency's (rule 3.6)."""
    return [steps.c.status.in_(OPEN_STEP), steps.c.agency_id == scope.actor.agency_id]


def _stuck(scope: Scope, *group: Any, limit: int) -> Select[Any]:
    """Open steps by some columns, with how many are held and how many of those are overdue; only groups with any overdue."""
    overdue = func.count(case((figures.step_is_overdue(scope.now), 1)))
    source = _own_steps().outerjoin(Unit, Unit.id == steps.c.unit_id).outerjoin(Person, Person.id == steps.c.handler_id)
    return (
        select(*group, overdue.label("overdue"), func.count().label("held"))
        .select_from(source)
        .where(*scope.where(), *_ours(scope))
        .group_by(*group)
        .having(overdue > 0)
        .order_by(overdue.desc(), *group[:2])
        .limit(limit)
    )


def _open_steps(connection: Connection, instance_ids: Sequence[int]) -> Mapping[int, list[tuple[str, str, str]]]:
    query = (
        select(steps.c.instance_id, steps.c.code, steps.c.name, steps.c.external, Unit.name.label("unit"), Person.full_name)
        .select_from(steps.outerjoin(Unit, Unit.id == steps.c.unit_id).outerjoin(Person, Person.id == steps.c.handler_id))
        .where(steps.c.instance_id.in_(list(instance_ids)), steps.c.status.in_(OPEN_STEP))
        .order_by(steps.c.instance_id, steps.c.id)
    )
    found: dict[int, list[tuple[str, str, str]]] = {}
    for row in connection.execute(query):
        who = row.full_name or row.external or row.unit or ""
        found.setdefault(row.instance_id, []).append((row.code, row.name, who))
    return found
