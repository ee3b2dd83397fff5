import pytest
from sqlalchemy import Connection, inspect

from engine.database import Database
from web.schema import is_current, upgrade, wanted


class TestUpgrade:
    def test_brings_an_empty_database_to_the_newest_revision(self, empty_database: Database) -> None:
        assert not is_current(empty_database)
        upgrade(empty_database)
        assert is_current(empty_database)

    def test_does_nothing_the_second_time(self, database: Database) -> None:
        with database.reading() as connection:
            before = _shape(connection)
        upgrade(database)
        with database.reading() as connection:
            assert _shape(connection) == before
        assert is_current(database)

    def test_leaves_foreign_keys_on(self, empty_sqlite_url: str) -> None:
        database = Database(empty_sqlite_url)
        upgrade(database)
        with database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        database.dispose()


class TestMigrations:
    def test_give_the_same_schema_as_the_models(self, database: Database, request: pytest.FixtureRequest) -> None:
        with database.reading() as connection:
            here = _shape(connection)
        modelled = Database(request.getfixturevalue(f"empty_{database.dialect}_url"))
        with modelled.writing() as connection:
            wanted().create_all(connection)
            there = _shape(connection)
        modelled.dispose()
        assert here.keys() == there.keys(), "write a revision: python -m web.migrations.drafting (CONTRIBUTING.md)"
        for table in there:
            assert here[table] == there[table], f"{table}: write a revision: python -m web.migrations.drafting (CONTRIBUTING.md)"


def _shape(connection: Connection) -> dict[str, dict[str, object]]:
    """Everything that a table consists of, in an order that does not depend on how it was made."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(name)],
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(inspector.get_foreign_keys(name), key=str),
            "unique": sorted(inspector.get_unique_constraints(name), key=str),
            "checks": sorted(inspector.get_check_constraints(name), key=str),
            "indexes": [{**i, "dialect_options": _texts(i)} for i in sorted(inspector.get_indexes(name), key=str)],
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def _texts(index: object) -> dict[str, str]:
    options = index.get("dialect_options", {}) if isinstance(index, dict) else {}
    return {name: str(value) for name, value in options.items()}
