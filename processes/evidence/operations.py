"""Looking at the trace is itself in the trace: who looked, at what, and what a verification said."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from engine.actor import Actor
from engine.clock import Clock
from engine.ids import Ids
from engine.trace.records import Record
from engine.trace.report import Report
from engine.trace.writing import append_loose
from processes.organisation.rights import require


def note_view(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, code: str, shows_personal: bool) -> None:
    """Write down that somebody looks at the trace of one dossier; before it is shown.

    Raises: NotPermittedError.
    """
    require(actor, "trace.read")
    _note(connection, actor, clock, ids, "trace.timeline.viewed", {"personal": shows_personal}, code)


def note_export(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, code: str | None, asked: Mapping[str, str]) -> None:
    """Write down that a timeline is taken away as a file; before its first line leaves.

    Raises: NotPermittedError.
    """
    require(actor, "trace.read")
    _note(connection, actor, clock, ids, "trace.timeline.exported", {"filter": dict(asked)}, code)


def note_verification(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, report: Report) -> None:
    """Write down that the log was verified, and with which result.

    Raises: NotPermittedError.
    """
    require(actor, "trace.verify")
    facts = {"ok": report.ok, "entries": report.counted.entries, "faults": report.fault_count}
    _note(connection, actor, clock, ids, "trace.log.verified", facts, None)


def _note(connection: Connection, actor: Actor, clock: Clock, ids: Ids, kind: str, facts: dict[str, Any], code: str | None) -> None:
    record = Record(kind, facts, subject_code=code, agency_id=actor.agency_id)
    append_loose(connection, record, actor, clock.now(), clock.recorded_now(), ids)
