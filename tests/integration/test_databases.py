"""The databases of the tests themselves: what one test leaves behind, the next must not find."""

from datetime import UTC, datetime

from sqlalchemy import Table, create_engine, func, select, text

from engine.database import Database
from engine.tables import marks, trace_entries
from engine.trace.triggers import drop_triggers
from tests.databases import PostgresqlDatabases

MOMENT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


class TestPostgresqlDatabases:
    def test_come_back_without_a_row_even_from_the_trace(self, postgresql_databases: PostgresqlDatabases) -> None:
        with postgresql_databases.migrated() as url:
            database = Database(url)
            with database.writing() as connection:
                connection.execute(marks.insert().values(name="simulated", value="hoa sen"))
                entry = {"id": 1, "kind": "dossier.dossier.accepted", "at": MOMENT, "recorded_at": MOMENT, "hash": b"h", "body": b"{}"}
                connection.execute(trace_entries.insert().values(entry))
            database.dispose()
        with postgresql_databases.migrated() as again:
            assert again == url
            assert _count(again, marks) == 0
            assert _count(again, trace_entries) == 0

    def test_come_back_whole_when_a_test_played_the_forger(self, postgresql_databases: PostgresqlDatabases) -> None:
        with postgresql_databases.migrated() as url:
            database = Database(url)
            with database.writing() as connection:
                drop_triggers(connection)
            database.dispose()
        with postgresql_databases.migrated() as again:
            assert again != url
            assert _triggers(again) > 0

    def test_do_not_wait_for_a_connection_left_open(self, postgresql_databases: PostgresqlDatabases) -> None:
        with postgresql_databases.migrated() as url:
            forgotten = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
            connection = forgotten.connect()
            connection.execute(marks.insert().values(name="simulated", value="hoa sen"))
        with postgresql_databases.migrated() as again:
            assert _count(again, marks) == 0
        connection.invalidate()
        connection.close()
        forgotten.dispose()


def _count(url: str, table: Table) -> int:
    database = Database(url)
    with database.reading() as connection:
        counted = connection.execute(select(func.count()).select_from(table)).scalar_one()
    database.dispose()
    return counted


def _triggers(url: str) -> int:
    database = Database(url)
    with database.reading() as connection:
        counted = connection.execute(text("select count(*) from pg_trigger where not tgisinternal")).scalar_one()
    database.dispose()
    return int(counted)
