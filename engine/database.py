"""The door to the database: SQLite for one machine, PostgreSQL for more; a reading and a writing kind of transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy import Engine as SqlEngine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

WRITES = "eiso_writes"


class Database:
    """Opens transactions on one database."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = make_url(url)
        if self.url.drivername == "postgresql":  # psycopg 3 is the only driver we ship
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.dialect = self.url.get_backend_name()
        self.sql: SqlEngine = (
            _sqlite(self.url) if self.dialect == "sqlite" else create_engine(self.url, pool_size=pool_size, max_overflow=pool_size)
        )

        self._writer = self.sql.execution_options(**{WRITES: True})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that changes nothing."""
        with self.sql.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may change something; committed on leaving, rolled back when anything is raised.

        On SQLite it begins with BEGIN IMMEDIATE: a deferred one fails with "database is locked" as soon as two writers meet.
        """
        with self._writer.begin() as connection:
            yield connection

    def dispose(self) -> None:
        self.sql.dispose()


def _sqlite(url: Any) -> SqlEngine:
    memory = url.database in (None, "", ":memory:")
    options: dict[str, Any] = {"poolclass": StaticPool} if memory else {}
    sql = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30, "isolation_level": None}, **options)

    @event.listens_for(sql, "connect")
    def _connected(dbapi_connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "cache_size=-65536"):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(sql, "begin")
    def _began(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES) else "BEGIN")

    return sql
