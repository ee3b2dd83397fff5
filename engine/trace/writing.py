"""Adding to the trace: records become entries, in the same transaction as the change that they record."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert

from engine.actor import Actor
from engine.errors import InvalidError
from engine.ids import Ids
from engine.tables import trace_entries, trace_values
from engine.trace.canonical import leaf_hash, moment, personal_hash, render, render_chain, to_json, to_utf8
from engine.trace.heads import read_head, write_head
from engine.trace.records import EMPTY, Chain, Head, Record

SALT_BYTES = 16

Salts = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Built:
    """Rows ready to be added, and the head of the chain after them."""

    entries: list[dict[str, Any]]
    values: list[dict[str, Any]]
    head: Head


def build(
    records: Iterable[Record],
    head: Head,
    actor: Actor,
    at: datetime,
    recorded_at: datetime,
    ids: Ids,
    *,
    salts: Salts = secrets.token_bytes,
) -> Built:
    """Turn records into rows, in their order; those with a chain follow upon `head` and must all stand on the same chain.

    Raises: InvalidError (code trace_value_invalid) for facts or personal values that an entry cannot hold.
    """
    moments = at, recorded_at, moment(at), moment(recorded_at)
    entries: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    chain: Chain | None = None
    for record in records:
        entry_id = ids.next()
        personal = _conceal(entry_id, record, salts, values) if record.personal else "{}"
        row = _entry(entry_id, record, head, actor, moments, personal)
        entries.append(row)
        if record.chain is not None:
            chain = chain or record.chain
            if record.chain != chain:
                raise ValueError(f"records of two chains, {chain} and {record.chain}, cannot follow upon one head")
            head = Head(row["chain_seq"], row["hash"])
    return Built(entries, values, head)


def _entry(
    entry_id: int, record: Record, head: Head, actor: Actor, moments: tuple[datetime, datetime, str, str], personal: str
) -> dict[str, Any]:
    chain, chain_text, seq = record.chain, "null", None
    if chain is not None:
        seq = head.seq + 1
        chain_text = render_chain(chain.kind, chain.id, seq, head.hash.hex() if head.hash is not None else None)
    at, recorded_at, at_text, recorded_text = moments
    body = to_utf8(
        render(
            entry_id=entry_id,
            kind=record.kind,
            at=at_text,
            recorded_at=recorded_text,
            actor_id=actor.person_id,
            actor_label=actor.label,
            on_behalf_of=actor.on_behalf_of_id,
            agency=record.agency_id,
            subject=record.subject_code,
            chain=chain_text,
            facts=to_json(record.facts),
            personal=personal,
        )
    )
    return {
        "id": entry_id,
        "agency_id": record.agency_id,
        "kind": record.kind,
        "chain_kind": chain.kind if chain is not None else None,
        "chain_id": chain.id if chain is not None else None,
        "chain_seq": seq,
        "subject_code": record.subject_code,
        "actor_id": actor.person_id,
        "on_behalf_of_id": actor.on_behalf_of_id,
        "at": at,
        "recorded_at": recorded_at,
        "hash": leaf_hash(body),
        "body": body,
    }


def _conceal(entry_id: int, record: Record, salts: Salts, values: list[dict[str, Any]]) -> str:
    """Puts the personal values of a record into rows of their own; returns the member `personal`, which holds their hashes."""
    hashes: dict[str, str] = {}
    for name, value in record.personal.items():
        if "\x00" in value:  # PostgreSQL holds no NUL in a text
            raise InvalidError(f"The personal value {name} holds a NUL.", code="trace_value_invalid", where=f".{name}")
        salt = salts(SALT_BYTES)
        hashes[name] = personal_hash(salt, value)
        values.append({"entry_id": entry_id, "name": name, "salt": salt, "value": value})
    return to_json(hashes)


def append(connection: Connection, *built: Built) -> None:
    """Add built rows. The caller keeps the new heads, in the same transaction."""
    _insert(connection, trace_entries, [row for one in built for row in one.entries])
    _insert(connection, trace_values, [row for one in built for row in one.values])


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:  # a single row goes as such: the driver sends many in a pipeline, which costs more than it saves for one
        connection.execute(insert(table), rows if len(rows) > 1 else rows[0])


def append_loose(connection: Connection, record: Record, actor: Actor, at: datetime, recorded_at: datetime, ids: Ids) -> int:
    """Add an entry that stands on no chain (a read, a log-in, a refusal); returns its id."""
    if record.chain is not None:
        raise ValueError("a loose entry has no chain")
    built = build((record,), EMPTY, actor, at, recorded_at, ids)
    append(connection, built)
    return int(built.entries[0]["id"])


def record_on(
    connection: Connection, chain: Chain, records: Sequence[Record], actor: Actor, at: datetime, recorded_at: datetime, ids: Ids
) -> Head:
    """Add records to a chain whose head lies where its kind is registered; returns the new head.

    The row with the head is locked from here to the end of the transaction, so no two writers fork a chain.

    Raises: NotFoundError (code trace_chain_unknown), InvalidError (code trace_value_invalid).
    """
    strange = next((record.chain for record in records if record.chain not in (None, chain)), None)
    if strange is not None:
        raise ValueError(f"a record of {strange} cannot be added to {chain}")
    on_chain = [record if record.chain is not None else replace(record, chain=chain) for record in records]
    built = build(on_chain, read_head(connection, chain), actor, at, recorded_at, ids)
    append(connection, built)
    write_head(connection, chain, built.head)
    return built.head
