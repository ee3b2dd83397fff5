"""Makes a database ready for a simulation: somebody to work in it, procedures to ask for, and the mark that it is one."""

from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from engine.actor import SYSTEM
from engine.clock import Clock
from engine.definitions import Definitions
from engine.ids import Ids
from engine.tables import marks
from engine.trace.records import Record
from engine.trace.writing import append_loose
from processes.catalogue.loading import load_catalogue
from processes.simulation import queries
from processes.simulation.founding import found_commune


def prepare(
    connection: Connection, *, clock: Clock, ids: Ids, definitions: Definitions, catalogue: Path | Traversable, facts: dict[str, Any]
) -> bool:
    """Found the invented commune where there is no agency, load the catalogue, mark the database as simulated.

    From then on its figures are simulated ones, which every page says; so the mark is in the trace, with these facts.
    Whether the commune was founded now is returned.

    Raises: WrongStateError (database_is_live).
    """
    queries.require_no_live_dossier(connection)
    is_founded = not queries.has_agency(connection)
    if is_founded:
        found_commune(connection, clock=clock, ids=ids)
    if is_founded or not queries.has_procedures(connection, clock.now()):
        load_catalogue(connection, catalogue, definitions=definitions, actor=SYSTEM, ids=ids)
    if not queries.is_marked(connection):
        connection.execute(insert(marks).values(name=queries.SIMULATED, value=_text(clock.now())))
    record = Record("simulation.database.prepared", {**facts, "is_founded": is_founded})
    append_loose(connection, record, SYSTEM, clock.now(), clock.recorded_now(), ids)
    return is_founded


def _text(moment: datetime) -> str:
    return f"since {moment.isoformat(timespec='minutes')}"
