"""The catalogue: what a procedure asks for and how long it may take, with the model that it runs."""

from pathlib import Path

import pytest

from engine.database import Database
from tests.officeweb import OfficeSite, counted_statements, open_office_site

COPY, PERMIT, CERTIFIED, BIRTH = "2.000908", "1.013225", "2.000815", "1.001193"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path, COPY, PERMIT, CERTIFIED, BIRTH).log_in("nang.hoang")


class TestList:
    def test_tells_limits_papers_fee_and_model(self, site: OfficeSite) -> None:
        page = site.page("/catalogue")
        assert "4 thủ tục" in page
        line = page.split("Cấp bản sao từ sổ gốc", 1)[1].split("</tr>", 1)[0]
        assert "1 ngày làm việc" in line
        assert "3, bắt buộc 0" in line
        assert "Miễn phí" in line
        assert "2.000908, lần 1" in line

    def test_tells_each_variant(self, site: OfficeSite) -> None:
        line = site.page("/catalogue").split("Cấp giấy phép xây dựng", 1)[1].split("</tr>", 1)[0]
        assert "Nhà ở riêng lẻ" in line
        assert "15 ngày" in line
        assert "20 ngày" in line

    def test_finds_without_accents(self, site: OfficeSite) -> None:
        page = site.page("/catalogue?q=ban sao tu so goc")
        assert COPY in page
        assert PERMIT not in page
        assert "Thử ít chữ hơn" in site.page("/catalogue?q=khong co gi")

    def test_asks_the_database_no_more_for_more_procedures(self, site: OfficeSite) -> None:
        site.page("/catalogue")
        with counted_statements(site.office.database) as one:
            site.page(f"/catalogue?q={COPY}")
        with counted_statements(site.office.database) as four:
            site.page("/catalogue")
        assert len(one) == len(four) <= 10


class TestProcedure:
    def test_draws_the_model_and_tables_its_steps(self, site: OfficeSite) -> None:
        page = site.page(f"/catalogue/{PERMIT}")
        assert 'data-diagram="model-0"' in page
        assert "bpmn:definitions" in page or "definitions" in page
        assert "Lấy ý kiến (12 ngày)" in page
        assert "ngày liên tục, không tính ngày nhận" in page
        assert "không phải người đã làm B6" in page

    def test_says_how_a_same_day_limit_is_counted(self, site: OfficeSite) -> None:
        assert "trả trong ngày làm việc" in site.page(f"/catalogue/{BIRTH}")

    def test_does_not_know_every_code(self, site: OfficeSite) -> None:
        assert "Không có thủ tục mã 9.999999." in site.page("/catalogue/9.999999", status=404)
