"""What every test may ask for: a database with the migrated schema, on SQLite and on this worker's own PostgreSQL."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import event

from engine.database import Database
from tests.databases import PostgresqlDatabases, running_server
from web.schema import upgrade

# A slow machine is no failure; in CI the same examples every time, so that a red run can be repeated.
hypothesis.settings.register_profile("eiso", deadline=None)
hypothesis.settings.register_profile("eiso-ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("eiso-ci" if os.environ.get("CI") == "true" else "eiso")


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[PostgresqlDatabases]:
    """This worker's PostgreSQL, started by the first test that asks for it."""
    with running_server() as server:
        databases = PostgresqlDatabases(server.get_uri())
        yield databases
        databases.dispose()


@pytest.fixture
def postgresql_url(postgresql_databases: PostgresqlDatabases) -> Iterator[str]:
    """The address of a PostgreSQL database with the migrated schema and not a row."""
    with postgresql_databases.migrated() as url:
        yield url


@pytest.fixture
def empty_postgresql_url(postgresql_databases: PostgresqlDatabases) -> Iterator[str]:
    """The address of a PostgreSQL database without any table."""
    with postgresql_databases.empty() as url:
        yield url


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "eiso.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.dispose()  # the last connection to close moves the write-ahead log into the file
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a SQLite file with the migrated schema and not a row."""
    path = tmp_path / "eiso.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with the migrated schema and not a row; every test that asks for it runs on both kinds."""
    yield from _opened(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database without any table, of both kinds."""
    yield from _opened(request.getfixturevalue(f"empty_{request.param}_url"))


def _opened(url: str) -> Iterator[Database]:
    opened = Database(url)
    if opened.dialect == "sqlite":
        event.listen(opened.sql, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    yield opened
    opened.dispose()
