"""An officer's day: a dossier from intake to the returned result, in a browser; it ends by reading the slip that it left behind."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.actor import SYSTEM
from engine.database import Database
from processes.dossiers.operations import Accepted
from tests.journeys.serving import AXE, Desk, served
from tests.officeweb import OfficeSite, open_office_site

COPY = "2.000908"


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[OfficeSite]:
    database = Database(sqlite_url)
    yield open_office_site(database, tmp_path, COPY, "1.001193", "1.001612", "1.013225")
    database.dispose()


@pytest.fixture
def address(site: OfficeSite) -> Iterator[str]:
    with served(site) as found:
        yield found


def accept_by_mouse(page: Page) -> str:
    """Fill the intake form and send it; the code of the dossier."""
    page.fill("#find", "ban sao tu so goc")
    page.get_by_role("radio", name=re.compile(COPY)).check()
    expect(page.locator("#appointment")).to_contain_text("08:00 thứ Hai")
    page.locator("[name=paper_TP1]").check()
    page.locator("#owner_number").press_sequentially("014085000456")
    expect(page.locator("#owner_number-help")).to_contain_text("nam, sinh năm 1985")
    page.fill("#owner_name", "Lường Văn Đạt")
    page.fill("#owner_address", "Bản Mây Hồng, xã Suối Mây")
    page.fill("#owner_phone", "0900000119")
    page.get_by_role("button", name="Tiếp nhận, in Mẫu 01 và 06").click()
    page.wait_for_url("**/desk/intake/accepted/*")
    return page.url.rsplit("/", 1)[1]


def finish(page: Page, button: str = "Hoàn thành") -> None:
    """Take the step on the dossier's page and complete it."""
    page.get_by_role("button", name="Nhận việc").click()
    page.get_by_role("button", name=re.compile(f"^{button}")).click()
    expect(page.locator("#messages")).to_contain_text("Đã hoàn thành")


