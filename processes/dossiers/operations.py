"""What is done with dossiers. Each verb is one transaction that the caller owns; the engine keeps steps, clock and trace."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from engine.actor import Actor
from engine.clock import minute
from engine.errors import InvalidError, NotFoundError, WrongStateError
from engine.folding import fold
from engine.operations import Engine, Subject
from engine.timelimit import TimeLimit, deadline
from engine.trace.canonical import moment
from engine.trace.records import Chain, Record
from engine.trace.writing import record_on
from processes.catalogue.queries import ProcedureInForce, procedure_in_force, procedure_version
from processes.dossiers import rules
from processes.dossiers.form_data import receipt_slip_record
from processes.dossiers.intake import Intake, PaperEntry, PartyEntry, checked
from processes.dossiers.issuing import issue_form
from processes.dossiers.models import Dossier, Party, SubmittedPaper, SupplementRequest
from processes.organisation.models import Agency
from processes.organisation.numbering import take_numbers
from processes.organisation.rights import require
from processes.organisation.rules import local_day

ANSWER_LIMIT = TimeLimit.parse("8h")  # an online filing is answered within 8 working hours (NĐ 45/2020)
DOSSIER_BOOK, REGISTER_BOOK = "dossier_code", "register"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A dossier that has just been accepted."""

    dossier_id: int
    code: str
    instance_id: int
    promised_at: datetime | None
    first_step_ids: Sequence[int]


