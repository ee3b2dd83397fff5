"""The models behind the procedures: which version of which one runs, and its sources."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from engine.tables import definitions


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A published model by its key and version; sha256 is that of its files."""

    key: str
    version: int
    name: str
    published_at: datetime | None
    sha256: str


def model_versions(connection: Connection, definition_ids: Iterable[int]) -> Mapping[int, ModelVersion]:
    """These published models by id; one statement."""
    columns = (definitions.c.key, definitions.c.version, definitions.c.name, definitions.c.published_at, definitions.c.sha256)
    query = select(definitions.c.id, *columns).where(definitions.c.id.in_(list(definition_ids)))
    return {row[0]: ModelVersion(*row[1:]) for row in connection.execute(query)}
