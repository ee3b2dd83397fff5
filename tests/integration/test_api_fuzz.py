"""Whatever is sent to the API, it answers as its description says and never fails."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from engine.database import Database
from processes.organisation.rules import OFFICE_ZONE
from tests.commune import PASSWORD, PASSWORDS
from tests.office import open_office
from web.app import create_app
from web.settings import Settings


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path) -> Any:
    """The API's own description, asked as an officer of the counter with a dossier at hand."""
    office = open_office(Database(sqlite_url)).at("2026-11-20T08:00")
    office.accept()
    made = Settings(tmp_path, sqlite_url, "127.0.0.1", 8000, OFFICE_ZONE, None, None, "chín con mây bay qua núi")
    app = create_app(made, office.database, office.areas, clock=office.commune.clock, ids=office.commune.ids, passwords=PASSWORDS)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    token = app.test_client().post("/api/v1/sessions", json={"login": "nang.hoang", "password": PASSWORD}).get_json()["token"]
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app), {"Authorization": f"Bearer {token}"}


def test_never_fails(api: Any) -> None:
    schema, headers = api
    asked, statuses = 0, set[int]()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/sessions/current"):
            continue  # logging out would close all other doors

        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def answers(case: Any) -> None:
            nonlocal asked
            asked += 1
            answer = case.call_and_validate(headers=headers, checks=[not_a_server_error])
            statuses.add(answer.status_code)

        answers()
    assert asked > 100
    assert {200, 404, 422} <= statuses  # it came past the door
