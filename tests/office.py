"""The commune at work, as tests need it: the catalogue loaded, dossiers accepted, steps done, time passing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine.actor import SYSTEM, Actor
from engine.database import Database
from engine.sweep import Swept, sweep
from engine.tables import instances, steps
from processes import wiring
from processes.catalogue.loading import load_procedure
from processes.catalogue.models import Procedure, ProcedureVersion
from processes.dossiers.intake import Intake, PaperEntry, PartyEntry
from processes.dossiers.operations import Accepted
from processes.quality.models import nonconformities
from tests.commune import Commune, found_commune

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PROCEDURES = Path(__file__).parent.parent / "bpmn" / "procedures"
OWNER = PartyEntry("Lường Văn Đạt", "014085000456", phone="0900000119", address="Bản Mây Hồng, xã Suối Mây")
COPY = "2.000908"


def local(text: str) -> datetime:
    """A moment given as local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@dataclass
class Office:
    """Does what officers do, each operation in a transaction of its own."""

    database: Database
    commune: Commune
    areas: wiring.Areas

    def at(self, text: str) -> "Office":
        """Time passes until this local moment."""
        self.commune.clock.move_to(local(text))
        return self

    def later(self, **length: int) -> "Office":
        self.commune.clock.move_to(self.commune.clock.now() + timedelta(**length))
        return self

    def actor(self, login: str) -> Actor:
        with self.database.reading() as connection:
            return self.commune.actor(connection, login)

    def load(self, *codes: str) -> "Office":
        """Load procedures into the catalogue."""
        with self.database.writing() as connection:
            for code in codes:
                folder = next(PROCEDURES.glob(f"{code}-*"))
                load_procedure(connection, folder, definitions=self.areas.engine.definitions, actor=SYSTEM, ids=self.commune.ids)
        return self

    def intake(self, code: str = COPY, **changes: Any) -> Intake:
        """A complete intake, every paper handed in."""
        with self.database.reading() as connection:
            query = select(ProcedureVersion.papers).join(Procedure).where(Procedure.code == code)
            papers = connection.execute(query).scalar_one()
        values = {"channel": "direct", "owner": OWNER, "papers": [PaperEntry(paper["code"], originals=1) for paper in papers]}
        return Intake(procedure_code=code, **{**values, **changes})

    def accept(self, code: str = COPY, login: str = "nang.hoang", **changes: Any) -> Accepted:
        intake = self.intake(code, **changes)
        with self.database.writing() as connection:
            return self.areas.dossiers.accept(connection, actor=self.commune.actor(connection, login), intake=intake)

    def open_step(self, accepted: Accepted, code: str | None = None) -> dict[str, Any]:
        """The open step of a dossier (with this code)."""
        found = [step for step in self.steps(accepted) if step["status"] in ("open", "claimed") and code in (None, step["code"])]
        assert len(found) == 1, [step["code"] for step in found]
        return found[0]

    def claim(self, accepted: Accepted, login: str, code: str | None = None) -> None:
        step = self.open_step(accepted, code)
        with self.database.writing() as connection:
            self.areas.engine.claim(connection, step_id=step["id"], actor=self.commune.actor(connection, login))

    def complete(self, accepted: Accepted, login: str, code: str | None = None, **values: Any) -> None:
        step = self.open_step(accepted, code)
        if values.get("late_reason"):
            values.setdefault("note", "Sáng nay mây nhiều, người cũng nhiều")
        with self.database.writing() as connection:
            self.areas.engine.complete(connection, step_id=step["id"], actor=self.commune.actor(connection, login), **values)

    def sweep(self, at: str | None = None) -> Swept:
        return sweep(self.database, self.areas.engine, at=local(at) if at is not None else None)

    def steps(self, accepted: Accepted) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            query = select(steps).where(steps.c.instance_id == accepted.instance_id).order_by(steps.c.opened_at, steps.c.id)
            return [dict(row) for row in connection.execute(query).mappings()]

    def instance(self, accepted: Accepted) -> dict[str, Any]:
        with self.database.reading() as connection:
            return dict(connection.execute(select(instances).where(instances.c.id == accepted.instance_id)).mappings().one())

    def nonconformities(self) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(select(nonconformities).order_by(nonconformities.c.source)).mappings()]


def open_office(database: Database, *codes: str) -> Office:
    """Found the commune and load these procedures."""
    commune = found_commune(database)
    office = Office(database, commune, wiring.build(clock=commune.clock, ids=commune.ids))
    return office.load(*(codes or (COPY,)))
