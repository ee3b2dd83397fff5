"""What tests of the organisation share: refusals leave nothing behind, and the last thing that was traced."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from engine.database import Database
from engine.errors import EngineError
from engine.tables import trace_entries, trace_values
from processes.organisation.models import Agency, Person, SeatGrant
from tests.commune import Commune


def refused(database: Database, kind: type[EngineError], act: Callable[[Connection], Any]) -> EngineError:
    """What is refused leaves nothing behind: neither rows nor trace."""
    with database.reading() as connection:
        before = counts(connection)
    with pytest.raises(kind) as caught, database.writing() as connection:
        act(connection)
    with database.reading() as connection:
        assert counts(connection) == before
    return caught.value


def counts(connection: Connection) -> list[int | None]:
    return [
        connection.scalar(select(func.count()).select_from(table)) for table in (Agency, Person, SeatGrant, trace_entries, trace_values)
    ]


def last_entry(connection: Connection, commune: Commune) -> dict[str, Any]:
    query = select(trace_entries.c.body).where(trace_entries.c.chain_kind == "agency", trace_entries.c.chain_id == commune.agency_id)
    body: dict[str, Any] = json.loads(connection.scalars(query.order_by(trace_entries.c.chain_seq.desc()).limit(1)).one())
    return body
