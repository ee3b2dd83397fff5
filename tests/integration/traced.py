"""A small trace to try things on: a few instances, what happened to them, a log-in or two; and the forger who dropped the triggers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Connection, Table, insert, select, text

from engine.actor import Actor
from engine.database import Database
from engine.ids import TimeOrderedIds
from engine.tables import UtcMoment, calendar_versions, definitions, instances, trace_entries
from engine.trace.records import Chain, Record
from engine.trace.report import Report
from engine.trace.sequencing import sequence
from engine.trace.triggers import drop_triggers
from engine.trace.verification import verify
from engine.trace.writing import append_loose, record_on

AT = datetime(2026, 11, 20, 7, 20, tzinfo=UTC)
NANG = Actor(person_id=7, label="nang.hoang", agency_id=1)


@dataclass
class Traced:
    """A database with instances whose chains can be added to."""

    database: Database
    ids: TimeOrderedIds = field(default_factory=TimeOrderedIds)
    at: datetime = AT

    def instance(self) -> Chain:
        """A new instance with nothing on its chain."""
        with self.database.writing() as connection:
            definition, calendar = connection.scalar(select(definitions.c.id)), connection.scalar(select(calendar_versions.c.id))
            definition = definition or self._row(connection, definitions, status="draft")
            calendar = calendar or self._row(connection, calendar_versions)
            kept = {"definition_id": definition, "calendar_version_id": calendar, "status": "running", "clock": "none"}
            return Chain("instance", self._row(connection, instances, **kept))

    def happen(self, chain: Chain, *personal: dict[str, str], times: int = 1) -> list[int]:
        """Add entries to a chain, one for each handful of personal values or as many times as told; returns their ids."""
        records = [self.record(chain, values) for values in personal or ({},) * times]
        with self.database.writing() as connection:
            record_on(connection, chain, records, NANG, self.tick(), AT, self.ids)
        return self.entries(chain)[-len(records) :]

    def loose(self, **personal: str) -> int:
        """Add an entry on no chain."""
        with self.database.writing() as connection:
            return append_loose(
                connection, Record("person.session.opened", {"from": "10.0.0.7"}, personal), NANG, self.tick(), AT, self.ids
            )

    def record(self, chain: Chain, personal: dict[str, str]) -> Record:
        facts = {"step": "B1", "name": "Tiếp nhận", "outcome": None}
        return Record("dossier.step.completed", facts, personal, subject_code=f"H99.018-{chain.id % 1000}", agency_id=1, chain=chain)

    def number(self) -> int:
        with self.database.writing() as connection:
            return sequence(connection)

    def verify(self) -> Report:
        with self.database.reading() as connection:
            return verify(connection)

    def entries(self, chain: Chain | None = None) -> list[int]:
        """The ids of a chain's entries in their order, or of all entries."""
        query = select(trace_entries.c.id).order_by(trace_entries.c.chain_seq if chain else trace_entries.c.id)
        if chain is not None:
            query = query.where(trace_entries.c.chain_kind == chain.kind, trace_entries.c.chain_id == chain.id)
        with self.database.reading() as connection:
            return list(connection.scalars(query))

    def tick(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at

    @contextmanager
    def forging(self) -> Iterator[Connection]:
        """A transaction of somebody who owns the database: no triggers, no foreign keys."""
        with self.database.sql.connect() as connection:
            if self.database.dialect == "sqlite":
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute("pragma foreign_keys=off")
            with connection.begin():
                drop_triggers(connection)
                if self.database.dialect == "postgresql":
                    connection.execute(text("set session_replication_role = replica"))
                yield connection
            connection.invalidate()  # the pool must not hand out a connection without foreign keys

    def _row(self, connection: Connection, table: Table, **given: Any) -> int:
        """A row in which only what is given matters."""
        row = {column.name: _anything(column.type) for column in table.columns if not column.nullable and column.server_default is None}
        row |= {"id": self.ids.next(), "subject_id": self.ids.next(), "version": self.ids.next() % 2**31} | given
        connection.execute(insert(table), {name: value for name, value in row.items() if name in table.c})
        return int(row["id"])


_SAMPLES: dict[type, Callable[[], Any]] = {int: int, str: str, bool: bool, bytes: bytes, date: lambda: AT.date()}


def _anything(kind: Any) -> Any:
    if isinstance(kind, UtcMoment | JSON):
        return AT if isinstance(kind, UtcMoment) else {}
    return _SAMPLES[kind.python_type]()
