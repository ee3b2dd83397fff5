"""The application factory: settings and a database in, a Flask application out."""

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask, g, url_for
from werkzeug.routing import IntegerConverter, Map

from engine.database import Database
from processes.wiring import Areas
from web import access, api, errors, security, timephrases, wording
from web.navigation import links_for
from web.pages import PAGES
from web.services import Services, install, services
from web.settings import Settings
from web.views import simulated

_HERE = Path(__file__).parent
_MAX_REQUEST_BYTES = 64 * 1024 * 1024  # scans come in one request with the form


class RowId(IntegerConverter):
    """The id of a row in an address; a number that no row can have is no address of ours."""

    def __init__(self, map_: Map) -> None:
        super().__init__(map_, max=2**63 - 1)


def create_app(
    settings: Settings,
    database: Database,
    areas: Areas | None = None,
    *,
    pages: Sequence[str] = PAGES,
    **parts: Any,
) -> Flask:
    """Make the application that answers with these settings on this database.

    Shape: pages are "module:attribute" of blueprints; areas is what processes.wiring built, None for pages that need none;
        parts are the other parts of web.services.Services: clock, ids, passwords, demo.
    """
    app = Flask("web", root_path=str(_HERE), static_folder="static", template_folder="templates")
    app.url_map.converters["id"] = RowId
    install(app, Services(settings, database, areas, **parts))
    app.config["MAX_CONTENT_LENGTH"] = _MAX_REQUEST_BYTES
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.before_request(_tell_time)
    csrf = security.protect(app, settings.secret_key())
    access.guard(app)
    api.install(app, csrf)
    errors.handle_errors(app)
    _speak(app)
    for name in pages:
        module, attribute = name.split(":")
        app.register_blueprint(getattr(import_module(module), attribute))
    return app


def _tell_time() -> None:
    """One moment for the whole request: two figures on a page never disagree."""
    g.now = services().clock.now()


def _speak(app: Flask) -> None:
    """Give the templates their words, icons and figures."""
    manifest = _manifest(_HERE / "static" / "dist" / "manifest.json")
    app.jinja_env.globals.update(
        asset=lambda name: url_for("static", filename=f"dist/{name}", v=manifest.get(name)),
        STATES=wording.STATES,
        STATUSES=wording.STATUSES,
        GROUPS=wording.GROUPS,
        NONCONFORMITY_STATUSES=wording.NONCONFORMITY_STATUSES,
        links=links_for,
    )
    app.jinja_env.filters.update(_filters())
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_about_the_page)


def _about_the_page() -> dict[str, Any]:
    """What every template has; is_simulated is asked by the shell alone, so that a page without it needs no database."""
    return {"signed_in": g.get("signed_in"), "now": g.get("now"), "demo": services().demo, "is_simulated": simulated.marked}


def _filters() -> dict[str, Callable[..., str]]:
    """Filters of our own; none may have the name of one that Jinja brings."""
    return {
        "moment": lambda at: timephrases.moment(at, g.now, services().zone),
        "ago": lambda at: timephrases.ago(at, g.now, services().zone),
        "exact": lambda at: timephrases.exact(at, services().zone),
        "on_form": lambda at: timephrases.on_form(at, services().zone),
        "clock_time": lambda at: timephrases.clock_time(at, services().zone),
        "day": timephrases.day,
        "full_day": timephrases.full_day,
        "worked": timephrases.length,
        "worked_hours": timephrases.hours,
        "ledger": timephrases.ledger,
        "number": wording.number,
        "percent": wording.percent,
        "money": wording.money,
        "masked": wording.masked,
        "short_code": wording.short_code,
    }


def _manifest(path: Path) -> dict[str, str]:
    """The hashes of the built front-end.

    Raises: FileNotFoundError when it was not built: pages without their style are not worth serving.
    """
    if not path.exists():
        raise FileNotFoundError(f"The front-end is not built: {path} is missing. Run make setup.")
    hashes: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return hashes
