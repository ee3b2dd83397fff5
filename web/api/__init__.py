"""The same work as JSON: /api/v1, described at /api/openapi.json, errors as {"code","message","errors","facts"}.

A client logs in at POST /api/v1/sessions and sends the token it gets as `Authorization: Bearer ...`; the browser's cookie opens
nothing here, so no page elsewhere can make a browser act.
"""

from importlib import import_module
from typing import Any

from flask import Flask
from flask_smorest import Api
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException

from web.access import public

BLUEPRINTS = (
    "web.api.sessions:blueprint",
    "web.api.catalogue:blueprint",
    "web.api.worklist:blueprint",
    "web.api.moves:blueprint",
    "web.api.dossiers:blueprint",
    "web.api.quality:blueprint",
    "web.api.trace:blueprint",
)
_SCHEME = {"type": "http", "scheme": "bearer", "description": "The token of POST /api/v1/sessions."}


class _Api(Api):  # type: ignore[misc]  # the library has no types
    """Leaves errors to web.errors, which knows how every refusal is said."""

    def _register_error_handlers(self) -> None:
        pass

    @public
    def _openapi_json(self) -> Any:
        return super()._openapi_json()

    def handle_http_exception(self, error: HTTPException) -> Any:
        raise error


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Add the API to the application."""
    app.config.update(
        API_TITLE="eISO",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    description = "Hồ sơ, bước xử lý, sự không phù hợp và nhật ký truy xuất."
    api = _Api(app, spec_kwargs={"info": {"description": description}, "security": [{"bearer": []}]})
    api.spec.components.security_scheme("bearer", _SCHEME)
    for name in BLUEPRINTS:
        module, attribute = name.split(":")
        blueprint = getattr(import_module(module), attribute)
        csrf.exempt(blueprint)
        api.register_blueprint(blueprint)
