"""Published models: stored once, never changed, compiled once in each process."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, insert, select

from engine import spiff
from engine.actor import Actor
from engine.clock import Clock
from engine.errors import NotFoundError
from engine.ids import Ids
from engine.model.elements import ProcessModel
from engine.model.reading import read_model
from engine.tables import definitions


class Definitions:
    """Publishes models and hands out compiled ones; keeps at most `size` of them, which never change."""

    def __init__(self, *, clock: Clock, ids: Ids, size: int = 200) -> None:
        self._clock, self._ids = clock, ids
        self._compiled = spiff.DefinitionCache(size)

    def load(self, connection: Connection, definition_id: int) -> spiff.Definition:
        """A published model in runnable form.

        Raises: NotFoundError.
        """
        return self._compiled.get(definition_id, lambda: _read(connection, definition_id))

    def publish(self, connection: Connection, *, sources: Mapping[str, bytes], actor: Actor) -> int:
        """Store a model as the next version of its key, unless the newest version is the same to the byte; returns its id.

        Raises: ModelError when the files are no model of ours.
        """
        model = read_model(sources)
        newest = connection.execute(
            select(definitions).where(definitions.c.key == model.key).order_by(definitions.c.version.desc()).limit(1)
        ).first()
        if newest is not None and newest.sha256 == model.sha256:
            return int(newest.id)
        spiff.compile_definition(model)  # what cannot be compiled is refused here, not at the first dossier
        last = connection.execute(select(func.max(definitions.c.version)).where(definitions.c.key == model.key)).scalar() or 0
        definition_id = self._ids.next()
        row = {
            "id": definition_id,
            "key": model.key,
            "version": last + 1,
            "name": model.main.name,
            "status": "published",
            "sources": {name: text.decode() for name, text in model.sources.items()},
            "sha256": model.sha256,
            "published_at": self._clock.now(),
            "published_by": actor.label,
        }
        connection.execute(insert(definitions), [row])
        return definition_id


def _read(connection: Connection, definition_id: int) -> ProcessModel:
    sources = connection.execute(select(definitions.c.sources).where(definitions.c.id == definition_id)).scalar()
    if sources is None:
        raise NotFoundError("There is no such model version.", code="definition_not_found", definition_id=definition_id)
    return read_model({name: text.encode() for name, text in sources.items()})
