"""An application for tests: the invented commune behind it, and a client that logs in as its officers do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.database import Database
from tests.commune import PASSWORD, PASSWORDS, Commune, found_commune
from web.app import create_app
from web.pages import PAGES
from web.settings import Settings

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@dataclass
class Site:
    """An application, its commune, and a browser of sorts."""

    app: Flask
    commune: Commune
    client: FlaskClient

    def token(self, path: str = "/login") -> str:
        """The token against forged forms, as the page shows it."""
        found = _TOKEN.search(self.client.get(path).get_data(as_text=True))
        assert found is not None
        return found[1]

    def log_in(self, login: str = "nang.hoang", password: str = PASSWORD) -> TestResponse:
        return self.client.post("/login", data={"login": login, "password": password, "csrf_token": self.token()})


def open_site(database: Database, folder: Path, *, pages: Sequence[str] = PAGES) -> Site:
    """Build the application on a fresh database with the commune in it."""
    commune = found_commune(database)
    settings = Settings(folder, str(database.url), "127.0.0.1", 8000, ZoneInfo("Asia/Ho_Chi_Minh"), None, None, "chín con mây bay qua núi")
    app = create_app(settings, database, pages=pages, clock=commune.clock, ids=commune.ids, passwords=PASSWORDS)
    return Site(app, commune, app.test_client())
