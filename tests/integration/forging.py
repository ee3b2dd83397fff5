"""The forger at work on a traced database: what they change, and how a test names what was found."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, select, update

from engine.tables import instances, trace_entries, trace_values
from engine.trace.canonical import decode, encode, leaf_hash
from engine.trace.entries import Fault
from engine.trace.records import Chain, Head
from engine.trace.report import Report

entries, values = trace_entries.c, trace_values.c


def only(report: Report, *checks: str) -> Fault:
    """The first fault of a report that has exactly these."""
    assert [fault.check for fault in report.faults] == list(checks), report.faults
    assert report.first_fault is not None
    return report.first_fault


def rewrite(connection: Connection, entry_id: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes a body, and its hash with it."""
    body = decode(bytes(connection.execute(select(entries.body).where(entries.id == entry_id)).scalar_one()))
    change(body)
    stored = encode(body)
    connection.execute(update(trace_entries).where(entries.id == entry_id).values(body=stored, hash=leaf_hash(stored)))


def relink(connection: Connection, entry_id: int, **members: Any) -> None:
    """Changes where a body says that it stands, and its hash with it."""
    rewrite(connection, entry_id, lambda body: body["chain"].update(members))


def hash_of(connection: Connection, entry_id: int) -> bytes:
    return bytes(connection.execute(select(entries.hash).where(entries.id == entry_id)).scalar_one())


def approve(body: dict[str, Any]) -> None:
    body["facts"]["outcome"] = "approve"


def remove(connection: Connection, *entry_ids: int) -> None:
    """Takes entries away with everything that hangs on them but their leaves."""
    connection.execute(delete(trace_values).where(values.entry_id.in_(entry_ids)))
    connection.execute(delete(trace_entries).where(entries.id.in_(entry_ids)))


def head_of(connection: Connection, chain: Chain) -> Head:
    seq, head = connection.execute(select(instances.c.trace_seq, instances.c.trace_head).where(instances.c.id == chain.id)).one()
    return Head(seq, bytes(head))


def put_head(connection: Connection, chain: Chain, **kept: Any) -> None:
    connection.execute(update(instances).where(instances.c.id == chain.id).values(kept))
