"""Whether the pages must say that their figures are simulated."""

from datetime import timedelta

from flask import current_app, g

from engine.queries import is_simulated
from web.services import services

_KEY = "eiso_simulated"
_KEPT = timedelta(minutes=1)  # a database is marked when it is founded, so asking once a minute is plenty


def marked() -> bool:
    """Whether this database is marked as simulated; asked once a minute, not on every page."""
    known, asked_at = current_app.extensions.get(_KEY, (False, None))
    if asked_at is None or abs(g.now - asked_at) > _KEPT:
        with services().database.reading() as connection:
            known = is_simulated(connection)
        current_app.extensions[_KEY] = (known, g.now)
    return bool(known)
