"""The leaves against the entries: numbered without a hole, one to an entry, the same hash in both."""

from sqlalchemy import Connection, exists, func, or_, select

from engine.tables import trace_entries, trace_leaves
from engine.trace.entries import Fault
from engine.trace.report import Findings


def check_leaves(connection: Connection, findings: Findings) -> None:
    """Add what does not hold about the leaves, and how many there are; the entries must have been counted before."""
    index, entry_id = trace_leaves.c.leaf_index, trace_leaves.c.entry_id
    total, first, last = connection.execute(select(func.count(), func.min(index), func.max(index))).one()
    if total and (first != 0 or last != total - 1):
        findings.add(Fault("leaf", None, None, None, f"leaf {_first_missing(connection, first)} is missing"))
    orphans = _check_entries(connection, findings)
    twice = select(entry_id, func.count()).group_by(entry_id).having(func.count() > 1)
    for entry, leaves in connection.execute(twice):
        orphans += leaves - 1
        findings.add(Fault("leaf", entry, None, None, "it has more than one leaf"))
    findings.counted.leaves = total
    findings.counted.unnumbered = findings.counted.entries - total + orphans


def _first_missing(connection: Connection, first: int) -> int:
    if first != 0:
        return 0
    following = trace_leaves.alias()
    has_next = exists().where(following.c.leaf_index == trace_leaves.c.leaf_index + 1)
    return int(connection.execute(select(func.min(trace_leaves.c.leaf_index)).where(~has_next)).scalar_one()) + 1


def _check_entries(connection: Connection, findings: Findings) -> int:
    """Leaves that have lost their entry or hold another hash of it; returns how many have lost it."""
    orphans = 0
    entries = trace_entries.c.id, trace_entries.c.kind, trace_entries.c.subject_code
    rows = connection.execute(
        select(trace_leaves.c.leaf_index, trace_leaves.c.entry_id, *entries)
        .outerjoin_from(trace_leaves, trace_entries, trace_entries.c.id == trace_leaves.c.entry_id)
        .where(or_(trace_entries.c.id.is_(None), trace_entries.c.hash != trace_leaves.c.hash))
        .order_by(trace_leaves.c.leaf_index)
    )
    for row in rows:
        what = f"leaf {row.leaf_index} holds another hash of it: entry or leaf was changed"
        if row.id is None:
            orphans += 1
            what = f"leaf {row.leaf_index} holds it, but the entry is missing"
        findings.add(Fault("leaf", row.entry_id, row.kind, row.subject_code, what))
    return orphans
