"""What is done with dossiers. Each verb is one transaction that the caller owns; the engine keeps steps, clock and trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from engine.actor import Actor
from engine.clock import minute
from engine.errors import InvalidError
from engine.operations import Subject
from engine.timelimit import TimeLimit, deadline
from engine.trace.canonical import moment
from processes.catalogue.queries import ProcedureInForce, procedure_in_force
from processes.dossiers import rules
from processes.dossiers.form_data import receipt_slip_record
from processes.dossiers.intake import Intake, checked
from processes.dossiers.issuing import issue_form
from processes.dossiers.models import Dossier
from processes.dossiers.rows import agency_of, intake_facts, intake_personal, require_text
from processes.dossiers.supplements import SupplementVerbs
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


class Dossiers(SupplementVerbs):
    """The verbs of dossiers; built once, in processes.wiring."""

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
        self._record(connection, row, actor, "dossier.dossier.filed", intake_facts(intake, procedure), intake_personal(intake))
        return str(row["code"])

    def accept(self, connection: Connection, *, actor: Actor, intake: Intake, origin: str = "live") -> Accepted:
        """Accept a dossier at the counter (status 2): the clock starts, forms 01 and 06 are there.

        Raises: NotPermittedError; InvalidError by field, papers_missing; NotFoundError (procedure_not_found).
        """
        require(actor, "dossier.accept")
        agency_id = agency_of(actor)
        now = self.engine.clock.now()
        procedure = procedure_in_force(connection, intake.procedure_code, local_day(now))
        intake = checked(intake, procedure, local_day(now))
        row = self._new_row(connection, agency_id, intake, procedure, origin, now)
        connection.execute(insert(Dossier), [{**row, "status": rules.FILED}])
        self._write_intake(connection, row, intake, procedure, actor, now)
        facts, personal = intake_facts(intake, procedure), intake_personal(intake)
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
            connection, row, intake, procedure, actor, {"filed_at": moment(row["filed_at"]), **intake_facts(intake, procedure)}, {}
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

    def return_result(
        self, connection: Connection, *, actor: Actor, code: str, step_id: int, receiver: str, result_number: str = ""
    ) -> None:
        """Hand the result to the citizen (status 10): completes the last step, with the receiver's name.

        Raises: NotPermittedError; InvalidError (receiver_required); WrongStateError; ConflictError.
        """
        require(actor, "dossier.return_result")
        require_text("receiver", receiver, code="receiver_required")
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
        require_text("reason", reason)
        row = self._lock(connection, actor, code)
        rules.require_transition(code, row["status"], row["status_before"], wanted)
        number = issue_form(connection, self.engine, actor, row, form, {"reason": reason})["number"] if form is not None else None
        closed_at = self.engine.clock.now()
        if row["instance_id"] is not None:
            moved = self.engine.cancel(
                connection, instance_id=row["instance_id"], actor=actor, reason=kind.rsplit(".", 1)[1], reference=number or ""
            )
            closed_at = moved.instance["ended_at"]
        self._set(connection, row["id"], status=wanted, status_before=None, closed_at=closed_at, close_reason=reason)
        self._record(connection, row, actor, kind, {"form": number}, {"reason": reason})
        return number
