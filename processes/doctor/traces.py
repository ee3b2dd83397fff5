"""The trace against what it speaks of: heads and ends of chains, and an entry for everything that must have one. Counts, not bodies."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, func, or_, select

from engine.tables import trace_entries
from engine.trace.heads import head_locations
from engine.wayback import SENT_BACK, is_sent_back
from processes.doctor.lives import BATCH, Life, Row, traced_kinds
from processes.doctor.report import Finding
from processes.dossiers import rules
from processes.dossiers.models import dossiers
from processes.quality.models import nonconformities

# kind of entry -> the moment whose presence demands it
_OF_NONCONFORMITIES = {
    "quality.nonconformity.raised": "raised_at",
    "quality.nonconformity.corrected": "corrected_at",
    "quality.nonconformity.closed": "closed_at",
    "quality.nonconformity.cancelled": "cancelled_at",
}


def heads(connection: Connection, found: Finding) -> None:
    """The head of every chain is its last entry, and the chain has as many entries as the head says."""
    for kind, location in sorted(head_locations().items()):
        id_, seq, head = location.columns()
        entries, last = trace_entries.alias(), trace_entries.alias()
        count = select(func.count()).where(entries.c.chain_kind == kind, entries.c.chain_id == id_).scalar_subquery()
        query = (
            select(id_, seq, head, count.label("entries"), last.c.hash)
            .select_from(location.table)
            .outerjoin(last, and_(last.c.chain_kind == kind, last.c.chain_id == id_, last.c.chain_seq == seq))
            .order_by(id_)
        )
        for row_id, wanted, hashed, counted, kept in connection.execution_options(yield_per=1000).execute(query):
            found.looked()
            if counted != wanted:
                found.fault(f"{kind} {row_id}", f"its chain has {counted} entries, its head says {wanted}")
            elif (hashed or None) != (kept or None):
                found.fault(f"{kind} {row_id}", "its head is not the hash of the last entry of its chain")


def entries_of_instances(life: Life, found: Finding) -> None:
    """Every instance has its start on its chain, every ended step its end, every breach its entry, and none has one too many."""
    found.looked()
    for kind, number in _wanted(life).items():
        found.expect(life.code, f"the number of entries {kind}", life.traced[kind], number)


def _wanted(life: Life) -> Mapping[str, int]:
    done = Counter(SENT_BACK if is_sent_back(step) else step["status"] for step in life.steps)
    entered = Counter(row["kind"] for row in life.ledger if not (row["reference"] or "").startswith("step:"))
    dossier = life.dossier
    return {
        "engine.instance.started": 1,
        "engine.instance.cancelled": int(life.instance["status"] == "cancelled"),
        "engine.instance.overdue": int(life.instance["breached_at"] is not None),
        "engine.step.overdue": sum(step["breached_at"] is not None for step in life.steps),
        "engine.step.completed": done["completed"],
        "engine.step.cancelled": done["cancelled"],
        "engine.step.sent_back": done[SENT_BACK],
        "engine.timer.fired": sum(timer["status"] == "fired" for timer in life.timers),
        "engine.clock.stopped": entered["stop"],
        "engine.clock.resumed": entered["resume"],
        "engine.calendar.applied": entered["calendar"],
        "dossier.dossier.accepted": int(dossier is not None),
        "dossier.dossier.refused": int(dossier is not None and dossier["status"] == rules.REFUSED),
        "dossier.dossier.withdrawn": int(dossier is not None and dossier["status"] == rules.WITHDRAWN),
        "dossier.result.returned": int(dossier is not None and dossier["result_receiver"] is not None),
    }


def entries_of_nonconformities(connection: Connection, found: Finding) -> None:
    """Every nonconformity has the entry of its raising and of each later step of its life."""
    columns, last = nonconformities.c, -1
    while True:
        query = select(columns.id, columns.number, *(columns[name] for name in _OF_NONCONFORMITIES.values()))
        batch = connection.execute(query.where(columns.id > last).order_by(columns.id).limit(BATCH)).mappings().all()
        if not batch:
            return
        last = batch[-1]["id"]
        traced = traced_kinds(connection, "nonconformity", [row["id"] for row in batch])
        for row in batch:
            found.looked()
            for kind, name in _OF_NONCONFORMITIES.items():
                found.expect(row["number"], f"the number of entries {kind}", traced[row["id"]][kind], int(row[name] is not None))


def entries_without_rows(connection: Connection, found: Finding) -> None:
    """Nothing that the trace speaks of is gone: every chain begins with an entry whose row is there."""
    for kind, location in sorted(head_locations().items()):
        id_, _, _ = location.columns()
        entries = trace_entries.c
        query = (
            select(entries.chain_id, entries.subject_code)
            .outerjoin_from(trace_entries, location.table, id_ == entries.chain_id)
            .where(entries.chain_kind == kind, entries.chain_seq == 1, id_.is_(None))
            .order_by(entries.chain_id)
        )
        found.looked(_chains(connection, kind))
        for chain_id, code in connection.execution_options(yield_per=1000).execute(query):
            found.fault(f"{kind} {code or chain_id}", "the trace speaks of it and it is gone")


def _chains(connection: Connection, kind: str) -> int:
    entries = trace_entries.c
    counted = select(func.count()).select_from(trace_entries).where(entries.chain_kind == kind, entries.chain_seq == 1)
    return int(connection.execute(counted).scalar_one())


def entries_of_filings(connection: Connection, found: Finding) -> None:
    """Every dossier that came online has its filing on its own chain; one refused or withdrawn before acceptance, that too."""
    last = -1
    while batch := _filed(connection, last):
        last = batch[-1]["id"]
        traced = traced_kinds(connection, "dossier", [row["id"] for row in batch])
        for row in batch:
            found.looked()
            is_filing = row["instance_id"] is None
            wanted = {
                "dossier.dossier.filed": 1,
                "dossier.dossier.refused": int(is_filing and row["status"] == rules.REFUSED),
                "dossier.dossier.withdrawn": int(is_filing and row["status"] == rules.WITHDRAWN),
            }
            for kind, number in wanted.items():
                found.expect(row["code"], f"the number of entries {kind}", traced[row["id"]][kind], number)


def _filed(connection: Connection, after: int) -> Sequence[Row]:
    columns = dossiers.c
    filed = or_(columns.instance_id.is_(None), columns.answer_due_at.is_not(None))
    query = select(columns.id, columns.code, columns.status, columns.instance_id).where(columns.id > after, filed)
    return [dict(row) for row in connection.execute(query.order_by(columns.id).limit(BATCH)).mappings()]
