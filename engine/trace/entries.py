"""One entry on its own: is its hash that of its body, is its body canonical, do its indexed columns say what its body says?"""

from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidError
from engine.trace.canonical import decode, encode, leaf_hash, read_free_parts, render, render_chain, write_again

# id, agency_id, kind, chain_kind, chain_id, chain_seq, subject_code, actor_id, on_behalf_of_id, at, recorded_at, hash, body;
# the two moments as the text that a body holds. A bare tuple: a million of them pass through here.
EntryRow = tuple[int, int | None, str, str | None, int | None, int | None, str | None, int | None, int | None, str, str, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not hold, and at which entry; no entry when only its absence can be seen."""

    check: str  # hash | body | copy | gap | fork | link | head | value | leaf
    entry_id: int | None
    kind: str | None
    subject_code: str | None
    what: str


def fault_at(row: EntryRow, check: str, what: str) -> Fault:
    """A fault that names the entry of this row."""
    return Fault(check, row[0], row[2], row[6], what)


def read_entry(row: EntryRow) -> Fault | tuple[str | None, dict[str, str]]:
    """What does not hold about an entry by itself; otherwise the hash before it and the hashes of its personal values."""
    entry_id, agency, kind, chain_kind, chain_id, seq, subject, actor, behalf, at, recorded, hashed, stored = row
    if leaf_hash(stored) != hashed:
        return fault_at(row, "hash", "its body does not have the hash that is kept with it: body or hash was changed")
    try:
        text = stored.decode()
        label, prev, facts, personal = read_free_parts(text, chain_kind is not None)
        expected = render(
            entry_id=entry_id,
            kind=kind,
            at=at,
            recorded_at=recorded,
            actor_id=actor,
            actor_label=label,
            on_behalf_of=behalf,
            agency=agency,
            subject=subject,
            chain="null" if chain_kind is None else render_chain(chain_kind, chain_id, seq, prev),
            facts=write_again(facts),
            personal=write_again(personal) if personal else "{}",
        )
    except (ValueError, TypeError, RecursionError):
        return _diagnose(row)
    on_half_a_chain = chain_kind is None and (chain_id is not None or seq is not None)
    if expected != text or on_half_a_chain or not (isinstance(facts, dict) and isinstance(personal, dict)):
        return _diagnose(row)
    return prev, personal


def _diagnose(row: EntryRow) -> Fault:
    """Says why an entry does not hold whose body and columns disagree."""
    entry_id, agency, kind, chain_kind, chain_id, seq, subject, actor, behalf, at, recorded, _, stored = row
    try:
        body = decode(stored)
        is_canonical = encode(body) == stored
    except InvalidError as error:
        return fault_at(row, "body", error.message)
    if not is_canonical:
        return fault_at(row, "body", "its body is not in the canonical form of version 1")
    columns = {
        "id": (entry_id, body.get("id")),
        "agency_id": (agency, body.get("agency")),
        "kind": (kind, body.get("kind")),
        "chain_kind": (chain_kind, _inner(body, "chain", "kind")),
        "chain_id": (chain_id, _inner(body, "chain", "id")),
        "chain_seq": (seq, _inner(body, "chain", "seq")),
        "subject_code": (subject, body.get("subject")),
        "actor_id": (actor, _inner(body, "actor", "id")),
        "on_behalf_of_id": (behalf, body.get("on_behalf_of")),
        "at": (at, body.get("at")),
        "recorded_at": (recorded, body.get("recorded_at")),
    }
    for column, (copy, original) in columns.items():
        if copy != original:
            return fault_at(row, "copy", f"its column {column} says {copy!r}, its body says {original!r}")
    return fault_at(row, "body", "its body does not have the members of version 1")


def _inner(body: dict[str, Any], member: str, name: str) -> Any:
    value = body.get(member)
    return value.get(name) if isinstance(value, dict) else None
