"""Random lives: an office that does whatever officers may do, at any moment, in any order. What is refused changes nothing."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.actor import SYSTEM, Actor, Seat
from engine.database import Database
from engine.definitions import Definitions
from engine.errors import EngineError
from engine.loading import OPEN
from engine.model.elements import ModelStep
from engine.moves import reassign, send_back, ways_back
from engine.queries import steps_of
from engine.recounting import move_deadlines
from engine.sweep import sweep
from engine.tables import instances, steps, timers
from engine.worktime import CalendarDay, default_days
from processes.catalogue.loading import load_procedure
from processes.doctor.examination import examine
from processes.doctor.report import Report
from processes.dossiers.models import dossiers
from processes.organisation.calendars import PublishedCalendars, publish_calendar
from processes.quality.models import nonconformities
from tests.commune import hire
from tests.office import PROCEDURES, ZONE, Office, open_office
from tests.unit.model_drafts import Draft

CODES = tuple(sorted(folder.name.split("-")[0] for folder in PROCEDURES.iterdir() if folder.is_dir()))
INVENTED = "9.000001"
VARIANTS = {"1.013225": "house", "2.000815": "complex"}


def invented_procedure(folder: Path, limit: str = "12d", after: str = "resume") -> Path:
    """A procedure that has what the catalogue lacks: timers that cancel, remind and wait, beside a drawn wait, a loop and an extension."""
    draft = (
        Draft(id="viec_la", procedure=INVENTED)
        .start()
        .step("B1", "2h", status="4")
        .both("split")
        .step("B2", "4h", outcomes="done=Xong;again=Làm lại")
        .timer("quiet", "6h", on="B2")
        .step("B3", "3h")
        .step("B4", "3d", clock="stops")
        .xor("merged")
        .both("join")
        .step("B5", "5h", outcomes="approve=Ký;more=Xem thêm")
        .timer("reminder", "PT5H", on="B1", interrupting=False)
        .step("B6", "1h")
        .end("reminded")
        .xor("signed", default="signed-pause")
        .step("B7", "1d", extends="1d")
        .timer("pause", "1.5h")
        .step("B8", "1h", status="9")
        .step("B9", "untimed", status="10")
        .end()
        .way("start", "B1", "split", "B2", "merged", "join", "B5", "signed", "pause", "B8", "B9", "end")
        .way("quiet", "B3", "merged")
        .way("split", "B4", "join")
        .way("reminder", "B6", "reminded")
        .way("signed", "B7", when="B5.outcome == 'more'")
        .way("B7", "B5")
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.bpmn").write_bytes(draft.xml())
    text = (next(PROCEDURES.glob("2.000908-*")) / "procedure.toml").read_text(encoding="utf-8")
    text = text.replace('code = "2.000908"', f'code = "{INVENTED}"').replace('"Cấp bản sao từ sổ gốc"', '"Việc lạ có nhiều đồng hồ"')
    text = text.replace('= "1d"', f'= "{limit}"').replace('after = "resume"', f'after = "{after}"')
    (folder / "procedure.toml").write_text(text, encoding="utf-8")
    return folder


def examined(office: Office, at: datetime | None = None) -> Report:
    """What the doctor finds, with nothing remembered from before."""
    definitions = Definitions(clock=office.commune.clock, ids=office.commune.ids)
    with office.database.reading() as connection:
        return examine(connection, calendars=PublishedCalendars(), definitions=definitions, now=office.commune.clock.now(), at=at)


def faults(report: Report) -> dict[str, str]:
    """The checks that do not hold, with what they name."""
    return {check.name: check.detail for check in report.checks if not check.ok}


@dataclass
class Lives:
    """The office and its dice."""

    office: Office
    dice: random.Random
    codes: tuple[str, ...]
    told: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    people: dict[int, list[int]] = field(default_factory=dict)
    dossier_codes: list[str] = field(default_factory=list)

    def live(self, operations: int) -> None:
        """Do so many things, one after the other."""
        verbs = {
            self.accept: 5,
            self.work: 26,
            self.hand_over: 3,
            self.send_back: 4,
            self.file: 2,
            self.answer_filing: 2,
            self.ask: 4,
            self.receive: 6,
            self.refuse: 1,
            self.withdraw: 1,
            self.return_result: 2,
            self.sweep: 6,
            self.change_calendar: 1,
            self.close_nonconformities: 1,
        }
        for _ in range(operations):
            self.pass_time()
            verb = self.dice.choices(list(verbs), list(verbs.values()))[0]
            before = len(self.told)
            try:
                verb()
                self.done[verb.__name__] += 1
            except EngineError as refused:
                self.told[before:] = [f"{verb.__name__} refused: {refused.code}"]
                self.done[f"{verb.__name__}.{refused.code}"] += 1

    # --- time

    def pass_time(self) -> None:
        """Mostly minutes; now and then to the very edge of a deadline, or over night and weekend."""
        clock = self.office.commune.clock
        way = self.dice.random()
        if way < 0.25 and (edge := self._edge()) is not None and edge > clock.now():
            clock.move_to(edge)
        elif way < 0.9:
            clock.move_to(clock.now() + timedelta(seconds=self.dice.randint(1, 5400)))
        else:
            clock.move_to(clock.now() + timedelta(minutes=self.dice.randint(60, 2800)))

    def _edge(self) -> datetime | None:
        queries = (
            select(steps.c.due_at).where(
                steps.c.status.in_(("open", "claimed")), steps.c.due_at.is_not(None), steps.c.breached_at.is_(None)
            ),
            select(instances.c.due_at).where(instances.c.clock == "running", instances.c.due_at.is_not(None)),
            select(timers.c.fire_at).where(timers.c.status == "waiting", timers.c.fire_at.is_not(None)),
        )
        with self.office.database.reading() as connection:
            moments = connection.execute(self.dice.choice(queries)).scalars().all()
        soon = sorted(moment for moment in moments if self.now < moment < self.now + timedelta(days=4))[:6]
        return self.dice.choice(soon) + timedelta(seconds=self.dice.choice((0, 0, 59, 60, 61, 1800))) if soon else None

    @property
    def now(self) -> datetime:
        return self.office.commune.clock.now()

    # --- verbs

    def accept(self) -> None:
        code = self.dice.choice(self.codes)
        channel = "direct"
        accepted = self.office.accept(code, variant=VARIANTS.get(code), channel=channel)
        self.dossier_codes.append(accepted.code)
        self.tell(f"accept {accepted.code} {code}")

    def file(self) -> None:
        code = self.dice.choice([code for code in self.codes if code != "2.000815"])
        intake = self.office.intake(code, variant=VARIANTS.get(code), channel="online")
        with self.office.database.writing() as connection:
            self.dossier_codes.append(
                self.office.areas.dossiers.file(connection, actor=SYSTEM, agency_id=self.office.commune.agency_id, intake=intake)
            )
        self.tell(f"file {self.dossier_codes[-1]} {code}")

    def answer_filing(self) -> None:
        self._desk("accept_filing", 1)

    def ask(self) -> None:
        repeat = self.dice.choice((None, "Vẫn còn thiếu một con dấu"))
        self._desk("request_supplement", 1, 2, 4, content="Giấy ủy quyền", reason="Còn thiếu", repeat_reason=repeat)

    def receive(self) -> None:
        received_at = self.now - timedelta(minutes=self.dice.choice((0, 0, 1, 20, 400, 3000)))
        self._desk("receive_supplement", 5, received_at=received_at)

    def refuse(self) -> None:
        self._desk("refuse", 1, 2, 4, 5, reason="Không thuộc thẩm quyền")

    def withdraw(self) -> None:
        self._desk("withdraw", 1, 2, 4, 5, 9, reason="Ông Đạt đổi ý")

    def return_result(self) -> None:
        with self.office.database.reading() as connection:
            query = select(dossiers.c.code, steps.c.id).join(steps, steps.c.instance_id == dossiers.c.instance_id)
            ready = query.where(dossiers.c.status == 9, steps.c.status.in_(OPEN)).order_by(steps.c.opened_at, steps.c.id)
            found = connection.execute(ready).all()
        if not found:
            return
        code, step_id = self.dice.choice(found)
        with self.office.database.writing() as connection:
            actor = self.office.commune.actor(connection, "nang.hoang")
            self.office.areas.dossiers.return_result(connection, actor=actor, code=code, step_id=step_id, receiver="Lường Văn Đạt")
        self.tell(f"return_result {code}")

    def work(self) -> None:
        """Claim, release or complete a step."""
        step = self._pick_step()
        if step is None:
            return
        engine = self.office.areas.engine
        way = self.dice.choices(("claim", "release", "complete"), (3, 1, 9))[0]
        with self.office.database.writing() as connection:
            actor = self._worker(step)
            if way == "complete":
                row = connection.execute(select(instances.c.definition_id).where(instances.c.id == step["instance_id"])).scalar_one()
                drawn = engine.definitions.load(connection, row).model.steps[step["element_id"]]
                engine.complete(connection, step_id=step["id"], actor=actor, **self._answer(drawn))
            else:
                getattr(engine, way)(connection, step_id=step["id"], actor=actor)
        self.tell(f"{way} {step['code']}/{step['pass']} of {step['instance_id']}")

    def hand_over(self) -> None:
        """Whoever holds a step gives it away, a colleague takes it over, or a leader moves it."""
        step = self._pick_step()
        if step is None:
            return
        actor, receiver = self._worker(step), self._worker({**step, "handler_id": None})
        leads = self.dice.random() < 0.3
        with self.office.database.writing() as connection:
            reassign(
                self.office.areas.engine,
                connection,
                step_id=step["id"],
                receiver=receiver,
                actor=self.dice.choice((actor, receiver)),
                reason=self.dice.choice(("Mây kéo về", "")),
                may_move_others=leads,
            )
        self.tell(f"hand over {step['code']}/{step['pass']} of {step['instance_id']} to {receiver.label}")

    def send_back(self) -> None:
        """To an earlier step that the rows offer, or to any that was ever done."""
        step = self._pick_step()
        if step is None:
            return
        engine = self.office.areas.engine
        with self.office.database.reading() as connection:
            rows = steps_of(connection, [step["instance_id"]])
            instance = connection.execute(select(instances).where(instances.c.id == step["instance_id"])).mappings().one()
            offered = [row["code"] for row in ways_back(engine, connection, dict(instance), step, rows)]
        done = [row["code"] for row in rows if row["status"] == "completed"]
        if not done:
            return
        codes = offered if offered and self.dice.random() < 0.8 else done
        code = self.dice.choice(codes)
        with self.office.database.writing() as connection:
            send_back(engine, connection, step_id=step["id"], to_code=code, actor=self._worker(step), reason="Mây che mất chữ")
        self.tell(f"send back {step['code']}/{step['pass']} of {step['instance_id']} to {code}")

    def sweep(self) -> None:
        back = self.dice.choice((0, 0, 0, 0, 0, 7, 95))
        at = self.now - timedelta(minutes=back)
        if back and self._has_due_timer(at):  # steps that it opens would be given before they were there
            return
        swept = sweep(self.office.database, self.office.areas.engine, at=at)
        assert swept.errors == [], swept.errors
        self.tell(f"sweep {back} minutes ago: {swept}")

    def _has_due_timer(self, at: datetime) -> bool:
        with self.office.database.reading() as connection:
            query = select(timers.c.id).where(timers.c.status == "waiting", timers.c.fire_at <= at).limit(1)
            return connection.execute(query).first() is not None

    def change_calendar(self) -> None:
        """A day off more, or one less; then the open deadlines are moved, with approval or later only."""
        office = self.office
        soon = [self.now.astimezone(ZONE).date() + timedelta(days=offset) for offset in range(-3, 8)]
        off = set(self.dice.sample(soon, self.dice.randint(0, 3)))
        known = [day for day in default_days() if day.on not in off]
        approved = self.dice.random() < 0.4
        with office.database.writing() as connection:
            version = publish_calendar(
                connection,
                code="vn",
                name="Lịch làm việc",
                source="TB-1",
                days=[*known, *(CalendarDay(on, "off", "Nghỉ phòng chống bão Mây", "TB-1") for on in sorted(off))],
                first_on=date(2024, 1, 1),
                last_on=date(2027, 12, 31),
                **office.commune.doing,
            )
            moves = []
            for agency_id in (office.commune.agency_id, office.commune.land_office_id):
                moves += move_deadlines(
                    connection,
                    office.areas.engine,
                    agency_id=agency_id,
                    calendar_version_id=version,
                    actor=SYSTEM,
                    reference="TB-1",
                    approved=approved,
                )
        self.tell(f"calendar with {sorted(off)} off, approved={approved}: {len(moves)} moves")

    def close_nonconformities(self) -> None:
        office = self.office
        with office.database.reading() as connection:
            query = select(nonconformities.c.number, nonconformities.c.status).where(
                nonconformities.c.agency_id == office.commune.agency_id
            )
            found = connection.execute(query.order_by(nonconformities.c.number)).all()
        if not found:
            return
        number, status = self.dice.choice(found)
        with office.database.writing() as connection:
            actor = office.commune.actor(connection, "chuan.ngo")
            if status == "corrected":
                office.areas.quality.close(connection, actor=actor, numbers=[number])
            else:
                office.areas.quality.cancel(connection, actor=actor, numbers=[number], reason="Nghỉ bù", document="TB-1")
        self.tell(f"{number} was {status}")

    # --- what the verbs share

    def tell(self, what: str) -> None:
        self.told.append(f"{self.now.astimezone(ZONE):%m-%d %H:%M:%S} {what}")

    def _desk(self, verb: str, *statuses: int, **values: Any) -> None:
        with self.office.database.reading() as connection:
            query = select(dossiers.c.code).where(dossiers.c.status.in_(statuses)).order_by(dossiers.c.code)
            codes = connection.execute(query).scalars().all()
        if not codes:
            return
        code = self.dice.choice(codes)
        with self.office.database.writing() as connection:
            actor = self.office.commune.actor(connection, "nang.hoang")
            getattr(self.office.areas.dossiers, verb)(connection, actor=actor, code=code, **values)
        self.tell(f"{verb} {code} {values.get('received_at', '')}")

    def _pick_step(self) -> dict[str, Any] | None:
        with self.office.database.reading() as connection:
            query = select(steps).where(steps.c.status.in_(OPEN)).order_by(steps.c.opened_at, steps.c.id)
            found = [dict(row) for row in connection.execute(query).mappings()]
        return self.dice.choice(found) if found else None

    def _worker(self, step: dict[str, Any]) -> Actor:
        """The one who holds it, or somebody of the agency with the right seat."""
        crew = self.people[step["agency_id"]]
        person_id = step["handler_id"] or self.dice.choice(crew)
        return Actor(person_id, f"person {crew.index(person_id)}", step["agency_id"], frozenset({Seat(step["unit_id"], step["role"])}))

    def _answer(self, drawn: ModelStep) -> dict[str, Any]:
        late = self.dice.choice(("workload", "workload", "workload", None))
        outcomes = [one.key for one in drawn.outcomes]
        weights = [4 if key in ("approve", "done", "answered") else 2 for key in outcomes]
        return {
            "outcome": self.dice.choices(outcomes, weights)[0] if outcomes else None,
            "late_reason": late,
            "note": "Mây che mất giờ" if late else None,
        }


def random_office(database: Database, folder: Path, seed: int, *codes: str) -> Lives:
    """An office with every procedure of the catalogue, the invented one, and enough people."""
    dice = random.Random(seed)
    office = open_office(database, *(codes or CODES)).at("2026-11-20T08:00")
    commune = office.commune
    with database.writing() as connection:
        procedure = invented_procedure(folder / INVENTED, dice.choice(("12d", "20cd", "90h")), dice.choice(("resume", "restart")))
        load_procedure(connection, procedure, definitions=office.areas.engine.definitions, actor=SYSTEM, ids=commune.ids)
        crew = [hire(connection, commune, f"nguoi.{n}", f"Người Vui Thứ {n}", "auditor") for n in range(3)]
        elsewhere = {"agency_id": commune.land_office_id}
        land = [hire(connection, commune, f"dat.{n}", f"Người Đất Thứ {n}", "land_officer", **elsewhere) for n in range(2)]
    people = {commune.agency_id: crew, commune.land_office_id: land}
    return Lives(office, dice, (*(codes or CODES), INVENTED, INVENTED), people=people)
