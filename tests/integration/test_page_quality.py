"""The register of nonconformities and one of them: counters, filters, evidence, closing and cancelling singly and in bulk."""

import re
from html import unescape
from pathlib import Path

import pytest

from engine.database import Database
from processes.dossiers.operations import Accepted
from tests.office import Office
from tests.officeweb import OfficeSite, counted_statements, open_office_site

COPY, CORRECTION = "2.000908", "1.012796"
MOST_STATEMENTS = 14
REGISTER = "/quality/nonconformities"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path, COPY, CORRECTION)


@pytest.fixture
def office(site: OfficeSite) -> Office:
    return site.office


@pytest.fixture
def overdue(office: Office) -> Accepted:
    """B1, in Nắng's hands since 08:30, was due at 10:00; it is 10:43."""
    accepted = office.accept()
    office.at("2026-11-20T08:30").claim(accepted, "nang.hoang")
    office.at("2026-11-20T10:43").sweep()
    return accepted


@pytest.fixture
def corrected(office: Office, overdue: Accepted) -> Accepted:
    office.complete(overdue, "nang.hoang", late_reason="workload", note="Máy in kẹt giấy")
    return overdue


def numbers(page: str) -> list[str]:
    return re.findall(r'<tr id="(KPH-[\d-]+)"', page)


def row(office: Office, number: str = "KPH-2026-0001") -> dict[str, object]:
    return next(one for one in office.nonconformities() if one["number"] == number)


class TestRegister:
    def test_says_so_when_there_is_none(self, site: OfficeSite) -> None:
        assert "Chưa có sự không phù hợp nào." in site.log_in("chuan.ngo").page(REGISTER)

    def test_shows_whose_it_is_and_since_when(self, site: OfficeSite, overdue: Accepted) -> None:
        page = site.log_in("chuan.ngo").page(REGISTER)
        assert numbers(page) == ["KPH-2026-0001"]
        assert "Hoàng Thị Nắng, Trung tâm Phục vụ hành chính công" in page
        assert "10:00 hôm nay" in page

    def test_counts_by_state_and_filters_by_it(self, site: OfficeSite, office: Office, corrected: Accepted) -> None:
        office.accept()
        office.at("2026-11-20T14:30").sweep()
        site.log_in("chuan.ngo")
        counted = re.findall(r'</svg>([^<]+)</span><span class="figure">(\d+)<', site.page(REGISTER))
        assert counted == [("Đề xuất", "1"), ("Đã khắc phục", "1"), ("Đã đóng", "0"), ("Đã hủy", "0")]
        assert numbers(site.page(f"{REGISTER}?status=corrected")) == ["KPH-2026-0001"]

    def test_filters_by_unit_step_kind_and_words(self, site: OfficeSite, office: Office, corrected: Accepted) -> None:
        office.at("2026-11-23T09:00").sweep()
        site.log_in("chuan.ngo")
        everything = numbers(site.page(REGISTER))
        assert len(everything) == 3, "B1, then B2 and the appointment"
        assert numbers(site.page(f"{REGISTER}?kind=dossier_overdue&unit=")) != everything
        assert numbers(site.page(f"{REGISTER}?unit={office.commune.units['counter']}")) == ["KPH-2026-0001"]
        assert numbers(site.page(f"{REGISTER}?step=B1")) == ["KPH-2026-0001"]
        assert numbers(site.page(f"{REGISTER}?q=kph-2026-0001")) == ["KPH-2026-0001"]
        assert numbers(site.page(f"{REGISTER}?q=khong-co")) == []

    def test_tells_how_long_they_have_been_where_they_are(self, site: OfficeSite, office: Office, corrected: Accepted) -> None:
        office.at("2026-12-02T09:00")
        page = site.log_in("chuan.ngo").page(REGISTER).split('id="ages"', 1)[1]
        assert re.findall(r'data-l="(?:đến|4|trên)[^"]*">(\d+)<', page) == ["0", "0", "1"]

    def test_asks_the_database_no_more_for_more_lines(self, site: OfficeSite, office: Office, overdue: Accepted) -> None:
        site.log_in("chuan.ngo").page(REGISTER)
        with counted_statements(office.database) as few:
            site.page(REGISTER)
        for _ in range(12):
            office.accept()
        office.at("2026-11-20T14:30").sweep()
        site.log_in("chuan.ngo").page(REGISTER)
        with counted_statements(office.database) as many:
            assert len(numbers(site.page(REGISTER))) == 13
        assert len(few) == len(many) <= MOST_STATEMENTS

    def test_shows_another_agencys_step_as_that_agencys(self, site: OfficeSite, office: Office) -> None:
        """Rule 3.6: the land office's late step is the land office's nonconformity, shown on our dossier."""
        accepted = office.accept(CORRECTION)
        while office.open_step(accepted)["agency_id"] == office.commune.agency_id:
            step = office.open_step(accepted)
            login = {"intake_officer": "nang.hoang", "division_head": "som.nguyen", "specialist": "dat.pham", "leader": "tinh.dinh"}[
                step["role"]
            ]
            office.complete(accepted, login)
        office.at("2027-01-20T09:00").sweep()
        page = site.log_in("chuan.ngo").page(REGISTER)
        assert "Văn phòng đăng ký đất đai Mây Ngàn" in page
        assert "của cơ quan khác" in page

    def test_is_closed_to_who_may_not_read_it(self, site: OfficeSite) -> None:
        site.log_in("nang.hoang").page(REGISTER, status=403)


