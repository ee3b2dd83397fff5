"""Where the heads of chains lie: each kind of chain keeps them on rows that its operations lock anyway."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, select, update

from engine.errors import NotFoundError
from engine.tables import instances
from engine.trace.records import Chain, Head


@dataclass(frozen=True, slots=True)
class HeadLocation:
    """The table and columns that keep the heads of one kind of chain."""

    table: Table
    seq_column: str = "trace_seq"
    head_column: str = "trace_head"
    id_column: str = "id"

    def columns(self) -> tuple[Column[Any], Column[Any], Column[Any]]:
        """The columns id, seq, head."""
        return self.table.c[self.id_column], self.table.c[self.seq_column], self.table.c[self.head_column]


_locations: dict[str, HeadLocation] = {}


def register_chain(
    kind: str, table: Table, *, seq_column: str = "trace_seq", head_column: str = "trace_head", id_column: str = "id"
) -> HeadLocation:
    """Make known that chains of this kind keep their heads on the rows of this table."""
    location = HeadLocation(table, seq_column, head_column, id_column)
    location.columns()  # a column that does not exist speaks here, not at the first entry
    if _locations.setdefault(kind, location) != location:
        raise ValueError(f"chains of kind {kind} already keep their heads in {_locations[kind].table.name}")
    return location


def head_location(kind: str) -> HeadLocation | None:
    """Where chains of this kind keep their heads; None when nobody has registered the kind."""
    return _locations.get(kind)


def head_locations() -> dict[str, HeadLocation]:
    """Every registered kind."""
    return dict(_locations)


def read_head(connection: Connection, chain: Chain) -> Head:
    """The head of a chain, its row locked until the transaction ends.

    Raises: NotFoundError (code trace_chain_unknown) when no row keeps the head of this chain.
    """
    location = _known(chain)
    id_, seq, head = location.columns()
    row = connection.execute(select(seq, head).where(id_ == chain.id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError("No row keeps the head of this chain.", code="trace_chain_unknown", chain_kind=chain.kind, chain_id=chain.id)
    return Head(row[0], row[1])


def write_head(connection: Connection, chain: Chain, head: Head) -> None:
    """Put a new head on the row that keeps it."""
    location = _known(chain)
    id_, seq, head_ = location.columns()
    connection.execute(update(location.table).where(id_ == chain.id).values({seq: head.seq, head_: head.hash}))


def _known(chain: Chain) -> HeadLocation:
    location = _locations.get(chain.kind)
    if location is None:
        raise NotFoundError("Nobody keeps chains of this kind.", code="trace_chain_unknown", chain_kind=chain.kind, chain_id=chain.id)
    return location


register_chain("instance", instances)
