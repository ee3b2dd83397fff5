"""Reads of the trace: what happened, by subject, person, time and kind. Nouns; they change nothing.

Whoever asks hands in the clause of what may be seen; personal values are a read of their own, so that nobody gets them by accident.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from engine.tables import trace_entries, trace_leaves, trace_values
from engine.trace.canonical import decode


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """An entry as it was written. Values of facts are those of its body; of personal values only the names."""

    id: int
    kind: str
    chain_kind: str | None
    chain_seq: int | None
    subject_code: str | None
    actor_id: int | None
    actor_label: str
    on_behalf_of_id: int | None
    at: datetime
    recorded_at: datetime
    hash: bytes
    facts: Mapping[str, Any]
    personal_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """What is asked of the trace. subjects, actors: None is all, empty is none; kinds are beginnings, such as "engine.step."."""

    subjects: tuple[str, ...] | None = None
    actors: tuple[int, ...] | None = None
    kinds: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None  # no longer belongs


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the timeline: between this entry and the next."""

    at: datetime
    entry_id: int


def timeline(
    connection: Connection,
    who: ColumnElement[bool],
    asked: TimelineFilter,
    *,
    newest_first: bool = True,
    after: Place | None = None,
    limit: int = 50,
) -> list[TraceEntry]:
    """A page of the timeline that goes on after a place; one statement that walks an index, however deep the page."""
    query = _ordered(who, asked, newest_first)
    if after is not None:
        at, entry_id = trace_entries.c.at, trace_entries.c.id
        beyond = (at < after.at, entry_id < after.entry_id) if newest_first else (at > after.at, entry_id > after.entry_id)
        query = query.where(or_(beyond[0], and_(at == after.at, beyond[1])))
    return [_entry(row) for row in connection.execute(query.limit(limit))]


def timeline_entries(connection: Connection, who: ColumnElement[bool], asked: TimelineFilter) -> Iterator[TraceEntry]:
    """The whole timeline, oldest first, streamed."""
    for row in connection.execution_options(yield_per=500).execute(_ordered(who, asked, newest_first=False)):
        yield _entry(row)


def count_entries(connection: Connection, who: ColumnElement[bool], asked: TimelineFilter) -> int:
    """How many entries there are."""
    query = select(func.count()).select_from(trace_entries).where(who, *_filters(asked))
    return int(connection.execute(query).scalar_one())


def count_all(connection: Connection) -> tuple[int, int]:
    """How many entries the whole log has, and how many of them have their place among the leaves."""
    entries = connection.execute(select(func.count()).select_from(trace_entries)).scalar_one()
    leaves = connection.execute(select(func.count()).select_from(trace_leaves)).scalar_one()
    return int(entries), int(leaves)


def is_among(connection: Connection, who: ColumnElement[bool], entry_id: int) -> bool:
    """Whether an entry is one of those that may be seen."""
    return connection.execute(select(trace_entries.c.id).where(trace_entries.c.id == entry_id, who)).first() is not None


def personal_values(connection: Connection, entry_ids: Iterable[int]) -> Mapping[int, Mapping[str, str]]:
    """The personal values of entries, by entry; only for whoever may see them."""
    found: dict[int, dict[str, str]] = {}
    query = select(trace_values.c.entry_id, trace_values.c.name, trace_values.c.value).where(trace_values.c.entry_id.in_(list(entry_ids)))
    for row in connection.execute(query.order_by(trace_values.c.entry_id, trace_values.c.name)):
        found.setdefault(row.entry_id, {})[row.name] = row.value
    return found


def _ordered(who: ColumnElement[bool], asked: TimelineFilter, newest_first: bool) -> Select[Any]:
    columns = (
        trace_entries.c.id,
        trace_entries.c.kind,
        trace_entries.c.chain_kind,
        trace_entries.c.chain_seq,
        trace_entries.c.subject_code,
        trace_entries.c.actor_id,
        trace_entries.c.on_behalf_of_id,
        trace_entries.c.at,
        trace_entries.c.recorded_at,
        trace_entries.c.hash,
        trace_entries.c.body,
    )
    order: Sequence[ColumnElement[Any]] = (trace_entries.c.at, trace_entries.c.id)
    return select(*columns).where(who, *_filters(asked)).order_by(*(one.desc() if newest_first else one for one in order))


def _filters(asked: TimelineFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if asked.subjects is not None:
        where.append(trace_entries.c.subject_code.in_(asked.subjects))
    if asked.actors is not None:
        where.append(trace_entries.c.actor_id.in_(asked.actors))
    if asked.kinds:
        where.append(or_(*(trace_entries.c.kind.startswith(kind, autoescape=True) for kind in asked.kinds)))
    if asked.starts_at is not None:
        where.append(trace_entries.c.at >= asked.starts_at)
    if asked.ends_at is not None:
        where.append(trace_entries.c.at < asked.ends_at)
    return where


def _entry(row: Row[Any]) -> TraceEntry:
    body = decode(bytes(row.body))
    return TraceEntry(
        id=row.id,
        kind=row.kind,
        chain_kind=row.chain_kind,
        chain_seq=row.chain_seq,
        subject_code=row.subject_code,
        actor_id=row.actor_id,
        actor_label=body["actor"]["label"],
        on_behalf_of_id=row.on_behalf_of_id,
        at=row.at,
        recorded_at=row.recorded_at,
        hash=bytes(row.hash),
        facts=body["facts"],
        personal_names=tuple(sorted(body["personal"])),
    )
