"""Addresses of pages that an installation may or may not have, and that an actor may or may not open."""

from flask import current_app, g, url_for

from processes.organisation.rights import may


def page_href(endpoint: str, permission: str, **values: object) -> str | None:
    """The address of a page; None when it is not part of this installation or not the actor's."""
    actor = g.get("actor")
    if endpoint not in current_app.view_functions or actor is None or not may(actor, permission):
        return None
    return url_for(endpoint, **values)  # type: ignore[arg-type]


def nonconformity_href(number: str) -> str | None:
    """Whoever sees a dossier sees the nonconformities raised on it."""
    return page_href("quality.nonconformity", "dossier.read", number=number)


def trace_href(code: str) -> str | None:
    return page_href("trace.trace", "trace.read", q=code)
