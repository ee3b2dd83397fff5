"""What machines are told about this one."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from engine.database import Database
from engine.tables import heartbeats, instances
from processes import wiring
from tests.office import Office
from tests.webapp import Site, open_site
from web.app import create_app
from web.settings import Settings

PAGES = ("web.pages.session:blueprint", "web.pages.health:blueprint")


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return open_site(database, tmp_path, pages=PAGES)


@pytest.fixture
def swept(site: Site, database: Database) -> Site:
    office_of(site, database).sweep()
    return site


def office_of(site: Site, database: Database) -> Office:
    return Office(database, site.commune, wiring.build(clock=site.commune.clock, ids=site.commune.ids))


class TestHealthz:
    def test_answers_without_a_log_in(self, site: Site) -> None:
        answer = site.client.get("/healthz")
        assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


class TestReadyz:
    def test_is_ready_when_deadlines_are_watched(self, swept: Site) -> None:
        answer = swept.client.get("/readyz")
        assert answer.status_code == 200
        told = answer.get_json()
        assert (told["ready"], told["migrations_current"], told["parked_instances"], told["problems"]) == (True, True, 0, [])
        assert 0 <= told["sweep_age_seconds"] < 60
        assert told["last_sweep_at"] == "2026-11-20T08:00:00+07:00"

    def test_is_not_ready_before_the_first_sweep(self, site: Site) -> None:
        answer = site.client.get("/readyz")
        assert (answer.status_code, answer.get_json()["problems"]) == (503, ["sweep_late"])

    def test_is_not_ready_when_the_last_sweep_is_long_ago_by_the_machines_clock(self, swept: Site, database: Database) -> None:
        with database.writing() as connection:
            connection.execute(update(heartbeats).values(recorded_at=swept.commune.clock.now().replace(year=2020)))
        answer = swept.client.get("/readyz")
        assert (answer.status_code, answer.get_json()["problems"]) == (503, ["sweep_late"])

    def test_shows_how_many_instances_are_parked_and_names_nobody(self, swept: Site, database: Database) -> None:
        office = office_of(swept, database).load("2.000908")
        accepted = office.accept()
        with database.writing() as connection:
            connection.execute(update(instances).values(parked_at=office.commune.clock.now(), parked_error="StateError: unreadable"))
        answer = swept.client.get("/readyz")
        assert (answer.status_code, answer.get_json()["parked_instances"]) == (200, 1)
        assert accepted.code not in answer.get_data(as_text=True)

    def test_says_that_the_schema_is_old(self, empty_database: Database, tmp_path: Path) -> None:
        answer = client_on(empty_database, tmp_path).get("/readyz")
        assert (answer.status_code, answer.get_json()["problems"]) == (503, ["migrations_outstanding"])

    def test_says_that_the_database_does_not_answer(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path / 'missing' / 'eiso.db'}")
        answer = client_on(database, tmp_path).get("/readyz")
        assert (answer.status_code, answer.get_json()["problems"]) == (503, ["database_unavailable"])


class TestMetrics:
    def test_count_what_is_open_overdue_and_parked(self, swept: Site, database: Database) -> None:
        office = office_of(swept, database).load("2.000908")
        office.accept()
        office.accept()
        office.at("2026-11-20T10:01").accept()
        figures = read_metrics(swept)
        assert (figures["eiso_open_steps"], figures["eiso_overdue_steps"], figures["eiso_parked_instances"]) == (3, 2, 0)
        assert figures["eiso_overdue_dossiers"] == 0
        office.at("2026-11-23T08:01")
        assert read_metrics(swept)["eiso_overdue_dossiers"] == 2

    def test_count_answers_by_status(self, swept: Site) -> None:
        swept.client.get("/healthz")
        swept.client.get("/no-such-page")
        figures = read_metrics(swept)
        assert (figures['eiso_requests_total{status="200"}'], figures['eiso_requests_total{status="404"}']) == (1, 1)

    def test_are_kept_apart_by_application(self, swept: Site, database: Database, tmp_path: Path) -> None:
        swept.client.get("/healthz")
        other = open_site_again(swept, database, tmp_path)
        assert "eiso_requests_total" not in read_metrics(other)


def open_site_again(site: Site, database: Database, folder: Path) -> Site:
    client = client_on(database, folder)
    return Site(client.application, site.commune, client)


def client_on(database: Database, folder: Path) -> FlaskClient:
    settings = Settings(folder, str(database.url), "127.0.0.1", 8000, ZoneInfo("Asia/Ho_Chi_Minh"), None, None, "chín con mây bay qua núi")
    return create_app(settings, database, pages=PAGES).test_client()


def read_metrics(site: Site) -> dict[str, float]:
    lines = site.client.get("/metrics").get_data(as_text=True).splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}
