"""The officer's desk through the browser's eyes: groups, filters, actions from the row, search, filings, bounded SQL."""

import re
from pathlib import Path

import pytest
from sqlalchemy import insert

from engine.actor import SYSTEM
from engine.database import Database
from engine.tables import marks
from processes.dossiers.intake import PartyEntry
from processes.dossiers.operations import Accepted
from tests.commune import hire
from tests.officeweb import OfficeSite, counted_statements, open_office_site
from tests.webapp import Site

HTMX = {"HX-Request": "true"}
COPY, BIRTH, BUSINESS = "2.000908", "1.001193", "1.001612"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path, COPY, BUSINESS).log_in("nang.hoang")


def step_id(site: OfficeSite, accepted: Accepted) -> int:
    return int(site.office.open_step(accepted)["id"])


def act(site: OfficeSite, path: str, **headers: str) -> tuple[int, str]:
    token = site.site.token("/desk")
    answer = site.client.post(path, data={"csrf_token": token}, headers={**HTMX, **headers})
    return answer.status_code, answer.get_data(as_text=True)


def filing(site: OfficeSite, name: str = "Tô Văn Rạng") -> str:
    office = site.office
    owner = PartyEntry(name, "014085000777", phone="0900000777", address="Bản Mây Hồng")
    with office.database.writing() as connection:
        return office.areas.dossiers.file(
            connection, actor=SYSTEM, agency_id=office.commune.agency_id, intake=office.intake(channel="online", owner=owner)
        )


