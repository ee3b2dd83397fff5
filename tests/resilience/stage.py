"""The office in which several people act on one dossier at the same moment, and what they leave behind there."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, select

from engine.actor import SYSTEM, Actor, Seat
from engine.clock import VirtualClock, minute
from engine.database import Database
from engine.definitions import Definitions
from engine.operations import Subject
from engine.tables import clock_entries, instances, steps, timers, trace_entries
from engine.timelimit import LimitRule, TimeLimit
from engine.worktime import CalendarDay, default_days
from processes import wiring
from processes.doctor.examination import OF_LIVES
from processes.doctor.lives import Circumstances, _read
from processes.doctor.report import Finding
from processes.dossiers.models import dossiers
from processes.organisation.calendars import PublishedCalendars, publish_calendar
from processes.quality.models import nonconformities
from tests.commune import hire
from tests.office import Office, local, open_office
from tests.resilience.pausing import Act
from tests.unit.model_drafts import Draft, pairs

A, B = "a", "b"
DAY_OFF = date(2026, 11, 20)  # today: the office closes for a storm


@dataclass
class Dossier:
    """The one on which everybody acts: a dossier, or an instance of no area."""

    instance_id: int
    code: str
    is_dossier: bool
    step_ids: dict[str, int]
    calendar_version_id: int | None = None  # published after it was accepted, not yet applied


Make = Callable[["Stage"], Dossier]
Want = Callable[["Stage", Dossier], Act]


class TickingClock(VirtualClock):
    """A microsecond later every time that it is read: no two operations ever act at the same moment."""

    _lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            self.move_to(super().now() + timedelta(microseconds=1))
            return super().now()


@dataclass
class Stage:
    """The office, and the two officers who may do everything."""

    office: Office
    actors: dict[str, Actor] = field(default_factory=dict)
    definition_ids: dict[str, int] = field(default_factory=dict)
    number: int = 0

    @staticmethod
    def open(database: Database) -> "Stage":
        stage = Stage(open_office(database))
        office, commune = stage.office, stage.office.commune
        commune.clock = TickingClock(commune.clock.now())
        office.areas = wiring.build(clock=commune.clock, ids=commune.ids)
        with database.writing() as connection:
            seats = frozenset(Seat(commune.units[unit], role) for unit, role in (("counter", "intake_officer"), ("office", "specialist")))
            for name, login in ((A, "nang.hoang"), (B, "mua.lo")):
                if login not in commune.people:
                    commune.people[login] = hire(connection, commune, login, "Lò Thị Mưa", "intake_officer", "counter")
                stage.actors[name] = Actor(commune.people[login], login, commune.agency_id, seats)
            for model in (_branches(), _terminating()):
                stage.definition_ids[model.id] = office.areas.engine.definitions.publish(
                    connection, sources={f"{model.id}.bpmn": model.xml()}, actor=SYSTEM
                )
        return stage

    def accept(self, connection: Connection) -> Any:
        return self.office.areas.dossiers.accept(connection, actor=self.actors[A], intake=_intake(self.office))

    def dossier(self) -> Dossier:
        with self.office.at("2026-11-20T08:00").database.writing() as connection:
            accepted = self.accept(connection)
        return Dossier(accepted.instance_id, accepted.code, True, {"B1": accepted.first_step_ids[0]})

    def trial(self, model: str) -> Dossier:
        """An instance of a model that no procedure has."""
        self.number += 1
        engine, commune, code = self.office.areas.engine, self.office.commune, f"TH-{self.number}"
        with self.office.at("2026-11-20T08:00").database.writing() as connection:
            moved = engine.start(
                connection,
                definition_id=self.definition_ids[model],
                subject=Subject("trial", self.number, code, "Thử mô hình", "Mây Đôi"),
                agency_id=commune.agency_id,
                field="Chứng thực",
                limit=TimeLimit.parse("2d"),
                rule=LimitRule.ELAPSED,
                actor=self.actors[A],
            )
        return Dossier(moved.instance["id"], code, False, {step["code"]: step["id"] for step in moved.opened})

    def act(self, want: Want, dossier: Dossier) -> None:
        want(self, dossier)(self.office.database)

    def publish(self, *off: date) -> int:
        """The next version of the calendar, with these days off besides the usual ones."""
        days = [*default_days(), *(CalendarDay(on, "off", "Nghỉ phòng chống bão Mây", "TB-1") for on in off)]
        with self.office.database.writing() as connection:
            return publish_calendar(
                connection,
                code="vn",
                name="Lịch làm việc",
                source="TB-1",
                days=days,
                first_on=date(2024, 1, 1),
                last_on=date(2027, 12, 31),
                **self.office.commune.doing,
            )

    def clear(self) -> None:
        """Nothing stays open that the next sweep or calendar would find."""
        engine, verbs = self.office.areas.engine, self.office.areas.dossiers
        with self.office.database.writing() as connection:
            running = select(instances).where(instances.c.status == "running", instances.c.clock != "finished")
            for row in connection.execute(running).mappings().all():
                if row["subject_kind"] == "dossier":
                    verbs.withdraw(connection, actor=self.actors[A], code=row["subject_code"], reason="Xong buổi diễn")
                else:
                    engine.cancel(connection, instance_id=row["id"], actor=SYSTEM, reason="closed", reference="")

    # --- what is left behind

    def account(self, dossier: Dossier) -> dict[str, Any]:
        """Everything that is stored about it, without ids, to the minute: two equal accounts are the same life."""
        names = {actor.person_id: name for name, actor in self.actors.items()}
        with self.office.database.reading() as connection:

            def listed(table: Table, columns: Sequence[str], order: str) -> list[Any]:
                query = (
                    select(*(table.c[name] for name in columns)).where(table.c.instance_id == dossier.instance_id).order_by(table.c[order])
                )
                return [tuple(_named(value, names) for value in row) for row in connection.execute(query)]

            about: dict[str, Any] = {name: listed(table, columns, order) for name, (table, columns, order) in _LISTED.items()}
            row = connection.execute(select(instances).where(instances.c.id == dossier.instance_id)).mappings().one()
            about["instance"] = {name: _named(row[name], names) for name in _INSTANCE}
            about["tally"] = {code: (count, names.get(by)) for code, (count, by) in row["tally"].items()}
            entries = trace_entries.c
            query = select(entries.kind).where(entries.chain_kind == "instance", entries.chain_id == dossier.instance_id)
            about["trace"] = list(connection.execute(query.order_by(entries.chain_seq)).scalars())
        return about

    def faults(self, dossier: Dossier, *, swept: bool) -> list[str]:
        """What the doctor finds about this one."""
        now = self.office.commune.clock.now()
        as_of = now if swept else local("2026-11-20T08:00")
        definitions = Definitions(clock=self.office.commune.clock, ids=self.office.commune.ids)
        with self.office.database.reading() as connection:
            about = Circumstances(connection, PublishedCalendars(), definitions, as_of=as_of, until=now)
            row = dict(connection.execute(select(instances).where(instances.c.id == dossier.instance_id)).mappings().one())
            (life,) = _read(about, [row])
            findings = {name: Finding(name) for name in OF_LIVES}
            for name, check in OF_LIVES.items():
                check(life, findings[name])
        return [f"{name}: {finding.named}" for name, finding in findings.items() if finding.faults]


_INSTANCE = (
    "status",
    "clock",
    "due_at",
    "remaining_minutes",
    "stopped_at",
    "is_suspended",
    "reply_due_at",
    "finished_at",
    "ended_at",
    "breached_at",
    "next_timer_at",
)
_STEP = (
    "code",
    "pass",
    "status",
    "handler_id",
    "done_by_id",
    "claimed_at",
    "done_at",
    "due_at",
    "remaining_minutes",
    "breached_at",
    "breach_handler_id",
    "late_reason",
)
_LISTED: Mapping[str, tuple[Table, Sequence[str], str]] = {
    "steps": (steps, _STEP, "id"),
    "timers": (timers, ("element_id", "status", "fire_at", "remaining_minutes", "ended_at"), "id"),
    "ledger": (clock_entries, ("seq", "kind", "at", "reason", "due_after"), "seq"),
    "nonconformities": (nonconformities, ("kind", "step_code", "status", "occurred_at", "handler_id", "reason_code"), "source"),
    "dossier": (dossiers, ("status", "status_before", "promised_at", "closed_at"), "id"),
}


def _named(value: Any, names: Mapping[int | None, str]) -> Any:
    if isinstance(value, datetime):
        return minute(value)
    return names.get(value, value) if isinstance(value, int) else value


def _intake(office: Office) -> Any:
    return office.intake()


def _branches() -> Draft:
    """Two branches; in one a timer puts another step in the place of the first."""
    draft = (
        Draft(id="branches", procedure=None)
        .start()
        .both("split")
        .step("B1", "2h")
        .timer("quiet", "1.5h", on="B1")
        .step("B3", "1h")
        .xor("merged")
        .step("B2", "4h")
        .both("join")
        .step("B4", "1h")
        .end()
        .way("start", "split", "B1", "merged", "join", "B4", "end")
        .way("split", "B2", "join")
        .way("quiet", "B3", "merged")
    )
    return _at_the_counter(draft)


def _terminating() -> Draft:
    """Two branches; whoever completes the first ends everything, the other branch included."""
    draft = (
        Draft(id="terminating", procedure=None)
        .start()
        .both("split")
        .step("B1", "2h")
        .end("over", terminate=True)
        .step("B2", "4h")
        .step("B3", "1h")
        .end()
        .way("start", "split", "B1", "over")
        .way("split", "B2", "B3", "end")
    )
    return _at_the_counter(draft)


def _at_the_counter(draft: Draft) -> Draft:
    refs = "".join(f"<bpmn:flowNodeRef>{code}</bpmn:flowNodeRef>" for code in draft.laned)
    draft.lanes = f'<bpmn:lane id="Lane_1" name="Một cửa">{pairs({"role": "intake_officer", "unit": "counter"})}{refs}</bpmn:lane>'
    return draft
