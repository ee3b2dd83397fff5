"""The moves without arrows on the page of a dossier: who is offered what, and what the slip and the trace show afterwards."""

import re
from pathlib import Path

import pytest

from engine.database import Database
from processes.dossiers.operations import Accepted
from tests.commune import hire
from tests.dossierweb import act, browser, page_of, step
from tests.officeweb import OfficeSite, open_office_site


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    """Logged in as one of two officers at the counter."""
    site = open_office_site(database, tmp_path)
    commune = site.office.commune
    with database.writing() as connection:
        commune.people["mua.lo"] = hire(connection, commune, "mua.lo", "Lò Thị Mưa", "intake_officer", "counter")
    return site.log_in("nang.hoang")


def dialog(page: str, name: str) -> str:
    found = re.search(rf'<dialog class="ask" id="{name}-[0-9]+".*?</dialog>', page, re.DOTALL)
    assert found is not None, f"no dialog {name}"
    return found[0]


def offered(page: str) -> set[str]:
    return set(re.findall(r'data-open="(handover|takeover|send-back)-[0-9]+"', page))


@pytest.fixture
def held(site: OfficeSite) -> Accepted:
    accepted = site.office.accept()
    site.office.claim(accepted, "nang.hoang")
    return accepted


class TestHandOver:
    def test_is_offered_to_the_holder_with_the_colleagues_who_could_do_it(self, site: OfficeSite, held: Accepted) -> None:
        page = page_of(site, held)
        assert offered(page) == {"handover"}
        names = re.findall(r"<option[^>]*>([^<]+)</option>", dialog(page, "handover"))
        assert [name.split(",")[0] for name in names] == ["Lò Thị Mưa"]

    def test_moves_the_step_and_says_so(self, site: OfficeSite, held: Accepted) -> None:
        site.office.later(minutes=20)
        page = step(site, held, "handover", to=str(site.office.commune.people["mua.lo"]), reason="")
        assert "Đã bàn giao B1 cho Lò Thị Mưa." in page
        assert "Hoàng Thị Nắng giữ 20 phút trước đó" in page
        assert offered(page) == {"takeover"}
        trace = browser(site, "soi.ta").page(f"/trace?q={held.code}")
        assert "bàn giao B1" in trace

    def test_keeps_what_was_typed_when_it_is_refused(self, site: OfficeSite, held: Accepted) -> None:
        boss = browser(site, "tinh.dinh")
        page = step(boss, held, "handover", 422, to=str(site.office.commune.people["mua.lo"]), reason=" ")
        assert "Chưa ghi lý do." in dialog(page, "handover")
        page = step(boss, held, "handover", 422, to="không ai", reason="Chia việc")
        assert ">Chia việc</textarea>" in dialog(page, "handover")

    def test_refuses_a_step_of_another_dossier(self, site: OfficeSite, held: Accepted) -> None:
        other = site.office.accept()
        step_id = site.office.open_step(other)["id"]
        page = act(site, held, f"steps/{step_id}/handover", 404, to=str(site.office.commune.people["mua.lo"]), reason="Nhầm")
        assert "Không có bước này." in page


class TestTakeOver:
    def test_puts_the_step_into_my_hands_with_the_reason(self, site: OfficeSite, held: Accepted) -> None:
        colleague = browser(site, "mua.lo")
        assert "Hoàng Thị Nắng đang giữ" in dialog(page_of(colleague, held), "takeover")
        assert "Chưa ghi lý do." in step(colleague, held, "takeover", 422, reason="")
        assert "Đã nhận thay bước B1" in step(colleague, held, "takeover", reason="Chị Nắng nghỉ ốm")
        assert site.office.open_step(held)["handler_id"] == site.office.commune.people["mua.lo"]


class TestSendBack:
    def test_opens_the_earlier_step_and_stands_on_the_slip(self, site: OfficeSite, held: Accepted) -> None:
        site.office.complete(held, "nang.hoang")
        specialist = browser(site, "but.luong")
        shown = dialog(page_of(specialist, held), "send-back")
        assert "Trả lại B1 cho Hoàng Thị Nắng? Bước làm lại có đủ thời hạn của bước; ngày hẹn trả không đổi." in shown
        page = step(specialist, held, "send-back", to="B1", reason="Thiếu bản chính")
        assert "Đã trả lại B1" in page
        assert "Trả lại B1: Thiếu bản chính" in page
        assert "B1 (lần 2)" in page
        assert "trả lại B1" in browser(site, "soi.ta").page(f"/trace?q={held.code}")

    def test_asks_for_the_reason(self, site: OfficeSite, held: Accepted) -> None:
        site.office.complete(held, "nang.hoang")
        page = step(browser(site, "but.luong"), held, "send-back", 422, to="B1", reason=" ")
        assert "Chưa ghi lý do." in dialog(page, "send-back")

    def test_is_not_offered_to_one_who_could_not_do_the_step(self, site: OfficeSite, held: Accepted) -> None:
        site.office.complete(held, "nang.hoang")
        assert offered(page_of(site, held)) == set()


class TestDesk:
    def test_leads_from_a_step_that_i_hold_to_where_it_is_handed_over(self, site: OfficeSite, held: Accepted) -> None:
        site.office.accept()
        page = site.page("/desk")
        assert page.count(f'href="/dossiers/{held.code}#others"') == 1
        assert page.count("#others") == 1  # a step that nobody holds is claimed first
        assert 'id="others"' in page_of(site, held)
