"""Entries off the database in their millions: constant memory, and past SQLAlchemy, whose rows cost more than all checks together."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from engine.trace.entries import EntryRow

BATCH = 2_000

_MOMENT = {
    "postgresql": "to_char({0} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    "sqlite": "substr({0}, 1, 10) || 'T' || substr({0}, 12) || 'Z'",
}
_COLUMNS = "id, agency_id, kind, chain_kind, chain_id, chain_seq, subject_code, actor_id, on_behalf_of_id, {at}, {recorded_at}, hash, body"


def chained_entries(connection: Connection) -> Iterator[list[EntryRow]]:
    """Entries chain by chain, each chain in its order."""
    return _batches(connection, "where chain_kind is not null order by chain_kind, chain_id, chain_seq")


def loose_entries(connection: Connection) -> Iterator[list[EntryRow]]:
    """Entries that stand on no chain, by id."""
    return _batches(connection, "where chain_kind is null order by id")


def _batches(connection: Connection, which: str) -> Iterator[list[EntryRow]]:
    moment = _MOMENT[connection.dialect.name]
    columns = _COLUMNS.format(at=moment.format("at"), recorded_at=moment.format("recorded_at"))
    cursor = _cursor(connection)
    try:
        cursor.execute(f"select {columns} from trace_entries {which}")
        while batch := cursor.fetchmany(BATCH):
            yield batch
    finally:
        cursor.close()


def _cursor(connection: Connection) -> Any:
    """A cursor of the driver; on PostgreSQL one that the server keeps, or the client would hold every row at once."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        return driver.cursor("eiso_trace_entries", binary=True)  # text would send each byte of a body as two
    return driver.cursor()
