"""The auditor with no trust in anyone, the ISO secretary on a Friday afternoon, the leader with two minutes on a phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from engine.database import Database
from processes.dossiers.operations import Accepted
from tests.journeys.serving import AXE, Desk, served
from tests.officeweb import OfficeSite, open_office_site

COPY, BUSINESS = "2.000908", "1.001612"
PHONE = {"viewport": {"width": 390, "height": 844}}
WIDTHS = (1440, 1024, 390, 360)


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[OfficeSite]:
    database = Database(sqlite_url)
    yield open_office_site(database, tmp_path, COPY, BUSINESS)
    database.dispose()


@pytest.fixture
def address(site: OfficeSite) -> Iterator[str]:
    with served(site) as found:
        yield found


@pytest.fixture
def late(site: OfficeSite) -> list[Accepted]:
    """Three dossiers whose first step was 43 minutes late, one that nobody has touched, all before the weekend; it is Monday."""
    accepted = [site.office.accept() for _ in range(3)]
    site.office.at("2026-11-20T10:43").sweep()
    for one in accepted:
        site.office.complete(one, "nang.hoang", late_reason="workload", note="Máy in kẹt giấy")
    accepted.append(site.office.accept(BUSINESS))
    site.office.at("2026-11-23T08:00").sweep()
    return accepted


class TestAuditor:
    def test_reads_one_dossiers_story_and_verifies_the_log(
        self, site: OfficeSite, address: str, late: list[Accepted], browser: Browser
    ) -> None:
        desk = Desk(browser, address, "soi.ta")
        page = desk.open("/trace")
        page.fill("#f-q", late[0].code[-11:])
        page.get_by_role("button", name="Tìm", exact=True).click()
        expect(page.locator("#tl")).to_have_text("Lường Văn Đạt, Cấp bản sao từ sổ gốc")
        story = page.locator(".timeline li")
        expect(story.filter(has_text="hoàn thành B1")).to_contain_text("quá hạn")
        expect(story.filter(has_text="vì B1 quá hạn")).to_contain_text("Hệ thống lập KPH-2026-0001")
        expect(page.locator("main")).not_to_contain_text("014085000456")
        expect(story.last).to_contain_text("(bạn) xem nhật ký này")

        page.get_by_role("button", name="Kiểm tra").click()
        expect(page.locator("#verification")).to_contain_text("Nguyên vẹn")

        page.get_by_role("link", name="mở hồ sơ").click()
        slip = page.locator("table.slip tbody tr")
        expect(slip.first).to_contain_text("Quá hạn")
        expect(slip.first).to_contain_text("Máy in kẹt giấy")
        assert not desk.faults


class TestSecretary:
    def test_closes_what_is_mended_in_bulk(self, site: OfficeSite, address: str, late: list[Accepted], browser: Browser) -> None:
        desk = Desk(browser, address, "chuan.ngo")
        page = desk.open("/quality/nonconformities")
        page.get_by_role("link", name=re.compile("Đã khắc phục 3")).click()
        page.get_by_role("link", name="Chọn mọi phiếu").click()
        expect(page.get_by_role("checkbox", checked=True)).to_have_count(3)
        page.get_by_role("checkbox", name="Chọn KPH-2026-0002").uncheck()
        page.fill("#note", "Đã nhắc cả bộ phận")
        page.get_by_role("button", name="Đóng các phiếu đã chọn").click()
        expect(page.locator("#messages")).to_contain_text("Đã đóng 2 phiếu.")
        page.get_by_role("link", name="KPH-2026-0002").click()
        expect(page.locator("h1")).to_contain_text("quá hạn 43 phút")
        page.get_by_role("button", name="Đóng phiếu").first.click()
        page.locator("dialog#close").get_by_role("button", name="Đóng phiếu").click()
        expect(page.locator("#messages")).to_contain_text("Đã đóng KPH-2026-0002.")
        page.get_by_role("link", name=re.compile("^Hồ sơ 261120")).click()
        expect(page.locator("table.slip tbody tr").first).to_contain_text("Máy in kẹt giấy")
        assert not desk.faults


class TestLeader:
    def test_sees_on_a_phone_what_is_stuck_and_goes_there(
        self, site: OfficeSite, address: str, late: list[Accepted], browser: Browser
    ) -> None:
        site.office.at("2026-11-23T11:00").sweep()
        desk = Desk(browser, address, "tinh.dinh", **PHONE)
        page = desk.open("/monitor")
        assert desk.overflow() == 0
        expect(page.get_by_role("link", name=re.compile("Đang quá hạn 3"))).to_be_visible()
        expect(page.locator("#drill")).to_contain_text("3")
        page.get_by_role("link", name=re.compile("Đang quá hạn 3")).click()
        expect(page.locator(".reg tbody tr")).to_have_count(3)
        page.locator(".reg tbody tr a").first.click()
        expect(page.locator("table.slip tbody tr").first).to_contain_text("Máy in kẹt giấy")
        assert not desk.faults


class TestPages:
    PATHS = (
        "/register",
        "/monitor",
        "/quality/nonconformities",
        "/quality/nonconformities/KPH-2026-0001",
        "/trace",
        "/catalogue",
        "/catalogue/1.001612",
    )

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_are_open_to_everybody_who_reads_with_ears_or_keys(
        self, site: OfficeSite, address: str, late: list[Accepted], browser: Browser, scheme: str
    ) -> None:
        if not AXE.exists():
            pytest.skip("axe-core is not installed")
        desk = Desk(browser, address, "tinh.dinh", color_scheme=scheme)
        found = {path: faults for path in self.PATHS if desk.open(path) and (faults := desk.accessibility())}
        assert found == {}

    def test_never_move_sideways(self, site: OfficeSite, address: str, late: list[Accepted], browser: Browser) -> None:
        wide = {}
        for width in WIDTHS:
            desk = Desk(browser, address, "tinh.dinh", viewport={"width": width, "height": 900})
            wide |= {(path, width): by for path in self.PATHS if desk.open(path) and (by := desk.overflow())}
        assert wide == {}