class TestDossier:
    def test_goes_from_intake_to_the_returned_result(self, site: OfficeSite, address: str, browser: Browser) -> None:
        counter = Desk(browser, address, "nang.hoang")
        page = counter.open("/desk/intake")
        code = accept_by_mouse(page)
        expect(page.locator("main")).to_contain_text("08:00 thứ Hai 23/11/2026")
        page.goto(f"{address}/desk/intake")
        expect(page.locator("#owner_name")).to_have_value(""), "the draft is done with"

        page.goto(f"{address}/desk")
        row = page.locator("tr", has_text=code[-11:])
        row.get_by_role("button", name="Nhận việc").click()
        expect(page.locator("#messages")).to_contain_text("Đã nhận bước B1")
        site.office.later(minutes=20)
        row.get_by_role("button", name="Hoàn thành").click()
        expect(page.locator("#messages")).to_contain_text("Chuyển tới B2")
        expect(row).to_have_count(0)

        site.office.later(minutes=5)
        finish(Desk(browser, address, "but.luong").open(f"/dossiers/{code}"))
        leader = Desk(browser, address, "tinh.dinh").open(f"/dossiers/{code}")
        leader.get_by_role("button", name="Nhận việc").click()
        leader.get_by_role("button", name="Hoàn thành B3").click()
        expect(leader.locator("main")).to_contain_text("Chưa chọn kết quả của bước.")
        leader.get_by_label("Ký", exact=True).check()
        leader.get_by_role("button", name="Hoàn thành B3").click()
        expect(leader.locator("#messages")).to_contain_text("Đã hoàn thành B3.")
        finish(Desk(browser, address, "dau.do").open(f"/dossiers/{code}"))

        page.goto(f"{address}/dossiers/{code}")
        page.get_by_role("button", name="Nhận việc").click()
        page.fill("#receiver", "Lường Văn Đạt")
        page.get_by_role("button", name="Trả kết quả").click()
        expect(page.locator("#messages")).to_contain_text("Đã trả kết quả cho Lường Văn Đạt.")
        expect(page.locator(".diagram svg").first).to_be_visible()

        slip = page.locator("table.slip tbody tr")
        expect(slip).to_have_count(5)
        expect(slip.nth(0)).to_contain_text("B1 dùng 20 phút trên 2 giờ")
        expect(slip.nth(0)).to_contain_text("Hoàng Thị Nắng")
        expect(slip.nth(0)).to_contain_text("giao 08:20, nhận 08:25")
        expect(slip.nth(2)).to_contain_text("Ký")
        expect(slip.nth(4)).to_contain_text("Lường Văn Đạt (nhận kết quả)")
        assert not counter.faults

    def test_tells_why_a_step_was_late(self, site: OfficeSite, address: str, browser: Browser) -> None:
        accepted = site.office.accept()
        site.office.at("2026-11-20T10:43")
        desk = Desk(browser, address, "nang.hoang")
        page = desk.open("/desk")
        row = page.locator("#overdue tr", has_text=accepted.code[-11:])
        expect(row).to_contain_text("quá hạn 43 phút")
        row.get_by_role("button", name="Nhận việc").click()
        row.get_by_role("link", name="Hoàn thành").click()
        page.wait_for_url(f"**/dossiers/{accepted.code}*")
        page.get_by_role("button", name="Hoàn thành B1").click()
        expect(page.locator("main")).to_contain_text("Chọn lý do quá hạn và ghi một câu")
        page.select_option("[name=late_reason]", "system")
        page.fill("[name=note]", "Mất điện từ 8 giờ")
        page.get_by_role("button", name="Hoàn thành B1").click()
        expect(page.locator("#messages")).to_contain_text("Đã hoàn thành B1.")
        line = page.locator("table.slip tr.is-overdue")
        expect(line).to_contain_text("quá 43 phút. Sự cố hệ thống, đường truyền, điện. Mất điện từ 8 giờ")
        panel = page.locator("section", has=page.locator("#ncs"))
        expect(panel).to_contain_text("KPH-2026-0001")
        expect(panel).to_contain_text("Đã khắc phục")

    def test_waits_for_a_supplement(self, site: OfficeSite, address: str, browser: Browser) -> None:
        accepted = site.office.accept()
        page = Desk(browser, address, "nang.hoang").open(f"/dossiers/{accepted.code}")
        page.get_by_role("button", name="Yêu cầu bổ sung (Mẫu 02)").click()
        dialog = page.locator("dialog[open]")
        dialog.get_by_label("Giấy tờ, nội dung cần bổ sung").fill("Thẻ căn cước")
        dialog.get_by_label("Lý do").fill("   ")
        dialog.get_by_role("button", name="Gửi Mẫu 02").click()
        expect(dialog).to_contain_text("Chưa ghi lý do.")
        expect(dialog.get_by_label("Giấy tờ, nội dung cần bổ sung")).to_have_value("Thẻ căn cước")
        dialog.get_by_label("Lý do").fill("Bản chụp bị mờ")
        dialog.get_by_role("button", name="Gửi Mẫu 02").click()
        expect(page.locator("#messages")).to_contain_text("Đồng hồ dừng.")
        site.office.at("2026-11-20T08:25")
        page.get_by_role("button", name="Nhận bổ sung").click()
        dialog.get_by_role("button", name="Nhận bổ sung").click()
        expect(page.locator("#messages")).to_contain_text("Đồng hồ chạy tiếp.")
        expect(page.locator("table.slip tr.rest")).to_contain_text("Mẫu 02 lần 1: Thẻ căn cước")


