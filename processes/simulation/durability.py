"""Trades durability for speed while a simulation writes: what a crash takes away is simulated again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from engine.database import Database


@contextmanager
def without_durability(database: Database) -> Iterator[None]:
    """Let commits not wait for the disk; afterwards every connection is a careful one again."""
    if database.dialect == "sqlite" and database.url.database in (None, "", ":memory:"):
        yield  # has no disk, and lives only as long as its one connection
        return
    relax = _relax_sqlite if database.dialect == "sqlite" else _relax_postgresql
    database.dispose()
    event.listen(database.sql, "connect", relax)
    try:
        yield
    finally:
        event.remove(database.sql, "connect", relax)
        database.dispose()


def _relax_sqlite(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.execute("pragma synchronous=off")


def _relax_postgresql(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.execute("set synchronous_commit to off")
    dbapi_connection.commit()
