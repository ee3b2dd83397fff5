"""One dossier through the browser's eyes: what it shows, the diagram, steps and the result."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.database import Database
from processes.organisation.staffing import grant_seat
from tests.dossierweb import act, browser, now_panel, page_of, row_of, step, through
from tests.officeweb import OfficeSite, open_office_site

COPY, PERMIT, LAND = "2.000908", "1.013225", "1.012796"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path, COPY, PERMIT, LAND).log_in("nang.hoang")


def facts_of(page: str) -> dict[str, Any]:
    """What the diagram is drawn from."""
    found = re.search(r'<script type="application/json" id="model-0">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    facts: dict[str, Any] = json.loads(found[1])
    return facts


class TestPage:
    def test_tells_who_what_and_until_when(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        page = page_of(site, accepted)
        assert "Cấp bản sao từ sổ gốc" in page
        assert "sổ 01/2026, số thứ tự 1" in page
        assert "còn 1 ngày làm việc" in page
        assert "Lường Văn Đạt" in page
        assert "Từng bước: 2 + 3 + 2 + 1 giờ." in page
        assert "Bắt đầu: tiếp nhận, thời hạn 1 ngày làm việc" in page
        assert "2.000908, bản 1, từ 01/07/2025" in page
        assert "Hồ sơ này chưa có sự không phù hợp nào." in page
        assert f"<title>{accepted.code} " in page, "no name in the title"

    def test_is_a_sentence_for_one_that_does_not_exist(self, site: OfficeSite) -> None:
        page = html.unescape(site.page("/dossiers/H99.018.01-261120-9999", 404))
        assert "Không có hồ sơ mã H99.018.01-261120-9999." in page

    def test_is_the_same_sentence_for_one_of_another_agency(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        other = browser(site, "ruong.vi")
        page = page_of(other, accepted, 404)
        assert f"Không có hồ sơ mã {accepted.code}." in page
        assert "Lường Văn Đạt" not in page
        answer = other.send(f"/dossiers/{accepted.code}/withdraw", shown_on="/desk", reason="thử")
        assert answer.status_code in (403, 404)
        number = site.office.open_step(accepted)["id"]
        assert other.send(f"/dossiers/{accepted.code}/steps/{number}/claim", shown_on="/desk").status_code == 404

    def test_shows_our_dossier_to_the_agency_that_does_a_step_of_it(self, site: OfficeSite) -> None:
        accepted = site.office.accept(LAND)
        other = browser(site, "ruong.vi")
        page_of(other, accepted, 404)
        site.office.claim(accepted, "nang.hoang")
        site.office.complete(accepted, "nang.hoang")
        for _ in range(6):
            open_steps = [one for one in site.office.steps(accepted) if one["status"] == "open"]
            if any(one["agency_id"] != site.office.commune.agency_id for one in open_steps):
                break
            login = {"division_head": "som.nguyen", "specialist": "dat.pham", "leader": "tinh.dinh"}[open_steps[0]["role"]]
            model = site.office.areas.engine.definitions
            with site.office.database.reading() as connection:
                outcomes = (
                    model.load(connection, site.office.instance(accepted)["definition_id"])
                    .model.steps[open_steps[0]["element_id"]]
                    .outcomes
                )
            site.office.complete(accepted, login, open_steps[0]["code"], outcome=outcomes[0].key if outcomes else None)
        page = page_of(other, accepted)
        assert "Nhận việc" in now_panel(page)
        assert "014085000456" not in page

    def test_draws_the_model_with_the_token_on_it(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        through(site, accepted, "nang.hoang")
        site.office.claim(accepted, "but.luong")
        facts = facts_of(page_of(site, accepted))
        assert facts["xml"].startswith("<?xml")
        assert facts["marks"] == {"B1": "is-done", "B2": "is-now"}
        assert facts["tokens"] == {"B2": "Lường Thị Bút"}
        assert facts["tags"]["B1"] == "0 phút / 2 giờ"
        assert facts["tags"]["B4"] == "1 giờ"

    def test_lists_what_comes_after_on_every_branch(self, site: OfficeSite) -> None:
        accepted = site.office.accept(PERMIT, variant="house")
        page = page_of(site, accepted)
        following = page[page.index("Sau đó:") :].split("</td>")[0]
        told = re.findall(r"B\d+", following)
        assert told[0] == "B2"
        assert "B3" in told, "consulted on while the draft is made"
        assert "B4" not in told, "the way of other works"
        assert "B5" in told
        assert told[-1] == "B10"

    def test_shows_a_filing_before_it_is_accepted(self, site: OfficeSite) -> None:
        office = site.office
        with office.database.writing() as connection:
            actor, agency_id = office.commune.actor(connection, "nang.hoang"), office.commune.agency_id
            code = office.areas.dossiers.file(connection, actor=actor, agency_id=agency_id, intake=office.intake(channel="online"))
        page = html.unescape(site.page(f"/dossiers/{code}"))
        assert "Mới đăng ký" in page
        assert "Chờ trả lời" in page
        answer = site.send(f"/dossiers/{code}/accept", shown_on=f"/dossiers/{code}")
        assert answer.status_code == 303
        assert "Đã tiếp nhận hồ sơ. Hẹn trả 08:00 thứ Hai 23/11." in html.unescape(site.page(f"/dossiers/{code}"))


class TestSteps:
    def test_are_claimed_completed_and_written_on_the_slip(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        page = page_of(site, accepted)
        assert "Chưa ai nhận bước B1" in now_panel(page)
        page = step(site, accepted, "claim")
        assert "Đã nhận bước B1" in page
        assert "Bạn đang giữ bước B1" in now_panel(page)
        site.office.later(minutes=20)
        page = step(site, accepted, "complete", note="Giấy tờ đủ")
        assert "Đã hoàn thành B1. Chuyển tới B2 Tra sổ gốc, lập bản sao." in page
        assert "dùng 20 phút trên 2 giờ. Giấy tờ đủ" in page
        assert "08 giờ 20 phút, 20/11/2026" in page
        assert "Không có bước nào của bạn." in now_panel(page)

    def test_are_released(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        step(site, accepted, "claim")
        assert "Đã trả bước B1 về hàng chờ" in step(site, accepted, "release")
        assert site.office.open_step(accepted)["handler_id"] is None

    def test_ask_for_the_outcome_and_keep_the_note(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        through(site, accepted, "nang.hoang", "but.luong")
        leader = browser(site, "tinh.dinh")
        step(leader, accepted, "claim")
        page = step(leader, accepted, "complete", 422, note="Ký nháy rồi")
        assert "Chưa chọn kết quả của bước. Chọn một kết quả, rồi hoàn thành." in page
        assert ">Ký nháy rồi</textarea>" in page
        page = step(leader, accepted, "complete", outcome="approve")
        assert "0 phút trên 2 giờ, sớm" not in page, "done on the due date is on time, not early"
        assert "Ký" in page

    def test_come_back_when_they_are_not_approved(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        through(site, accepted, "nang.hoang", "but.luong")
        leader = browser(site, "tinh.dinh")
        step(leader, accepted, "claim")
        page = step(leader, accepted, "complete", outcome="return", note="Thiếu số bìa")
        assert "B2 (lần 2)" in page
        assert "Trả lại để sửa. Thiếu số bìa" in page

    def test_ask_why_they_are_late_and_put_it_on_the_slip(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        site.office.at("2026-11-20T10:43")
        site.log_in("nang.hoang")
        step(site, accepted, "claim")
        page = page_of(site, accepted)
        assert "Bước này đã quá hạn" in now_panel(page)
        page = step(site, accepted, "complete", 422)
        assert "Bước này đã quá hạn. Chọn lý do quá hạn và ghi một câu, rồi hoàn thành." in page
        page = step(site, accepted, "complete", 422, late_reason="system", note=" ")
        assert '<option value="system" selected>' in page
        page = step(site, accepted, "complete", late_reason="system", note="Mất điện từ 8 giờ")
        assert "dùng 2 giờ 43 phút trên 2 giờ, quá 43 phút. Sự cố hệ thống, đường truyền, điện. Mất điện từ 8 giờ" in page
        assert "KPH-2026-0001" in page
        assert "Đã khắc phục" in page

    def test_are_completed_once(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        number = site.office.open_step(accepted)["id"]
        through(site, accepted, "nang.hoang")
        page = act(site, accepted, f"steps/{number}/complete", 409)
        assert "Hoàng Thị Nắng đã hoàn thành bước này lúc 08:00 hôm nay." in page
        assert page.count('role="alert"') == 1

    def test_of_another_unit_are_refused(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        through(site, accepted, "nang.hoang")
        assert "Việc này thuộc Chuyên viên thụ lý" in step(site, accepted, "claim", 403)

    def test_of_another_dossier_do_not_exist_here(self, site: OfficeSite) -> None:
        accepted, other = site.office.accept(), site.office.accept()
        number = site.office.open_step(other)["id"]
        assert "Không có bước này." in act(site, accepted, f"steps/{number}/claim", 404)
        assert site.office.open_step(other)["handler_id"] is None

    def test_one_does_not_approve_what_one_did(self, site: OfficeSite, database: Database) -> None:
        office, accepted = site.office, site.office.accept()
        with database.writing() as connection:
            unit_id = office.commune.units["leadership"]
            grant_seat(connection, person_id=office.commune.people["but.luong"], role="leader", unit_id=unit_id, **office.commune.doing)
        through(site, accepted, "nang.hoang", "but.luong")
        both = browser(site, "but.luong")
        assert "Bạn đã làm B2, nên không tự làm B3" in now_panel(page_of(both, accepted))
        assert "Không tự phê duyệt việc do mình soạn." in step(both, accepted, "claim", 403)


class TestResult:
    def test_is_handed_to_a_named_receiver(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        through(site, accepted, "nang.hoang", "but.luong", "tinh.dinh", "dau.do")
        page = page_of(site, accepted)
        assert "Đã xử lý xong" in page
        step(site, accepted, "claim")
        page = step(site, accepted, "return", 422, receiver=" ", result_number="12/BS")
        assert "Chưa ghi người nhận kết quả." in page
        assert 'value="12/BS"' in page
        page = step(site, accepted, "return", receiver="Lường Văn Đạt", result_number="12/BS")
        assert "Đã trả kết quả cho Lường Văn Đạt." in page
        assert "Lường Văn Đạt (nhận kết quả)" in page
        assert row_of(site, accepted)["status"] == 10
        assert "Không còn việc gì." in now_panel(page)

    def test_is_not_handed_over_by_completing_the_step(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        through(site, accepted, "nang.hoang", "but.luong", "tinh.dinh", "dau.do")
        step(site, accepted, "claim")
        assert "Chưa ghi người nhận kết quả." in step(site, accepted, "complete", 422)
        assert row_of(site, accepted)["status"] == 9
