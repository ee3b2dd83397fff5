"""Asking the citizen for what is missing, and taking it in: form 02 stops the clock, the receipt lets it run again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from engine.actor import Actor
from engine.errors import InvalidError, WrongStateError
from engine.timelimit import TimeLimit
from engine.trace.canonical import moment
from processes.catalogue.queries import procedure_version
from processes.dossiers import rules
from processes.dossiers.intake import PaperEntry
from processes.dossiers.issuing import issue_form
from processes.dossiers.models import SupplementRequest
from processes.dossiers.rows import DossierRows, require_text
from processes.organisation.rights import require


class SupplementVerbs(DossierRows):
    """The two verbs of a supplement."""

    def request_supplement(
        self, connection: Connection, *, actor: Actor, code: str, content: str, reason: str, repeat_reason: str | None = None
    ) -> str:
        """Ask the citizen for what is missing (status 5, form 02): the clock stops now. Returns the form's number.

        Beyond the number that the procedure allows it needs a reason of its own.

        Raises: NotPermittedError; InvalidError (reason_required, supplement_repeated); WrongStateError.
        """
        require(actor, "dossier.supplement")
        require_text("content", content)
        require_text("reason", reason)
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
