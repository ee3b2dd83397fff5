"""The schema of the database: what it should be, whether this one has it, and the way there."""

import pkgutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

import processes
from engine.database import WRITES, Database
from engine.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_KEY = 0x6549534F  # "eISO": one process at a time migrates a PostgreSQL database


def wanted() -> MetaData:
    """The tables of the engine and of every area: an area's tables are those that its models.py hangs on the engine's metadata."""
    for area in pkgutil.iter_modules(processes.__path__):
        models = f"processes.{area.name}.models"
        if area.ispkg and find_spec(models):
            import_module(models)
    return metadata


def upgrade(database: Database) -> None:
    """Bring the database to the newest revision, in one transaction; does nothing when it is there already."""
    config = _config()
    if database.dialect == "sqlite":
        _upgrade_sqlite(database, config)
        return
    with database.writing() as connection:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK_KEY})")
        _run(config, connection)


def is_current(database: Database) -> bool:
    """Whether the database has exactly the newest revision."""
    with database.reading() as connection:
        here = MigrationContext.configure(connection).get_current_heads()
    return set(here) == set(ScriptDirectory.from_config(_config()).get_heads())


def _upgrade_sqlite(database: Database, config: Config) -> None:
    # SQLite changes a table by building another in its place; with foreign keys on, dropping the old one would count as deleting its rows.
    # The switch is ignored inside a transaction, hence before it, on the driver's connection.
    with database.sql.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.execution_options(**{WRITES: True}).begin():
                _run(config, connection)
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise RuntimeError(f"a migration left rows that point nowhere: {broken[:5]}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(config: Config, connection: Connection) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
