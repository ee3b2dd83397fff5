"""Acceptance at the counter through the browser's eyes: finder, papers, appointment, ID number, recall, one POST that accepts."""

import html
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from engine.database import Database
from engine.tables import trace_entries
from processes.catalogue.models import ProcedureVersion
from processes.dossiers.models import dossiers, parties, submitted_papers
from tests.commune import hire
from tests.officeweb import OfficeSite, open_office_site
from tests.webapp import Site
from web.views import intakeparts

COPY, BIRTH, PERMIT, BUSINESS, MARRIAGE = "2.000908", "1.001193", "1.013225", "1.001612", "1.000894"
HTMX = {"HX-Request": "true"}
TYPED = {
    "procedure": COPY,
    "sets": "1",
    "paper_TP1": "yes",
    "paper_TP1_originals": "1",
    "owner_id_kind": "citizen",
    "owner_number": "014 085 000 456",
    "owner_name": "Lường Văn  Đạt",
    "owner_address": "Bản Mây Hồng, xã Suối Mây",
    "owner_phone": "0900 000 119",
    "channel": "direct",
    "delivery": "counter",
}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path, COPY, BIRTH, PERMIT, BUSINESS).log_in("nang.hoang")


def send(site: OfficeSite, *, without: str = "", **changes: str) -> TestResponse:
    values: dict[str, Any] = {**TYPED, **changes}
    values.pop(without, None)
    return site.send("/desk/intake", shown_on="/desk/intake", **values)


def refused(site: OfficeSite, *, without: str = "", **changes: str) -> str:
    """The page that comes back; nothing may have been saved."""
    answer = send(site, without=without, **changes)
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code in (404, 422), answer.status_code
    assert count(site, dossiers) == count(site, parties) == count(site, submitted_papers) == 0
    assert "Số tra cứu" in page
    return page


def count(site: OfficeSite, table: Any) -> int:
    with site.office.database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def viewed(site: OfficeSite) -> int:
    with site.office.database.reading() as connection:
        query = select(func.count()).where(trace_entries.c.kind == "personal.identifier.viewed", trace_entries.c.chain_id.is_(None))
        return int(connection.execute(query).scalar_one())


