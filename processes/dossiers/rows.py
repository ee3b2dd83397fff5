"""Rows of dossiers: locked, changed, recorded in the trace, and what was handed in written down and read again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from engine.actor import Actor
from engine.errors import InvalidError, NotFoundError
from engine.folding import fold
from engine.operations import Engine
from engine.trace.records import Chain, Record
from engine.trace.writing import record_on
from processes.catalogue.queries import ProcedureInForce
from processes.dossiers.intake import Intake, PaperEntry, PartyEntry
from processes.dossiers.models import Dossier, Party, SubmittedPaper, submitted_papers


class DossierRows:
    """What all verbs of dossiers share."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def _lock(self, connection: Connection, actor: Actor, code: str) -> dict[str, Any]:
        """The dossier under lock. The instance is locked first wherever there is one, as everywhere."""
        row = (
            connection.execute(select(Dossier.__table__).where(Dossier.agency_id == agency_of(actor), Dossier.code == code))
            .mappings()
            .first()
        )
        if row is None:
            raise NotFoundError("There is no such dossier.", code="dossier_not_found", dossier_code=code)
        if row["instance_id"] is not None:
            self.engine.lock(connection, row["instance_id"])
        locked = connection.execute(select(Dossier.__table__).where(Dossier.id == row["id"]).with_for_update()).mappings().one()
        return dict(locked)

    def _set(self, connection: Connection, dossier_id: int, **values: Any) -> None:
        connection.execute(update(Dossier).where(Dossier.id == dossier_id).values(**values))

    def _record(
        self,
        connection: Connection,
        row: dict[str, Any],
        actor: Actor,
        kind: str,
        facts: dict[str, Any],
        personal: dict[str, str] | None = None,
    ) -> None:
        """On the instance's chain once there is one, before that on the dossier's own."""
        chain = Chain("instance", row["instance_id"]) if row.get("instance_id") is not None else Chain("dossier", row["id"])
        record = Record(kind, facts, personal or {}, subject_code=row["code"], agency_id=row["agency_id"])
        record_on(connection, chain, [record], actor, self.engine.clock.now(), self.engine.clock.recorded_now(), self.engine.ids)

    def _write_intake(
        self, connection: Connection, row: dict[str, Any], intake: Intake, procedure: ProcedureInForce, actor: Actor, now: datetime
    ) -> None:
        parties = [("owner", intake.owner), *([("filer", intake.filer)] if intake.filer is not None else [])]
        connection.execute(
            insert(Party),
            [
                {
                    "id": self.engine.ids.next(),
                    "agency_id": row["agency_id"],
                    "dossier_id": row["id"],
                    "part": part,
                    "name_folded": fold(entry.name),
                    **asdict(entry),
                }
                for part, entry in parties
            ],
        )
        self._write_papers(connection, row["id"], procedure, intake.papers, actor, now, supplement_no=0)

    def _write_papers(
        self,
        connection: Connection,
        dossier_id: int,
        procedure: ProcedureInForce,
        papers: Sequence[PaperEntry],
        actor: Actor,
        received_at: datetime,
        *,
        supplement_no: int,
    ) -> None:
        names = {paper["code"]: paper["name"] for paper in procedure.papers}
        rows = [
            {
                "id": self.engine.ids.next(),
                "dossier_id": dossier_id,
                "name": names.get(paper.code, paper.code),
                "received_at": received_at,
                "received_by_id": actor.person_id,
                "supplement_no": supplement_no,
                **asdict(paper),
            }
            for paper in papers
            if paper.total > 0
        ]
        if rows:
            connection.execute(insert(SubmittedPaper), rows)

    def _read_intake(self, connection: Connection, row: dict[str, Any]) -> Intake:
        """The intake of a filing, as it was written."""
        parties = {party.part: party for party in connection.execute(select(Party.__table__).where(Party.dossier_id == row["id"])).all()}
        entries = {
            part: PartyEntry(party.name, party.id_number, party.id_kind, party.phone, party.email, party.address, party.kind)
            for part, party in parties.items()
        }
        papers = connection.execute(
            select(submitted_papers).where(submitted_papers.c.dossier_id == row["id"]).order_by(submitted_papers.c.id)
        )
        return Intake(
            procedure_code=row["procedure_code"],
            channel=row["channel"],
            owner=entries["owner"],
            filer=entries.get("filer"),
            variant=row["variant"],
            papers=[PaperEntry(paper.code, paper.originals, paper.certified, paper.copies) for paper in papers],
            content=row["content"],
            sets=row["sets"],
            result_channel=row["result_channel"],
        )


def agency_of(actor: Actor) -> int:
    if actor.agency_id is None:
        raise InvalidError("This needs somebody who works for an agency.", code="agency_required")
    return actor.agency_id


def require_text(field: str, text: str, code: str = "reason_required") -> None:
    if not text.strip():
        raise InvalidError(f"The {field} is missing.", code=code, errors={field: "required"})


def intake_facts(intake: Intake, procedure: ProcedureInForce) -> dict[str, Any]:
    return {
        "procedure": procedure.code,
        "procedure_version": procedure.version,
        "definition": procedure.definition_id,
        "variant": intake.variant,
        "channel": intake.channel,
        "papers": [asdict(paper) for paper in intake.papers if paper.total > 0],
        "sets": intake.sets,
        "result_channel": intake.result_channel,
    }


def intake_personal(intake: Intake) -> dict[str, str]:
    entries = [("owner", intake.owner), *([("filer", intake.filer)] if intake.filer is not None else [])]
    return {
        f"{part}.{name}": value
        for part, entry in entries
        for name, value in asdict(entry).items()
        if value and name not in ("kind", "id_kind")
    }