class TestWorklist:
    def test_says_so_when_all_is_done(self, site: OfficeSite) -> None:
        page = site.page("/desk")
        assert "Đã xong mọi việc được giao. Việc chưa ai nhận: 0." in page
        assert "Không có việc quá hạn." in page

    def test_heads_the_columns_of_the_first_group_that_has_lines(self, site: OfficeSite) -> None:
        site.office.accept()
        page = site.page("/desk")
        assert "<thead><tr>" in group(page, "today"), "nothing is overdue"
        site.office.at("2026-11-20T10:43")
        site.office.accept()
        page = open_again(site, "nang.hoang").page("/desk")
        assert "<thead><tr>" in group(page, "overdue")
        assert page.count("<thead><tr>") == 1, "the columns below stand under the same headings"

    def test_puts_work_into_its_groups_with_counters(self, site: OfficeSite) -> None:
        soon = site.office.accept()
        later = site.office.accept(BUSINESS)
        page = site.page("/desk")
        assert soon.code in group(page, "today")
        assert later.code in group(page, "today"), "its first step has two hours"
        site.office.at("2026-11-20T10:30")
        page = site.log_in("nang.hoang").page("/desk")
        assert soon.code in group(page, "overdue")
        assert re.search(r'id="counter-overdue".*?<span class="figure">2</span>', page, re.DOTALL)
        assert "quá hạn 30 phút" in group(page, "overdue")

    def test_counts_a_step_as_overdue_only_when_its_minute_is_over(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        site.office.at("2026-11-20T10:00:59")
        assert accepted.code in group(site.log_in("nang.hoang").page("/desk"), "today")
        site.office.at("2026-11-20T10:01")
        assert accepted.code in group(site.page("/desk"), "overdue")

    def test_shows_a_suspended_dossier_as_waiting_for_the_citizen(self, site: OfficeSite) -> None:
        office, accepted = site.office, site.office.accept()
        with office.database.writing() as connection:
            actor = office.commune.actor(connection, "nang.hoang")
            office.areas.dossiers.request_supplement(
                connection, actor=actor, code=accepted.code, content="Thẻ căn cước", reason="Còn thiếu"
            )
        found = group(site.page("/desk"), "citizen")
        assert accepted.code in found
        assert "Nhận bổ sung" in found
        assert "Tạm dừng" in found

    def test_leaves_out_what_a_colleague_holds_unless_asked(self, site: OfficeSite, database: Database) -> None:
        accepted = site.office.accept()
        with database.writing() as connection:
            site.office.commune.people["mo.vang"] = hire(
                connection, site.office.commune, "mo.vang", "Vàng Thị Mơ", "intake_officer", "counter"
            )
        site.office.claim(accepted, "mo.vang")
        assert accepted.code not in site.page("/desk")
        page = site.page("/desk?scope=team")
        assert accepted.code in page
        assert "Vàng Thị Mơ đang giữ" in page

    def test_filters_by_field_and_by_group(self, site: OfficeSite) -> None:
        copy, business = site.office.accept(), site.office.accept(BUSINESS)
        page = site.page("/desk?field=Chứng thực")
        assert copy.code in page
        assert business.code not in page
        page = site.page("/desk?group=overdue")
        assert copy.code not in page
        assert 'id="today"' not in page

    def test_takes_an_address_that_makes_no_sense_for_the_whole_list(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        assert accepted.code in site.page("/desk?scope=lạ&group=lạ&page=-7")

    def test_pages_a_long_group(self, site: OfficeSite) -> None:
        codes = [site.office.accept().code for _ in range(53)]
        page = site.page("/desk")
        assert "Xem cả 53 việc" in page
        assert sum(code in page for code in codes) == 15
        first, second = site.page("/desk?group=today"), site.page("/desk?group=today&page=2")
        assert sum(code in first for code in codes) == 50
        assert sum(code in second for code in codes) == 3
        assert "1–50 trên 53 việc" in first

    def test_masks_the_phone_for_whom_it_does_not_serve(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        assert "0900 000 119" in site.page("/desk")
        site.office.claim(accepted, "nang.hoang")
        site.office.complete(accepted, "nang.hoang")
        other = open_again(site, "but.luong")
        assert "0900 ••• 119" in other.page("/desk")
        site.office.claim(accepted, "but.luong")
        assert "0900 000 119" in other.page("/desk"), "in one's own hands it is shown"

    def test_is_not_for_an_administrator(self, site: OfficeSite) -> None:
        assert open_again(site, "may.quan").client.get("/desk").status_code == 403


class TestSimulatedDatabase:
    def test_says_so_on_every_page(self, site: OfficeSite, database: Database) -> None:
        accepted = site.office.accept()
        with database.writing() as connection:
            connection.execute(insert(marks).values(name="simulated", value="2026"))
        for path in ("/desk", "/desk/search?q=dat", "/desk/intake", f"/desk/intake/accepted/{accepted.code}", f"/dossiers/{accepted.code}"):
            assert "Dữ liệu mô phỏng" in site.page(path), path


class TestStatements:
    @pytest.mark.parametrize("dossiers", [1, 30])
    def test_do_not_grow_with_the_list(self, site: OfficeSite, database: Database, dossiers: int) -> None:
        for _ in range(dossiers):
            site.office.accept()
            filing(site)
        site.page("/desk")  # model and calendar are kept from now on
        with counted_statements(database) as seen:
            site.page("/desk")
        asked = [one for one in seen if not one.startswith(("BEGIN", "PRAGMA"))]
        assert len(asked) <= 8, asked


class TestActions:
    def test_claim_complete_and_release_answer_with_the_list_as_it_is_now(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        number = step_id(site, accepted)
        status, page = act(site, f"/desk/steps/{number}/claim")
        assert status == 200
        assert f"Đã nhận bước B1 của hồ sơ {accepted.code[-11:]}." in page
        assert "/complete" in page
        assert 'id="counters"' in page, "the figures come along"
        status, page = act(site, f"/desk/steps/{number}/release")
        assert "Đã trả bước B1" in page
        act(site, f"/desk/steps/{number}/claim")
        status, page = act(site, f"/desk/steps/{number}/complete")
        assert status == 200
        assert "Chuyển tới B2 Tra sổ gốc, lập bản sao" in page
        assert accepted.code not in group(page, "today")

    def test_says_who_was_quicker_and_shows_the_list(self, site: OfficeSite, database: Database) -> None:
        accepted = site.office.accept()
        number = step_id(site, accepted)
        site.office.claim(accepted, "nang.hoang")
        site.office.complete(accepted, "nang.hoang")
        status, page = act(site, f"/desk/steps/{number}/claim")
        assert status == 409
        assert "Hoàng Thị Nắng đã hoàn thành bước này lúc" in page
        assert "Số tra cứu" in page
        assert 'id="today"' in page

    def test_refuses_a_step_of_another_unit(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        site.office.claim(accepted, "nang.hoang")
        site.office.complete(accepted, "nang.hoang")
        status, page = act(site, f"/desk/steps/{step_id(site, accepted)}/claim")
        assert status == 403
        assert "Việc này thuộc Chuyên viên thụ lý" in page

    def test_does_not_hand_the_result_over_without_a_receiver(self, site: OfficeSite) -> None:
        accepted = to_the_result(site)
        status, page = act(site, f"/desk/steps/{step_id(site, accepted)}/complete")
        assert status == 422
        assert "Chưa ghi người nhận kết quả" in page
        assert site.office.open_step(accepted)["code"] == "B5"

    def test_needs_the_token(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        assert site.client.post(f"/desk/steps/{step_id(site, accepted)}/claim").status_code == 400
        assert site.office.open_step(accepted)["handler_id"] is None

    def test_works_without_htmx(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        answer = site.send(f"/desk/steps/{step_id(site, accepted)}/claim", shown_on="/desk")
        assert answer.status_code == 303
        assert "Đã nhận bước B1" in site.page("/desk")

    def test_sends_a_step_that_asks_for_a_result_to_its_page(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        for login in ("nang.hoang", "but.luong"):
            site.office.claim(accepted, login)
            site.office.complete(accepted, login)
        site.office.claim(accepted, "tinh.dinh")
        page = open_again(site, "tinh.dinh").page("/desk")
        assert f"/dossiers/{accepted.code}#now" in page
        assert "/complete" not in page


class TestFilings:
    def test_stand_in_their_own_group_with_their_own_clock(self, site: OfficeSite) -> None:
        code = filing(site)
        page = site.page("/desk")
        assert code in group(page, "filings")
        assert "còn 1 ngày làm việc" in group(page, "filings")
        assert code not in open_again(site, "but.luong").page("/desk"), "only for those who accept"

    def test_are_accepted_from_the_row(self, site: OfficeSite) -> None:
        code = filing(site)
        status, page = act(site, f"/desk/filings/{code}/accept")
        assert status == 200
        assert f"Đã tiếp nhận hồ sơ {code[-11:]}, hẹn trả 08:00 thứ Hai 23/11." in page
        assert 'id="filings"' not in page
        assert code in group(page, "today")

    def test_are_answered_once(self, site: OfficeSite) -> None:
        code = filing(site)
        act(site, f"/desk/filings/{code}/accept")
        status, page = act(site, f"/desk/filings/{code}/accept")
        assert status == 409
        assert "Số tra cứu" in page


class TestSearch:
    @pytest.mark.parametrize("text", ["luong van dat", "ĐẠT", "0900000119", "014085000456", "261120-0001"])
    def test_finds_by_name_phone_number_and_code(self, site: OfficeSite, text: str) -> None:
        accepted, other = site.office.accept(), filing(site)
        page = site.page(f"/desk/search?q={text}")
        assert accepted.code in page
        assert other not in page

    def test_opens_the_dossier_when_the_whole_code_was_typed(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        assert site.client.get(f"/desk/search?q={accepted.code}").headers["Location"] == f"/dossiers/{accepted.code}"

    def test_says_that_nothing_was_found_and_keeps_what_was_typed(self, site: OfficeSite) -> None:
        page = site.page('/desk/search?q=<b>không có"')
        assert "Không thấy" in page
        assert "<b>không" not in page
        assert "<title>Tìm hồ sơ" in page, "no personal data in a title"

    def test_finds_nothing_of_another_agency(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        assert accepted.code not in open_again(site, "ruong.vi").page("/desk/search?q=Đạt")


def open_again(site: OfficeSite, login: str) -> OfficeSite:
    """The same office in another browser."""
    other = OfficeSite(site.office, Site(site.site.app, site.office.commune, site.site.app.test_client()))
    return other.log_in(login)


def group(page: str, key: str) -> str:
    """A group of the list."""
    found = re.search(rf'<section class="panel group" id="{key}".*?</section>', page, re.DOTALL)
    assert found is not None, key
    return found[0]


def to_the_result(site: OfficeSite) -> Accepted:
    """A copy that is signed and stamped and waits for the citizen."""
    accepted = site.office.accept()
    for login, values in (("nang.hoang", {}), ("but.luong", {}), ("tinh.dinh", {"outcome": "approve"}), ("dau.do", {})):
        site.office.claim(accepted, login)
        site.office.complete(accepted, login, **values)
    site.office.claim(accepted, "nang.hoang")
    return accepted
