"""The floor: workload W by hand, as a good programmer without an engine would write it, on three plain tables of its own.

A completion is eight round trips (the last of an instance seven): begin, read the step, lock the instance, complete the step, move
the instance, open the next step, write the audit row, commit. A creation is five. No model, no deadline in working time, no trace.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.workload import LAST, SCHEMA, Answer, Step, next_code

_LIMIT = timedelta(hours=4)
_DUMPS: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

_TABLES = """
create table {schema}instances (
    id {key}, title text not null, node text not null, status text not null, version integer not null,
    variables {json} not null, created_at {moment} not null, ended_at {moment}
);
create table {schema}steps (
    id {key}, instance_id bigint not null references {schema}instances (id), code text not null, role text not null,
    status text not null, handler text, answers {json}, opened_at {moment} not null, due_at {moment} not null, done_at {moment}
);
create index floor_steps_instance on {schema}steps (instance_id);
create index floor_steps_worklist on {schema}steps (role, due_at) where status = 'open';
create table {schema}audit (
    id {key}, instance_id bigint not null references {schema}instances (id), step_id bigint not null, kind text not null,
    actor text not null, at {moment} not null, detail {json} not null
);
create index floor_audit_instance on {schema}audit (instance_id);
"""

_READ_STEP = "select instance_id, code, role, status, handler, opened_at, due_at from {schema}steps where id = ?"
_LOCK_INSTANCE = "select node, status, version, variables from {schema}instances where id = ?{lock}"
_COMPLETE_STEP = "update {schema}steps set status = 'done', handler = ?, answers = ?, done_at = ? where id = ? and status = 'open'"
_MOVE_INSTANCE = (
    "update {schema}instances set node = ?, variables = ?, version = version + 1, status = ?, ended_at = ? where id = ? and version = ?"
)
_OPEN_STEP = (
    "insert into {schema}steps (instance_id, code, role, status, opened_at, due_at) values (?, ?, 'officer', 'open', ?, ?) returning id"
)
_AUDIT = "insert into {schema}audit (instance_id, step_id, kind, actor, at, detail) values (?, ?, ?, ?, ?, ?)"
_CREATE = (
    "insert into {schema}instances (title, node, status, version, variables, created_at) "
    "values (?, 'B1', 'running', 1, '{{}}', ?) returning id"
)


class Floor:
    """Does workload W with one connection; `execute` is that of the driver, `text` makes statements out of the templates above."""

    def __init__(self, execute: Callable[[str, Sequence[Any]], Any], begin: str | None, text: Callable[[str], str], moment: Any) -> None:
        self._execute = execute
        self._begin = begin
        self._moment = moment
        self._read_step, self._lock_instance, self._complete_step = text(_READ_STEP), text(_LOCK_INSTANCE), text(_COMPLETE_STEP)
        self._move_instance, self._open_step = text(_MOVE_INSTANCE), text(_OPEN_STEP)
        self._audit, self._create = text(_AUDIT), text(_CREATE)

    def create(self, number: int) -> Step:
        """Open an instance at its first step."""
        execute, now = self._execute, datetime.now(UTC)
        at, due_at = self._moment(now), self._moment(now + _LIMIT)
        self._start()
        instance_id = execute(self._create, (f"W-{number}", at)).fetchone()[0]
        step_id = execute(self._open_step, (instance_id, "B1", at, due_at)).fetchone()[0]
        execute(self._audit, (instance_id, step_id, "started", "nang.hoang", at, _DUMPS({"opened": "B1"})))
        execute("commit", ())
        return Step(step_id, instance_id, "B1")

    def complete(self, step: Step, answer: Answer) -> Step | None:
        """Complete a step; the next one, or None at the end."""
        execute, now = self._execute, datetime.now(UTC)
        at, due_at = self._moment(now), self._moment(now + _LIMIT)
        self._start()
        instance_id, code, _, status, *_ = execute(self._read_step, (step.id,)).fetchone()
        node, _, version, variables = execute(self._lock_instance, (instance_id,)).fetchone()
        if status != "open" or node != code:
            raise RuntimeError(f"the floor lost its way at {code}")
        answers = {"outcome": answer.outcome, **answer.values}
        variables = {**(json.loads(variables) if isinstance(variables, str) else variables), code: answers}
        if execute(self._complete_step, ("nang.hoang", _DUMPS(answers), at, step.id)).rowcount != 1:
            raise RuntimeError("somebody else was quicker")
        following = next_code(code, variables)
        ended = code == LAST
        state = ("ended" if ended else "running", at if ended else None)
        execute(self._move_instance, (following or code, _DUMPS(variables), *state, instance_id, version))
        opened = execute(self._open_step, (instance_id, following, at, due_at)).fetchone()[0] if following else 0
        execute(self._audit, (instance_id, step.id, "completed", "nang.hoang", at, _DUMPS({"step": code, "next": following, **answers})))
        execute("commit", ())
        return Step(opened, instance_id, following) if following else None

    def _start(self) -> None:
        if self._begin is not None:
            self._execute(self._begin, ())


def postgresql_floor(url: str) -> tuple[Floor, Callable[[], None]]:
    """The floor on psycopg 3 with its defaults: statements that come again are prepared, the transaction begins by itself."""
    connection = psycopg.connect(url)
    cursor = connection.cursor()

    def text(template: str) -> str:
        return template.format(schema=f"{SCHEMA}.", lock=" for update").replace("?", "%s")

    return Floor(cursor.execute, None, text, lambda moment: moment), connection.close


def sqlite_floor(path: Path) -> tuple[Floor, Callable[[], None]]:
    """The floor on the sqlite3 module: write-ahead log, synchronous FULL, BEGIN IMMEDIATE."""
    connection = _sqlite(path)

    def text(template: str) -> str:
        return template.format(schema="", lock="")

    return Floor(connection.execute, "begin immediate", text, datetime.isoformat), connection.close


def prepare_postgresql(url: str) -> None:
    """Make the tables of the floor anew, in a schema of their own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop schema if exists {SCHEMA} cascade")
        connection.execute(f"create schema {SCHEMA}")
        types = {"key": "bigint generated always as identity primary key", "json": "jsonb", "moment": "timestamptz"}
        connection.execute(_TABLES.format(schema=f"{SCHEMA}.", **types))


def drop_postgresql(url: str) -> None:
    """Leave nothing of the floor behind."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop schema if exists {SCHEMA} cascade")


def prepare_sqlite(path: Path) -> None:
    """Make the tables of the floor, in a file of their own: the floor and we never pay for each other's checkpoints."""
    connection = _sqlite(path)
    connection.executescript(_TABLES.format(schema="", key="integer primary key", json="text", moment="text"))
    connection.close()


def _sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "cache_size=-65536"):
        connection.execute(f"pragma {pragma}")
    return connection
