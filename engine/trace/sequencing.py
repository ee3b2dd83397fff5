"""The sequencer gives every entry its place among the leaves of the Merkle tree, some time after it was committed."""

from sqlalchemy import Connection, exists, func, insert, literal, select, text

from engine.tables import trace_entries, trace_leaves

BATCH = 10_000

# Any number that no other advisory lock of the program uses: "eISO" and 1.
_LOCK = 0x6549534F_00000001


def sequence(connection: Connection, batch: int = BATCH) -> int:
    """Give the next leaf numbers to entries that have none, oldest first, at most `batch`; returns how many got one.

    It looks for entries without a leaf and never for entries younger than the last one seen: a transaction that drew its ids
    early and committed late is found by the next call. That late entry then stands behind younger ones; a leaf number is the
    order of being numbered, nothing else.

    One sequencer works at a time: on PostgreSQL an advisory lock holds the others until this transaction ends, on SQLite the
    writing transaction itself does.
    """
    if connection.dialect.name == "postgresql":
        # In a statement of its own: the one that numbers must see what the holder before us has committed.
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    waiting = (
        select(trace_entries.c.id, trace_entries.c.hash)
        .where(~exists().where(trace_leaves.c.entry_id == trace_entries.c.id))
        .order_by(trace_entries.c.id)
        .limit(batch)
        .subquery()
    )
    first = select(func.coalesce(func.max(trace_leaves.c.leaf_index) + 1, 0)).scalar_subquery()
    numbered = select(first + func.row_number().over(order_by=waiting.c.id) - literal(1), waiting.c.id, waiting.c.hash)
    adding = insert(trace_leaves).from_select(["leaf_index", "entry_id", "hash"], numbered)
    return connection.execute(adding, execution_options={"preserve_rowcount": True}).rowcount