class TestKeyboard:
    def test_alone_is_enough(self, site: OfficeSite, address: str, browser: Browser) -> None:
        """From the desk to an accepted dossier and its first step, without a mouse."""
        desk = Desk(browser, address, "nang.hoang")
        page = desk.open("/desk")
        page.keyboard.press("n")
        page.wait_for_url("**/desk/intake")
        expect(page.locator("#find")).to_be_focused()
        page.keyboard.type("2.000908")
        expect(page.locator("#found label")).to_have_count(1)
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.locator("#appointment")).to_contain_text("08:00 thứ Hai")
        walk_to(page, "owner_number")
        for text in ("014085000456", "Lường Văn Đạt", "Bản Mây Hồng", "0900000119"):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**/desk/intake/accepted/*")
        code = page.url.rsplit("/", 1)[1]
        page.goto(f"{address}/desk")
        page.keyboard.press("j")
        expect(page.locator(f'a[title="{code}"]')).to_be_focused()
        page.keyboard.press("h")
        expect(page.locator("#messages")).to_contain_text("Đã nhận bước B1")
        expect(page.locator(f'a[title="{code}"]')).to_be_focused()
        page.keyboard.press("h")
        expect(page.locator("#messages")).to_contain_text("Đã hoàn thành bước B1")

    def test_finds_a_dossier(self, site: OfficeSite, address: str, browser: Browser) -> None:
        accepted = site.office.accept()
        page = Desk(browser, address, "nang.hoang").open("/desk")
        page.keyboard.press("/")
        page.keyboard.type("luong dat")
        page.keyboard.press("Enter")
        expect(page.locator("#found-rows")).to_contain_text(accepted.code[-11:])


class TestDrafts:
    def test_survive_a_reload_and_a_refusal(self, site: OfficeSite, address: str, browser: Browser) -> None:
        page = Desk(browser, address, "nang.hoang").open("/desk/intake")
        page.get_by_role("radio", name=re.compile(COPY)).check()
        expect(page.locator("[name=paper_TP1]")).to_be_visible()
        page.locator("[name=paper_TP1]").check()
        page.fill("#owner_name", "Lường Văn Đạt")
        page.reload()
        expect(page.locator("#owner_name")).to_have_value("Lường Văn Đạt")
        expect(page.locator("[name=paper_TP1]")).to_be_checked()
        page.get_by_role("button", name="Tiếp nhận, in Mẫu 01 và 06").click()
        expect(page.locator("main")).to_contain_text("Vài ô chưa dùng được.")
        expect(page.locator("#owner_name")).to_have_value("Lường Văn Đạt")
        page.fill("#owner_address", "Bản Mây Hồng")
        page.wait_for_timeout(600)
        page.reload()
        expect(page.locator("#owner_address")).to_have_value("Bản Mây Hồng"), "a form that was swapped in is watched as well"


def walk_to(page: Page, element_id: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == element_id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{element_id} cannot be reached by Tab")


def busy(site: OfficeSite) -> list[Accepted]:
    """An office with something in every state."""
    office = site.office
    late = office.accept("1.001612")
    office.at("2026-11-20T10:40")
    waiting, fresh, permit = office.accept(), office.accept(), office.accept("1.013225", variant="house")
    with office.database.writing() as connection:
        actor = office.commune.actor(connection, "nang.hoang")
        office.areas.dossiers.request_supplement(connection, actor=actor, code=waiting.code, content="Thẻ căn cước", reason="Còn thiếu")
        intake = office.intake(channel="online")
        office.areas.dossiers.file(connection, actor=SYSTEM, agency_id=office.commune.agency_id, intake=intake)
    office.claim(fresh, "nang.hoang")
    office.sweep()
    return [late, waiting, fresh, permit]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in web/assets")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
class TestAccessibility:
    def test_axe_finds_nothing_and_nothing_overflows(
        self, site: OfficeSite, address: str, browser: Browser, width: int, scheme: str
    ) -> None:
        dossiers = busy(site)
        desk = Desk(browser, address, "nang.hoang", viewport={"width": width, "height": 900}, color_scheme=scheme)
        paths = ["/desk", "/desk?group=overdue", "/desk/search?q=dat", "/desk/intake", "/desk/intake?procedure=1.001612"]
        for path in [*paths, *(f"/dossiers/{one.code}" for one in dossiers)]:
            page = desk.open(path)
            page.wait_for_load_state("networkidle")
            assert desk.accessibility() == [], path
            assert desk.overflow() <= 0, path
        page = desk.open("/desk/intake")
        page.locator(".main-act button").click()
        expect(page.locator("main [role=alert]").first).to_be_visible()
        assert desk.accessibility() == [], "the form with its errors"
        assert not desk.faults
