"""The database itself refuses to change what the trace holds, whoever asks: our own code, a console, an administrator's tool.

They stop mistakes and leave a determined owner of the database a visible act (dropping them); that the trace was not changed
after such an act is what verification and checkpoints show.
"""

from collections.abc import Iterator

from sqlalchemy import Connection

from engine.tables import trace_entries, trace_leaves, trace_values

TABLES = (trace_entries.name, trace_values.name, trace_leaves.name)

# What makes a row: SQLite's INSERT OR REPLACE deletes the row that stands in its way without asking a delete trigger.
_UNIQUE = {
    trace_entries.name: (("id",), ("chain_kind", "chain_id", "chain_seq")),
    trace_values.name: (("entry_id", "name"),),
    trace_leaves.name: (("leaf_index",), ("entry_id",)),
}

# No placeholder of RAISE is used: a percent sign would be taken for a parameter by the driver.
_POSTGRESQL_FUNCTION = """
create or replace function eiso_trace_refuse() returns trigger language plpgsql as $$
begin
    raise exception using errcode = 'restrict_violation',
        message = tg_table_name || ' is only ever added to: ' || lower(tg_op) || ' refused';
end $$
"""


def create_triggers(connection: Connection) -> None:
    """Make the database refuse update, delete and (PostgreSQL) truncate on the tables of the trace."""
    for statement in _creating(connection.dialect.name):
        connection.exec_driver_sql(statement)


def drop_triggers(connection: Connection) -> None:
    """Take the refusals away again: for a migration that rebuilds a table, and for tests that play the forger."""
    postgresql = connection.dialect.name == "postgresql"
    for name, table in _names(connection.dialect.name):
        connection.exec_driver_sql(f"drop trigger if exists {name}" + (f" on {table}" if postgresql else ""))
    if postgresql:
        connection.exec_driver_sql("drop function if exists eiso_trace_refuse()")


def _creating(dialect: str) -> Iterator[str]:
    if dialect == "postgresql":
        yield _POSTGRESQL_FUNCTION
        for name, table in _names(dialect):
            yield (
                f"create trigger {name} before update or delete or truncate on {table} "
                "for each statement execute function eiso_trace_refuse()"
            )
        return
    for table in TABLES:
        for verb in ("update", "delete"):
            yield f"create trigger {table}_{verb}_refused before {verb} on {table} begin {_raise(table, verb)} end"
        exists = " or ".join(
            f"exists (select 1 from {table} where {' and '.join(f'{column} = new.{column}' for column in columns)})"
            for columns in _UNIQUE[table]
        )
        yield f"create trigger {table}_replace_refused before insert on {table} when {exists} begin {_raise(table, 'replace')} end"


def _raise(table: str, verb: str) -> str:
    return f"select raise(abort, '{table} is only ever added to: {verb} refused');"


def _names(dialect: str) -> Iterator[tuple[str, str]]:
    for table in TABLES:
        if dialect == "postgresql":
            yield f"{table}_refuse_change", table
        else:
            for verb in ("update", "delete", "replace"):
                yield f"{table}_{verb}_refused", table
