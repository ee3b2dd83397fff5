import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError, DBAPIError

from engine.database import Database
from engine.trace.triggers import TABLES, create_triggers, drop_triggers
from tests.integration.traced import Traced

UPDATES = {
    "trace_entries": "update trace_entries set kind = 'dossier.nothing.happened'",
    "trace_values": "update trace_values set value = 'Nguyễn Văn Buồn'",
    "trace_leaves": "update trace_leaves set leaf_index = leaf_index + 1",
}


@pytest.fixture
def traced(database: Database) -> Traced:
    """An entry with a personal value and a leaf: a row in each table."""
    traced = Traced(database)
    traced.happen(traced.instance(), {"owner": "Nguyễn Văn Vui"})
    traced.number()
    return traced


def refused(database: Database, statement: str) -> str:
    with pytest.raises(DatabaseError) as refusal, database.writing() as connection:
        connection.execute(text(statement))
    return str(refusal.value.orig)


class TestTheDatabaseItself:
    @pytest.mark.parametrize("table", TABLES)
    def test_refuses_to_change_a_row(self, traced: Traced, table: str) -> None:
        assert f"{table} is only ever added to: update refused" in refused(traced.database, UPDATES[table])

    @pytest.mark.parametrize("table", TABLES)
    def test_refuses_to_delete_a_row(self, traced: Traced, table: str) -> None:
        assert f"{table} is only ever added to: delete refused" in refused(traced.database, f"delete from {table}")

    @pytest.mark.parametrize("table", TABLES)
    def test_refuses_to_write_a_row_over_another(self, traced: Traced, table: str) -> None:
        if traced.database.dialect == "sqlite":
            assert "replace refused" in refused(traced.database, f"insert or replace into {table} select * from {table}")
            return
        keys = {"trace_entries": "id", "trace_values": "entry_id, name", "trace_leaves": "leaf_index"}[table]
        column = {"trace_entries": "kind", "trace_values": "value", "trace_leaves": "hash"}[table]
        statement = f"insert into {table} select * from {table} on conflict ({keys}) do update set {column} = excluded.{column}"
        assert "update refused" in refused(traced.database, statement)

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # only SQLite has INSERT OR REPLACE
    @pytest.mark.parametrize(
        "columns",
        [
            "id + 1, agency_id, kind, chain_kind, chain_id, chain_seq",  # the place in the chain is taken
            "id, agency_id, kind, chain_kind, chain_id, chain_seq + 1",
        ],
    )
    def test_refuses_to_push_an_entry_aside_by_any_of_its_keys(self, traced: Traced, columns: str) -> None:
        rest = "subject_code, actor_id, on_behalf_of_id, at, recorded_at, hash, body"
        statement = f"insert or replace into trace_entries select {columns}, {rest} from trace_entries"
        assert "replace refused" in refused(traced.database, statement)

    @pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no TRUNCATE
    @pytest.mark.parametrize("table", TABLES)
    def test_refuses_to_empty_a_table(self, traced: Traced, table: str) -> None:
        assert "truncate refused" in refused(traced.database, f"truncate {table} cascade")

    def test_keeps_what_it_refused_to_change(self, traced: Traced) -> None:
        for table in TABLES:
            refused(traced.database, f"delete from {table}")
        assert traced.verify().ok
        assert traced.verify().counted.values == 1


class TestDropTriggers:
    def test_lets_a_migration_through_and_create_closes_again(self, traced: Traced) -> None:
        with traced.database.writing() as connection:
            drop_triggers(connection)
            drop_triggers(connection)
            connection.execute(text("delete from trace_leaves"))
            create_triggers(connection)
            assert _refuses(connection, "delete from trace_values")


def _refuses(connection: Connection, statement: str) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(text(statement))
    except DBAPIError:
        return True
    return False
