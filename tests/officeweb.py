"""An application over the commune at work: what the pages show is what its officers have done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from engine.database import Database
from tests.commune import PASSWORD, PASSWORDS
from tests.office import COPY, Office, open_office
from tests.webapp import Site
from web.app import create_app
from web.pages import PAGES
from web.settings import Settings


@dataclass
class OfficeSite:
    """The office, and a browser of sorts on its pages."""

    office: Office
    site: Site

    @property
    def client(self) -> FlaskClient:
        return self.site.client

    def log_in(self, login: str) -> "OfficeSite":
        self.site.log_in(login)
        return self

    def page(self, path: str, status: int = 200) -> str:
        """The text of a page."""
        answer = self.client.get(path)
        text = answer.get_data(as_text=True)
        assert answer.status_code == status, text
        return text

    def send(self, path: str, *, shown_on: str, **values: object) -> TestResponse:
        """Send a form of a page."""
        return self.client.post(path, data={"csrf_token": self.site.token(shown_on), **values})


def open_office_site(database: Database, folder: Path, *codes: str, pages: Sequence[str] = ()) -> OfficeSite:
    """Found the commune, load these procedures, and build the application with its pages and these."""
    office = open_office(database, *(codes or (COPY,)))
    settings = Settings(folder, str(database.url), "127.0.0.1", 8000, ZoneInfo("Asia/Ho_Chi_Minh"), None, None, "chín con mây bay qua núi")
    tools = {"clock": office.commune.clock, "ids": office.commune.ids, "passwords": PASSWORDS}
    app = create_app(settings, database, office.areas, pages=tuple(dict.fromkeys((*PAGES, *pages))), **tools)
    return OfficeSite(office, Site(app, office.commune, app.test_client()))


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.sql, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.sql, "before_cursor_execute", note)


__all__ = ["PASSWORD", "OfficeSite", "counted_statements", "open_office_site"]
