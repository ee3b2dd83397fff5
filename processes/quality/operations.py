"""What is done with nonconformities: raised by themselves, corrected when the step ends, closed or cancelled by people. Never deleted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from engine.actor import Actor
from engine.clock import Clock
from engine.errors import InvalidError, NotFoundError
from engine.ids import Ids
from engine.trace.canonical import moment
from engine.trace.records import EMPTY, Chain, Head, Record
from engine.trace.writing import Built, append, build
from processes.organisation.numbering import take_numbers
from processes.organisation.rights import require
from processes.organisation.rules import local_day
from processes.quality import rules
from processes.quality.models import nonconformities


@dataclass(frozen=True, slots=True)
class Raised:
    """A breach, ready to become a nonconformity: everything that is known about it when it is raised."""

    agency_id: int
    kind: str
    source: str
    title: str
    subject_code: str
    procedure_name: str
    instance_id: int
    step_id: int | None
    step_code: str | None
    unit_id: int | None
    handler_id: int | None
    external_provider: str | None
    origin: str
    occurred_at: datetime
    raised_at: datetime
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Correction:
    """What ended the breach of a step or of an instance."""

    step_id: int | None
    instance_id: int
    reason_code: str | None
    note: str | None


class Quality:
    """The verbs of nonconformities; built once, in processes.wiring."""

    def __init__(self, *, clock: Clock, ids: Ids) -> None:
        self.clock = clock
        self.ids = ids

    def raise_nonconformities(self, connection: Connection, raised: Sequence[Raised], actor: Actor) -> None:
        """Make one nonconformity of each breach, set-wise.

        A breach is written once on its step or instance under that instance's lock, so it comes here once; the unique key
        (agency, kind, source) is the belt.
        """
        numbers = self._numbers(connection, raised)
        rows = [self._row(one, number) for one, number in zip(raised, numbers, strict=True)]
        trace = []
        for row in rows:
            facts = {key: row[key] for key in ("number", "kind", "source", "severity", "handler_id", "unit_id", "external_provider")}
            facts |= {"occurred_at": moment(row["occurred_at"])}
            built = self._build(row, EMPTY, "quality.nonconformity.raised", facts, actor)
            row |= {"trace_seq": built.head.seq, "trace_head": built.head.hash}
            trace.append(built)
        if rows:
            connection.execute(insert(nonconformities), rows)
            append(connection, *trace)

    def correct(self, connection: Connection, corrections: Sequence[Correction], actor: Actor) -> None:
        """The step or the dossier behind nonconformities has ended: they are corrected, with the reason that the handler gave."""
        if not corrections:  # most steps end in time
            return
        step_ids = [one.step_id for one in corrections if one.step_id is not None]
        instance_ids = [one.instance_id for one in corrections if one.step_id is None]
        query = select(nonconformities).where(nonconformities.c.status == "raised")
        found = [
            *(self._rows(connection, query.where(nonconformities.c.step_id.in_(step_ids))) if step_ids else []),
            *(
                self._rows(connection, query.where(nonconformities.c.instance_id.in_(instance_ids), nonconformities.c.step_id.is_(None)))
                if instance_ids
                else []
            ),
        ]
        reasons = {(one.step_id or 0, one.instance_id): one for one in corrections}
        now = self.clock.now()
        changes = []
        for row in found:
            why = reasons[(row["step_id"] or 0, row["instance_id"])]
            changes.append(
                (
                    row,
                    {
                        "status": "corrected",
                        "corrected_at": now,
                        "corrected_by_id": actor.person_id,
                        "reason_code": why.reason_code,
                        "correction": why.note,
                    },
                )
            )
        self._change(connection, changes, "quality.nonconformity.corrected", actor)

    def close(self, connection: Connection, *, actor: Actor, numbers: Sequence[str], note: str = "") -> list[str]:
        """Close corrected nonconformities, singly or in bulk; returns the numbers closed.

        Raises: NotPermittedError; NotFoundError (nonconformity_not_found); WrongStateError (nonconformity_state).
        """
        require(actor, "quality.close")
        rows = self._lock(connection, actor, numbers)
        now = self.clock.now()
        for row in rows:
            rules.require_transition(row["number"], row["status"], "closed")
        changes = [
            (row, {"status": "closed", "closed_at": now, "closed_by_id": actor.person_id, "close_note": note.strip() or None})
            for row in rows
        ]
        self._change(connection, changes, "quality.nonconformity.closed", actor)
        return [row["number"] for row in rows]

    def cancel(self, connection: Connection, *, actor: Actor, numbers: Sequence[str], reason: str, document: str) -> list[str]:
        """Cancel nonconformities that were raised wrongly, with the reason and the document behind it; they stay visible.

        Raises: NotPermittedError; InvalidError (reason_required); NotFoundError; WrongStateError.
        """
        require(actor, "quality.cancel")
        missing = {field: "required" for field, text in (("reason", reason), ("document", document)) if not text.strip()}
        if missing:
            raise InvalidError("Give the reason and the document behind it.", code="reason_required", errors=missing)
        rows = self._lock(connection, actor, numbers)
        for row in rows:
            rules.require_transition(row["number"], row["status"], "cancelled")
        values = {
            "status": "cancelled",
            "cancelled_at": self.clock.now(),
            "cancelled_by_id": actor.person_id,
            "cancel_reason": reason.strip(),
            "cancel_document": document.strip(),
        }
        self._change(connection, [(row, dict(values)) for row in rows], "quality.nonconformity.cancelled", actor)
        return [row["number"] for row in rows]

    # --- what the verbs share ---------------------------------------------------------------------------------------

    def _numbers(self, connection: Connection, raised: Sequence[Raised]) -> list[str]:
        """One number each, taken in blocks per agency and year."""
        books = [(one.agency_id, local_day(one.raised_at).year) for one in raised]
        upcoming = {
            (agency_id, year): take_numbers(connection, agency_id=agency_id, book="nonconformity", period=str(year), count=count)
            for (agency_id, year), count in sorted(Counter(books).items())
        }
        numbers = []
        for book in books:
            numbers.append(f"KPH-{book[1]}-{upcoming[book]:04d}")
            upcoming[book] += 1
        return numbers

    def _row(self, one: Raised, number: str) -> dict[str, Any]:
        return {
            "id": self.ids.next(),
            "agency_id": one.agency_id,
            "number": number,
            "kind": one.kind,
            "source": one.source,
            "status": "raised",
            "severity": rules.severity(one.kind),
            "title": one.title,
            "subject_code": one.subject_code,
            "procedure_name": one.procedure_name,
            "instance_id": one.instance_id,
            "step_id": one.step_id,
            "step_code": one.step_code,
            "unit_id": one.unit_id,
            "handler_id": one.handler_id,
            "external_provider": one.external_provider,
            "origin": one.origin,
            "occurred_at": one.occurred_at,
            "raised_at": one.raised_at,
            "evidence": dict(one.evidence),
            "is_light": True,
        }

    def _lock(self, connection: Connection, actor: Actor, numbers: Sequence[str]) -> list[dict[str, Any]]:
        query = select(nonconformities).where(nonconformities.c.agency_id == actor.agency_id, nonconformities.c.number.in_(list(numbers)))
        rows = self._rows(connection, query)
        missing = sorted(set(numbers) - {row["number"] for row in rows})
        if missing or not numbers:
            raise NotFoundError("There is no such nonconformity.", code="nonconformity_not_found", numbers=missing)
        return rows

    def _rows(self, connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(query.order_by(nonconformities.c.id).with_for_update()).mappings()]

    def _change(self, connection: Connection, changes: Sequence[tuple[dict[str, Any], dict[str, Any]]], kind: str, actor: Actor) -> None:
        if not changes:
            return
        trace, parameters = [], []
        for row, values in changes:
            hidden = {name: values[name] for name in ("correction", "close_note", "cancel_reason") if values.get(name)}
            facts = {"number": row["number"], "before": row["status"], "after": values["status"]}
            facts |= {name: values[name] for name in ("reason_code", "cancel_document") if values.get(name)}
            built = self._build(row, Head(row["trace_seq"], row["trace_head"]), kind, facts, actor, hidden)
            trace.append(built)
            parameters.append({**values, "trace_seq": built.head.seq, "trace_head": built.head.hash, "_id": row["id"]})
        connection.execute(update(nonconformities).where(nonconformities.c.id == bindparam("_id")), parameters)
        append(connection, *trace)

    def _build(
        self, row: dict[str, Any], head: Head, kind: str, facts: dict[str, Any], actor: Actor, personal: dict[str, str] | None = None
    ) -> Built:
        chain = Chain("nonconformity", row["id"])
        record = Record(kind, facts, personal or {}, subject_code=row["number"], agency_id=row["agency_id"], chain=chain)
        return build([record], head, actor, self.clock.now(), self.clock.recorded_now(), self.ids)