class TestOne:
    def test_shows_the_evidence(self, site: OfficeSite, corrected: Accepted) -> None:
        page = site.log_in("chuan.ngo").page(f"{REGISTER}/KPH-2026-0001")
        assert "B1 Tiếp nhận, kiểm tra, số hóa quá hạn 43 phút" in page
        assert f'href="/dossiers/{corrected.code}"' in page
        evidence = page.split('id="ev"', 1)[1].split("</section>", 1)[0]
        assert "08:00–10:00" in evidence
        assert '<td class="num t-overdue strong">0:43</td>' in evidence
        assert ("Hoàng Thị Nắng", "1 giờ 30 phút làm việc") in re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", evidence)
        assert ("Chưa ai nhận", "30 phút làm việc") in re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", evidence)
        assert "Quy trình 2.000908 v1, lịch làm việc vn v1" in evidence

    def test_shows_the_correction_in_the_words_of_the_reasons(self, site: OfficeSite, corrected: Accepted) -> None:
        page = site.log_in("chuan.ngo").page(f"{REGISTER}/KPH-2026-0001")
        assert "Nhiều hồ sơ cùng lúc. Máy in kẹt giấy." in page
        assert "10:43 hôm nay, Hoàng Thị Nắng" in page

    def test_stands_at_its_stage(self, site: OfficeSite, office: Office, overdue: Accepted) -> None:
        site.log_in("chuan.ngo")
        stages = re.compile(r'<li class="is-(\w+)"[^>]*><span class="dot">.*?</span>([^<]+)<small>', re.DOTALL)
        path = f"{REGISTER}/KPH-2026-0001"
        assert stages.findall(site.page(path)) == [("now", "Đề xuất"), ("next", "Đã khắc phục"), ("next", "Đã đóng")]
        office.complete(overdue, "nang.hoang", late_reason="workload", note="Đông khách")
        assert stages.findall(site.page(path)) == [("done", "Đề xuất"), ("now", "Đã khắc phục"), ("next", "Đã đóng")]

    def test_explains_a_whole_dossiers_deadline_from_its_ledger(self, site: OfficeSite, office: Office) -> None:
        office.accept()
        office.at("2026-11-23T09:00").sweep()
        number = next(str(one["number"]) for one in office.nonconformities() if one["kind"] == "dossier_overdue")
        page = site.log_in("chuan.ngo").page(f"{REGISTER}/{number}")
        assert "Hồ sơ quá hạn trả kết quả" in page
        assert "Bắt đầu: tiếp nhận" in page

    def test_is_open_to_the_handler_whom_it_names(self, site: OfficeSite, overdue: Accepted) -> None:
        assert "43 phút" in site.log_in("nang.hoang").page(f"{REGISTER}/KPH-2026-0001")

    def test_does_not_exist_for_strangers(self, site: OfficeSite, overdue: Accepted) -> None:
        assert "Không có phiếu KPH-2026-0001." in site.log_in("ruong.vi").page(f"{REGISTER}/KPH-2026-0001", status=404)


