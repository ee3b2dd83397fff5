"""Where each role lands after logging in, and what leads back from where one may not be."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from engine.database import Database
from engine.tables import marks
from tests.officeweb import OfficeSite, open_office_site

BANNER = "Dữ liệu mô phỏng: mọi hồ sơ, tên người ở đây đều hư cấu."


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path, "2.000908")


class TestHome:
    @pytest.mark.parametrize(
        ("login", "page"),
        [
            ("nang.hoang", "/desk"),
            ("but.luong", "/desk"),
            ("tinh.dinh", "/monitor"),
            ("chuan.ngo", "/quality/nonconformities"),
            ("soi.ta", "/trace"),
            ("may.quan", "/catalogue"),
        ],
    )
    def test_leads_each_role_to_its_own_page(self, site: OfficeSite, login: str, page: str) -> None:
        answer = site.log_in(login).client.get("/")
        assert (answer.status_code, answer.location) == (303, page)
        assert site.client.get(page).status_code == 200


class TestRefusals:
    def test_stand_in_the_shell_with_every_page_that_is_open(self, site: OfficeSite) -> None:
        page = site.log_in("nang.hoang").page("/trace", status=403)
        assert 'href="/desk"' in page
        assert 'href="/register"' in page
        assert "Về trang chính" in page

    def test_lead_home_from_an_address_that_is_not_there(self, site: OfficeSite) -> None:
        page = site.log_in("nang.hoang").page("/khong-co", status=404)
        assert "Không có trang này." in page
        assert 'href="/">' in page


class TestSimulatedDatabase:
    def test_is_named_on_every_page_of_every_role(self, site: OfficeSite, database: Database) -> None:
        with database.writing() as connection:
            connection.execute(insert(marks).values(name="simulated", value="2026"))
        site.log_in("tinh.dinh")
        for path in ("/monitor", "/register", "/quality/nonconformities", "/trace", "/catalogue", "/catalogue/2.000908"):
            assert BANNER in site.page(path), path