class Dossiers:
    """The verbs of dossiers; built once, in processes.wiring."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def file(self, connection: Connection, *, actor: Actor, agency_id: int, intake: Intake, origin: str = "live") -> str:
        """Take in an online filing (status 1): it waits for its answer, nothing runs yet. Returns the dossier's code.

        Raises: InvalidError by field; NotFoundError (procedure_not_found).
        """
        now = self.engine.clock.now()
        procedure = procedure_in_force(connection, intake.procedure_code, local_day(now))
        intake = checked(intake, procedure, local_day(now))
        _, calendar = self.engine.calendars.current(connection, agency_id)
        row = self._new_row(connection, agency_id, intake, procedure, origin, now)
        row |= {"status": rules.FILED, "answer_due_at": deadline(calendar, now, ANSWER_LIMIT)}
        connection.execute(insert(Dossier), [row])
        self._write_intake(connection, row, intake, procedure, actor, now)
        self._record(connection, row, actor, "dossier.dossier.filed", _intake_facts(intake, procedure), _intake_personal(intake))
        return str(row["code"])

    def accept(self, connection: Connection, *, actor: Actor, intake: Intake, origin: str = "live") -> Accepted:
        """Accept a dossier at the counter (status 2): the clock starts, forms 01 and 06 are there.

        Raises: NotPermittedError; InvalidError by field, papers_missing; NotFoundError (procedure_not_found).
        """
        require(actor, "dossier.accept")
        agency_id = _agency_of(actor)
        now = self.engine.clock.now()
        procedure = procedure_in_force(connection, intake.procedure_code, local_day(now))
        intake = checked(intake, procedure, local_day(now))
        row = self._new_row(connection, agency_id, intake, procedure, origin, now)
        connection.execute(insert(Dossier), [{**row, "status": rules.FILED}])
        self._write_intake(connection, row, intake, procedure, actor, now)
        facts, personal = _intake_facts(intake, procedure), _intake_personal(intake)
        return self._start(connection, row, intake, procedure, actor, facts, personal)

    def accept_filing(self, connection: Connection, *, actor: Actor, code: str) -> Accepted:
        """Accept an online filing (1 -> 2) under the version of the procedure in force today.

        Raises: NotPermittedError; WrongStateError; NotFoundError.
        """
        require(actor, "dossier.accept")
        row = self._lock(connection, actor, code)
        rules.require_transition(code, row["status"], row["status_before"], rules.ACCEPTED)
        procedure = procedure_in_force(connection, row["procedure_code"], local_day(self.engine.clock.now()))
        intake = self._read_intake(connection, row)
        return self._start(
            connection, row, intake, procedure, actor, {"filed_at": moment(row["filed_at"]), **_intake_facts(intake, procedure)}, {}
        )

    def refuse(self, connection: Connection, *, actor: Actor, code: str, reason: str) -> str:
        """Refuse a filing or a dossier (status 3, form 03); returns the form's number.

        Raises: NotPermittedError; InvalidError (reason_required); WrongStateError.
        """
        require(actor, "dossier.refuse")
        return str(self._close(connection, actor, code, rules.REFUSED, reason, form="refusal_notice", kind="dossier.dossier.refused"))

    def withdraw(self, connection: Connection, *, actor: Actor, code: str, reason: str) -> None:
        """The citizen takes the dossier back (status 7).

        Raises: NotPermittedError; InvalidError (reason_required); WrongStateError.
        """
        require(actor, "dossier.withdraw")
        self._close(connection, actor, code, rules.WITHDRAWN, reason, form=None, kind="dossier.dossier.withdrawn")

    def request_supplement(
        self, connection: Connection, *, actor: Actor, code: str, content: str, reason: str, repeat_reason: str | None = None
    ) -> str:
        """Ask the citizen for what is missing (status 5, form 02): the clock stops now. Returns the form's number.

        Beyond the number that the procedure allows it needs a reason of its own.

        Raises: NotPermittedError; InvalidError (reason_required, supplement_repeated); WrongStateError.
        """
        require(actor, "dossier.supplement")
        _require_text("content", content)
        _require_text("reason", reason)
        row = self._lock(connection, actor, code)
        rules.require_transition(code, row["status"], row["status_before"], rules.SUPPLEMENT)
        now = self.engine.clock.now()
        procedure = procedure_version(connection, row["procedure_version_id"])
        earlier = connection.execute(select(SupplementRequest.ordinal).where(SupplementRequest.dossier_id == row["id"])).scalars().all()
        allowed = int(procedure.facts.get("supplement", {}).get("times", 1))
        if len(earlier) >= allowed and not (repeat_reason or "").strip():
            raise InvalidError(
                "A supplement has been asked for as often as the procedure allows.",
                code="supplement_repeated",
                errors={"repeat_reason": "required"},
                allowed=allowed,
                asked=len(earlier),
            )
        ordinal = len(earlier) + 1
        answer = procedure.facts.get("supplement", {}).get("answer_limit")
        form = issue_form(
            connection, self.engine, actor, row, "supplement_request", {"ordinal": ordinal, "content": content, "reason": reason}
        )
        answer_due_at = None
        if row["instance_id"] is not None:
            limit = TimeLimit.parse(answer) if answer else None
            moved = self.engine.suspend(
                connection, instance_id=row["instance_id"], actor=actor, reason="supplement", reference=form["number"], reply_limit=limit
            )
            answer_due_at = moved.instance["reply_due_at"]
        request = {
            "id": self.engine.ids.next(),
            "dossier_id": row["id"],
            "ordinal": ordinal,
            "form_id": form["id"],
            "content": content,
            "reason": reason if not repeat_reason else f"{reason} {repeat_reason}",
            "requested_at": now,
            "requested_by_id": actor.person_id,
            "answer_due_at": answer_due_at,
        }
        connection.execute(insert(SupplementRequest), [request])
        self._set(connection, row["id"], status=rules.SUPPLEMENT, status_before=row["status"])
        self._record(
            connection,
            row,
            actor,
            "dossier.supplement.requested",
            {"ordinal": ordinal, "form": form["number"]},
            {"content": content, "reason": reason},
        )
        return str(form["number"])

    def receive_supplement(
        self, connection: Connection, *, actor: Actor, code: str, received_at: datetime | None = None, papers: Sequence[PaperEntry] = ()
    ) -> None:
        """Take in what was asked for: the clock runs again from the moment of receipt, which may lie before now.

        Raises: NotPermittedError; WrongStateError; InvalidError (receipt_before_pause, receipt_in_future).
        """
        require(actor, "dossier.supplement")
        row = self._lock(connection, actor, code)
        if row["status"] != rules.SUPPLEMENT:
            raise WrongStateError(
                "No supplement is being waited for.",
                code="status_not_allowed",
                dossier_code=code,
                status=row["status"],
                wanted=rules.SUPPLEMENT,
            )
        now = self.engine.clock.now()
        received_at = received_at or now
        latest = (
            select(SupplementRequest.ordinal)
            .where(SupplementRequest.dossier_id == row["id"])
            .order_by(SupplementRequest.ordinal.desc())
            .limit(1)
        )
        ordinal = connection.execute(latest).scalar_one()
        procedure = procedure_version(connection, row["procedure_version_id"])
        if row["instance_id"] is not None:
            restart = procedure.facts.get("supplement", {}).get("after") == "restart"
            self.engine.resume(
                connection, instance_id=row["instance_id"], actor=actor, effective_at=received_at, reference=f"{ordinal}", restart=restart
            )
        connection.execute(
            update(SupplementRequest)
            .where(SupplementRequest.dossier_id == row["id"], SupplementRequest.ordinal == ordinal)
            .values(received_at=received_at, entered_at=now, entered_by_id=actor.person_id)
        )
        self._write_papers(connection, row["id"], procedure, papers, actor, received_at, supplement_no=ordinal)
        self._set(connection, row["id"], status=row["status_before"], status_before=None)
        facts = {"ordinal": ordinal, "received_at": moment(received_at), "papers": [asdict(paper) for paper in papers if paper.total]}
        self._record(connection, row, actor, "dossier.supplement.received", facts)

    def return_result(
        self, connection: Connection, *, actor: Actor, code: str, step_id: int, receiver: str, result_number: str = ""
    ) -> None:
        """Hand the result to the citizen (status 10): completes the last step, with the receiver's name.

        Raises: NotPermittedError; InvalidError (receiver_required); WrongStateError; ConflictError.
        """
        require(actor, "dossier.return_result")
        _require_text("receiver", receiver, code="receiver_required")
        row = self._lock(connection, actor, code)
        rules.require_transition(code, row["status"], row["status_before"], rules.RETURNED)
        self._set(connection, row["id"], result_receiver=receiver.strip(), result_number=result_number.strip() or None)
        self.engine.complete(connection, step_id=step_id, actor=actor)
        self._record(
            connection,
            row,
            actor,
            "dossier.result.returned",
            {"result_number": result_number.strip() or None, "channel": row["result_channel"]},
            {"receiver": receiver.strip()},
        )

    # --- what the verbs share ---------------------------------------------------------------------------------------

    def _new_row(
        self, connection: Connection, agency_id: int, intake: Intake, procedure: ProcedureInForce, origin: str, now: datetime
    ) -> dict[str, Any]:
        prefix = connection.execute(select(Agency.dossier_code_prefix).where(Agency.id == agency_id)).scalar_one()
        day = local_day(now).strftime("%y%m%d")
        number = take_numbers(connection, agency_id=agency_id, book=DOSSIER_BOOK, period=day)
        return {
            "id": self.engine.ids.next(),
            "agency_id": agency_id,
            "code": rules.dossier_code(prefix, day, number),
            "procedure_version_id": procedure.version_id,
            "procedure_code": procedure.code,
            "variant": intake.variant,
            "channel": intake.channel,
            "origin": origin,
            "content": intake.content.strip() or procedure.name,
            "sets": intake.sets,
            "result_channel": intake.result_channel,
            "fee_amount": intake.fee_amount,
            "fee_receipt": intake.fee_receipt,
            "filed_at": now,
            "trace_seq": 0,
        }

    def _start(
        self,
        connection: Connection,
        row: dict[str, Any],
        intake: Intake,
        procedure: ProcedureInForce,
        actor: Actor,
        facts: dict[str, Any],
        personal: dict[str, str],
    ) -> Accepted:
        """Start the instance, enter the register, issue the receipt slip."""
        now = minute(self.engine.clock.now())
        limit = procedure.limit(intake.variant, intake.channel)
        if limit is None:
            raise InvalidError(
                "The procedure is not offered through this channel.", code="intake_invalid", errors={"channel": "not_offered"}
            )
        moved = self.engine.start(
            connection,
            definition_id=procedure.definition_id,
            subject=Subject("dossier", row["id"], row["code"], procedure.name, intake.owner.name),
            agency_id=row["agency_id"],
            field=procedure.field,
            limit=limit,
            rule=procedure.rule,
            share_total=procedure.path_minutes,
            actor=actor,
            variables={"variant": intake.variant or "", "channel": intake.channel},
            origin=row["origin"],
        )
        promised_at = moved.instance["due_at"]
        year = local_day(now).year
        running_no = take_numbers(connection, agency_id=row["agency_id"], book=REGISTER_BOOK, period=str(year))
        values = {
            "instance_id": moved.instance["id"],
            "procedure_version_id": procedure.version_id,
            "status": rules.ACCEPTED,
            "accepted_at": now,
            "accepted_by_id": actor.person_id,
            "promised_at": promised_at,
            "book_year": year,
            "book_no": 1,
            "running_no": running_no,
        }
        row |= values
        self._set(connection, row["id"], **values)
        facts = {**facts, "promised_at": moment(promised_at) if promised_at else None, "limit": limit.text}
        self._record(connection, row, actor, "dossier.dossier.accepted", facts, personal)
        calendar = self.engine.calendars.by_id(connection, moved.instance["calendar_version_id"])
        issue_form(connection, self.engine, actor, row, "receipt_slip", receipt_slip_record(connection, row, procedure, limit, calendar))
        return Accepted(row["id"], row["code"], moved.instance["id"], promised_at, [step["id"] for step in moved.opened])

    def _close(
        self, connection: Connection, actor: Actor, code: str, wanted: int, reason: str, *, form: str | None, kind: str
    ) -> str | None:
        _require_text("reason", reason)
        row = self._lock(connection, actor, code)
        rules.require_transition(code, row["status"], row["status_before"], wanted)
        number = issue_form(connection, self.engine, actor, row, form, {"reason": reason})["number"] if form is not None else None
        if row["instance_id"] is not None:
            self.engine.cancel(
                connection, instance_id=row["instance_id"], actor=actor, reason=kind.rsplit(".", 1)[1], reference=number or ""
            )
        self._set(connection, row["id"], status=wanted, status_before=None, closed_at=self.engine.clock.now(), close_reason=reason)
        self._record(connection, row, actor, kind, {"form": number}, {"reason": reason})
        return number

    def _lock(self, connection: Connection, actor: Actor, code: str) -> dict[str, Any]:
        """The dossier under lock. The instance is locked first wherever there is one, as everywhere."""
        row = (
            connection.execute(select(Dossier.__table__).where(Dossier.agency_id == _agency_of(actor), Dossier.code == code))
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
        return Intake(
            procedure_code=row["procedure_code"],
            channel=row["channel"],
            owner=entries["owner"],
            filer=entries.get("filer"),
            variant=row["variant"],
            content=row["content"],
            sets=row["sets"],
            result_channel=row["result_channel"],
        )


def _agency_of(actor: Actor) -> int:
    if actor.agency_id is None:
        raise InvalidError("This needs somebody who works for an agency.", code="agency_required")
    return actor.agency_id


def _require_text(field: str, text: str, code: str = "reason_required") -> None:
    if not text.strip():
        raise InvalidError(f"The {field} is missing.", code=code, errors={field: "required"})


def _intake_facts(intake: Intake, procedure: ProcedureInForce) -> dict[str, Any]:
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


def _intake_personal(intake: Intake) -> dict[str, str]:
    entries = [("owner", intake.owner), *([("filer", intake.filer)] if intake.filer is not None else [])]
    return {
        f"{part}.{name}": value
        for part, entry in entries
        for name, value in asdict(entry).items()
        if value and name not in ("kind", "id_kind")
    }