class TestFinder:
    def test_finds_by_words_without_accents_and_marks_them(self, site: OfficeSite) -> None:
        page = site.page("/desk/intake/procedures?find=khai sinh")
        assert BIRTH in page
        assert COPY not in page
        assert "Đăng ký <mark>khai</mark> <mark>sinh</mark>" in page
        assert "trong ngày" in page

    def test_finds_by_a_part_of_the_code(self, site: OfficeSite) -> None:
        assert "<mark>2.0009</mark>08" in site.page("/desk/intake/procedures?find=2.0009")

    def test_offers_each_variant_with_its_own_limit(self, site: OfficeSite) -> None:
        page = site.page("/desk/intake/procedures?find=xây dựng")
        assert f'value="{PERMIT}:house"' in page
        assert f'value="{PERMIT}:works"' in page
        assert "15 ngày" in page
        assert "20 ngày" in page

    def test_says_how_many_more_there_are(self, site: OfficeSite, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "thủ tục nữa" not in site.page("/desk/intake"), "all of them are shown"
        monkeypatch.setattr(intakeparts, "FOUND", 1)
        page = site.page("/desk/intake/procedures")
        assert page.count('type="radio"') == 1
        assert "Còn 3 thủ tục nữa, gõ thêm chữ." in page

    def test_says_so_when_nothing_matches(self, site: OfficeSite) -> None:
        page = site.page("/desk/intake/procedures?find=<script>")
        assert "Không có thủ tục đang áp dụng nào khớp." in page
        assert "<script>" not in page

    def test_keeps_the_one_chosen_in_sight(self, site: OfficeSite) -> None:
        page = site.page(f"/desk/intake/procedures?find=khai sinh&procedure={COPY}")
        assert re.search(rf'value="{COPY}" checked', page)


class TestParts:
    def test_list_the_papers_with_the_counts_that_the_procedure_asks_for(self, site: OfficeSite) -> None:
        page = site.page(f"/desk/intake/papers?procedure={BIRTH}&channel=direct")
        assert 'name="paper_TP1_originals"' in page
        assert 'class="required"' in page
        assert 'hx-swap-oob="true"' in page, "the appointment comes along"
        assert "17:00 thứ Sáu" in page, "received at 8:00, returned the same day"

    def test_compute_the_appointment_line_by_line(self, site: OfficeSite) -> None:
        site.office.at("2026-11-23T10:50")
        page = site.log_in("nang.hoang").page(f"/desk/intake/appointment?procedure={BUSINESS}&channel=direct")
        assert "10:50 thứ Sáu" in page
        assert "27/11/2026" in page
        assert "Nghỉ Ngày Văn hóa Việt Nam" in page
        assert "Nghị quyết 28/2026/QH16" in page
        assert "3 ngày × 8 giờ" in page
        assert "24:00" in page

    def test_count_calendar_days_as_such(self, site: OfficeSite) -> None:
        page = site.page(f"/desk/intake/appointment?procedure={PERMIT}:house&channel=direct")
        assert "17:00 thứ Hai" in page
        assert "07/12/2026" in page, "5/12 is a Saturday: it rolls on"
        assert "15 ngày" in page

    def test_say_from_when_a_dossier_counts_that_came_after_hours(self, site: OfficeSite) -> None:
        site.office.at("2026-11-20T20:15")
        page = site.log_in("nang.hoang").page(f"/desk/intake/appointment?procedure={BUSINESS}&channel=direct")
        assert "nhận lúc 20:15, tính từ 07:30 thứ Hai 23/11" in page

    def test_flag_days_off_that_nobody_has_decreed_yet(self, site: OfficeSite) -> None:
        site.office.at("2026-12-30T10:00")
        page = site.log_in("nang.hoang").page(f"/desk/intake/appointment?procedure={BUSINESS}&channel=direct")
        assert "Lịch nghỉ năm 2027 chưa có quyết định." in page

    def test_ask_to_choose_while_half_of_a_choice_is_missing(self, site: OfficeSite) -> None:
        assert "Chọn thủ tục" in site.page(f"/desk/intake/appointment?procedure={PERMIT}&channel=direct")
        assert "Chọn thủ tục" in site.page("/desk/intake/appointment?procedure=9.999999")

    def test_show_the_fee(self, site: OfficeSite) -> None:
        page = site.page(f"/desk/intake?procedure={BUSINESS}")
        assert "50.000 đ/lần" in page
        assert "Không thu." in site.page(f"/desk/intake?procedure={COPY}")


class TestPerson:
    def check(self, site: OfficeSite, number: str, **more: str) -> str:
        values = {"owner_id_kind": "citizen", "owner_number": number, **more}
        answer = site.send("/desk/intake/person?who=owner", shown_on="/desk/intake", **values)
        assert answer.status_code == 200
        return html.unescape(answer.get_data(as_text=True))

    def test_says_what_a_number_means(self, site: OfficeSite) -> None:
        assert "nam, sinh năm 1985" in self.check(site, "014085000456")
        assert "nữ, sinh năm 1987" in self.check(site, "014 187 000 123")

    def test_counts_while_it_is_typed_and_refuses_what_cannot_be(self, site: OfficeSite) -> None:
        assert "Đang có 5 trên 12 số." in self.check(site, "01408")
        assert "error-text" in self.check(site, "0140850004567")
        assert "error-text" in self.check(site, "000085000456"), "no such province"
        assert "Số đúng cách viết." in self.check(site, "C1234567", owner_id_kind="passport")

    def test_recalls_an_earlier_applicant_and_leaves_a_trace(self, site: OfficeSite) -> None:
        assert "Từng nộp" not in self.check(site, "014085000456")
        assert viewed(site) == 0, "nothing was disclosed"
        site.office.accept()
        page = self.check(site, "014085000456")
        assert "Từng nộp ở đây ngày 20/11/2026." in page
        assert '"owner_name": "Lường Văn Đạt"' in page
        assert viewed(site) == 1

    def test_recalls_nobody_of_another_agency(self, site: OfficeSite, database: Database) -> None:
        site.office.accept()
        with database.writing() as connection:
            site.office.commune.people["la.vi"] = hire(
                connection, site.office.commune, "la.vi", "Vi Thị Lá", "intake_officer", None, agency_id=site.office.commune.land_office_id
            )
        other = OfficeSite(site.office, Site(site.site.app, site.office.commune, site.site.app.test_client())).log_in("la.vi")
        assert "Từng nộp" not in self.check(other, "014085000456")
        assert viewed(site) == 0

    def test_is_for_those_who_accept(self, site: OfficeSite) -> None:
        other = OfficeSite(site.office, Site(site.site.app, site.office.commune, site.site.app.test_client())).log_in("but.luong")
        assert other.client.get("/desk/intake").status_code == 403
        assert other.send("/desk/intake/person", shown_on="/desk", owner_number="014085000456").status_code == 403


class TestAccept:
    def test_makes_the_dossier_and_leads_to_what_is_printed(self, site: OfficeSite) -> None:
        answer = send(site)
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/desk/intake/accepted/H99.018.01-261120-0001"
        page = site.page(answer.headers["Location"])
        assert "08:00 thứ Hai 23/11/2026" in page
        assert 'data-draft-done="intake"' in page
        assert "/dossiers/H99.018.01-261120-0001/forms/receipt_slip.pdf" in page
        assert "/dossiers/H99.018.01-261120-0001/forms/tracking_slip.pdf" in page
        with site.office.database.reading() as connection:
            owner = connection.execute(select(parties)).mappings().one()
            papers = connection.execute(select(submitted_papers.c.code, submitted_papers.c.originals)).all()
        assert (owner["name"], owner["id_number"], owner["phone"]) == ("Lường Văn Đạt", "014085000456", "0900000119")
        assert [tuple(paper) for paper in papers] == [("TP1", 1)]

    def test_tells_htmx_to_load_the_next_page_whole(self, site: OfficeSite) -> None:
        answer = site.client.post("/desk/intake", data={**TYPED, "csrf_token": site.site.token("/desk/intake")}, headers=HTMX)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/desk/intake/accepted/H99.018.01-261120-0001")

    def test_takes_variant_filer_organisation_and_fee(self, site: OfficeSite) -> None:
        answer = send(
            site,
            procedure=BUSINESS,
            paper_TP2="yes",
            paper_TP2_certified="1",
            owner_id_kind="tax_code",
            owner_number="0100109106",
            owner_name="Hợp tác xã Mây Trắng",
            filer_differs="yes",
            filer_number="014085000456",
            filer_name="Cầm Văn Xuân",
            filer_address="Bản Mây Hồng",
            fee_paid="yes",
            fee_amount="50.000",
            fee_receipt="0000187",
        )
        assert answer.status_code == 303, html.unescape(answer.get_data(as_text=True))
        with site.office.database.reading() as connection:
            people = {one["part"]: one for one in connection.execute(select(parties)).mappings()}
            fee = connection.execute(select(dossiers.c.fee_amount, dossiers.c.fee_receipt)).one()
        assert people["owner"]["kind"] == "organisation"
        assert people["filer"]["name"] == "Cầm Văn Xuân"
        assert tuple(fee) == (50000, "0000187")

    def test_keeps_everything_typed_and_says_what_is_wrong_beside_the_field(self, site: OfficeSite) -> None:
        page = refused(site, owner_number="01408500045", owner_name="", owner_phone="123", sets="nhiều", paper_TP1_originals="hai")
        assert "Số định danh cần đủ 12 số; đang có 11." in page
        assert 'name="owner_number" value="01408500045"' in page
        assert 'name="owner_address" type="text" value="Bản Mây Hồng, xã Suối Mây"' in page
        assert 'name="owner_phone" type="text" value="123"' in page
        assert "Số điện thoại cần 10 số" in page
        assert page.count("Chỉ điền số.") == 2
        assert re.search(r'name="paper_TP1" value="yes" checked', page)
        assert 'value="hai"' in page
        assert "data-filled" in page

    def test_names_the_required_papers_that_are_missing(self, site: OfficeSite) -> None:
        page = refused(site, without="paper_TP1", procedure=BIRTH)
        assert re.search(r"Thiếu \d giấy tờ bắt buộc: ", page)
        assert "Bắt buộc, chưa nhận." in page

    def test_refuses_a_paper_ticked_without_a_count(self, site: OfficeSite) -> None:
        assert "Đã đánh dấu nhận nhưng số lượng bằng 0." in refused(site, paper_TP1_originals="0")

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"procedure": "9.999999"}, "Không có thủ tục mã 9.999999."),
            ({"procedure": ""}, "Chưa điền. Điền ô này rồi gửi lại."),
            ({"procedure": PERMIT}, "Chưa điền. Điền ô này rồi gửi lại."),
            ({"channel": "bồ câu"}, "Không có lựa chọn này."),
            ({"owner_number": "000085000456"}, "Không có tỉnh, thành phố nào mã 000."),
            ({"owner_number": "014385000456"}, "Số này là của người sinh năm 2085, năm chưa tới."),
            ({"owner_number": "0100109107", "owner_id_kind": "tax_code"}, "Mã số thuế chưa đúng"),
            ({"owner_phone": ""}, "Chưa điền."),
            ({"owner_id_kind": "bùa"}, "Không có lựa chọn này."),
            ({"sets": "100"}, "Số này quá lớn hoặc quá nhỏ."),
        ],
        ids=lambda value: next(iter(value.items()))[0] if isinstance(value, dict) else "",
    )
    def test_refuses_what_cannot_be(self, site: OfficeSite, changes: dict[str, str], sentence: str) -> None:
        assert sentence in refused(site, **changes)

    def test_refuses_a_procedure_that_is_not_in_force(self, site: OfficeSite) -> None:
        with site.office.database.writing() as connection:
            connection.execute(update(ProcedureVersion).values(effective_to=date(2026, 11, 1)))
        assert "hết hiệu lực từ 01/11/2026" in refused(site)

    def test_does_not_run_markup_that_was_typed(self, site: OfficeSite) -> None:
        answer = send(site, owner_name="<img src=x onerror=alert(1)>", owner_number="1")
        assert "<img src=x" not in answer.get_data(as_text=True)
        answer = send(site, owner_name="<img src=x onerror=alert(1)>")
        assert "<img src=x" not in site.page(answer.headers["Location"])

    def test_stands_in_no_address(self, site: OfficeSite) -> None:
        """What the page asks by GET carries procedure, channel and search words, never the form."""
        page = site.page("/desk/intake")
        asked = re.findall(r"<[^>]*hx-get[^>]*>", page)
        assert asked
        assert all('hx-include="#intake"' not in tag for tag in asked)