class TestClose:
    def test_closes_one_with_a_note(self, site: OfficeSite, office: Office, corrected: Accepted) -> None:
        path = f"{REGISTER}/KPH-2026-0001"
        answer = site.log_in("chuan.ngo").send(f"{path}/close", shown_on=path, reason="Đã nhắc cả bộ phận")
        assert (answer.status_code, answer.headers["Location"]) == (303, path)
        page = site.page(path)
        assert "Đã đóng KPH-2026-0001." in page
        assert "Đã nhắc cả bộ phận" in page
        assert row(office)["status"] == "closed"

    def test_closes_in_bulk_and_keeps_the_filter(self, site: OfficeSite, office: Office, corrected: Accepted) -> None:
        site.log_in("chuan.ngo")
        page = site.page(f"{REGISTER}?status=corrected&pick=all")
        assert page.count(" checked>") == 1
        answer = site.send("/quality/close?status=corrected", shown_on=REGISTER, number=["KPH-2026-0001"], note="Xem cuối tuần")
        assert answer.headers["Location"] == f"{REGISTER}?status=corrected"
        assert "Đã đóng 1 phiếu." in site.page(REGISTER)
        assert (row(office)["status"], row(office)["close_note"]) == ("closed", "Xem cuối tuần")

    def test_refuses_all_of_them_for_one_that_cannot_be(self, site: OfficeSite, office: Office, corrected: Accepted) -> None:
        office.accept()
        office.at("2026-11-20T14:30").sweep()
        picked = [str(one["number"]) for one in office.nonconformities()]
        answer = site.log_in("chuan.ngo").send("/quality/close", shown_on=REGISTER, number=picked, note="Cả loạt")
        text = unescape(answer.get_data(as_text=True))
        assert answer.status_code == 409
        assert "đang ở giai đoạn khác" in text
        assert 'value="Cả loạt"' in text, "what was typed stays"
        assert row(office)["status"] == "corrected", "nothing is half done"

    def test_refuses_nothing_picked(self, site: OfficeSite, corrected: Accepted) -> None:
        assert site.log_in("chuan.ngo").send("/quality/close", shown_on=REGISTER, note="").status_code == 404

    def test_is_the_secretarys(self, site: OfficeSite, office: Office, corrected: Accepted) -> None:
        site.log_in("tinh.dinh")
        assert "Đóng các phiếu đã chọn" not in site.page(REGISTER)
        assert site.send("/quality/close", shown_on=REGISTER, number=["KPH-2026-0001"]).status_code == 403
        assert row(office)["status"] == "corrected"


class TestCancel:
    def test_keeps_it_visible_with_reason_and_document(self, site: OfficeSite, office: Office, overdue: Accepted) -> None:
        path = f"{REGISTER}/KPH-2026-0001"
        site.log_in("tinh.dinh").send(f"{path}/cancel", shown_on=path, reason="Nghỉ bù công bố muộn", document="TB 12/TB-UBND")
        page = site.page(path)
        assert "Nghỉ bù công bố muộn Căn cứ: TB 12/TB-UBND." in page
        assert numbers(site.page(f"{REGISTER}?status=cancelled")) == ["KPH-2026-0001"]
        assert row(office)["status"] == "cancelled"

    def test_asks_for_what_is_missing_and_keeps_what_was_typed(self, site: OfficeSite, office: Office, overdue: Accepted) -> None:
        path = f"{REGISTER}/KPH-2026-0001"
        answer = site.log_in("tinh.dinh").send(f"{path}/cancel", shown_on=path, reason="Nghỉ bù công bố muộn", document=" ")
        text = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert "Chưa ghi lý do." in text
        assert "Nghỉ bù công bố muộn</textarea>" in text
        assert "data-opened" in text, "the dialog comes back open"
        assert row(office)["status"] == "raised"

    def test_cancels_in_bulk(self, site: OfficeSite, office: Office, corrected: Accepted) -> None:
        office.accept()
        office.at("2026-11-20T14:30").sweep()
        picked = [str(one["number"]) for one in office.nonconformities()]
        site.log_in("tinh.dinh").send("/quality/cancel", shown_on=REGISTER, number=picked, reason="Mất điện", document="BB 3/BB")
        assert {one["status"] for one in office.nonconformities()} == {"cancelled"}

    def test_is_not_everybodys(self, site: OfficeSite, overdue: Accepted) -> None:
        path = f"{REGISTER}/KPH-2026-0001"
        assert site.log_in("chuan.ngo").send(f"{path}/cancel", shown_on=path, reason="x", document="y").status_code == 403
