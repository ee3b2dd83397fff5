"""The dossier register through the browser's eyes: filters in the address bar, counts, files, masked values, bounded SQL."""

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.actor import SYSTEM
from engine.database import Database
from engine.tables import trace_entries
from processes.dossiers.intake import PartyEntry
from processes.dossiers.operations import Accepted
from tests.officeweb import OfficeSite, counted_statements, open_office_site

COPY, BUSINESS = "2.000908", "1.001612"
MOST_STATEMENTS = 12  # of a page of the register, however long it is; five of them are the log-in's and the shell's


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path, COPY, BUSINESS)


def owner(name: str) -> PartyEntry:
    return PartyEntry(name, "014085000456", phone="0900000119", address="Bản Mây Hồng, xã Suối Mây")


def shown(page: str) -> list[str]:
    """The codes of the lines, in their order."""
    table = page.split('<table class="grid fold reg', 1)
    return re.findall(r'title="(H99[^"]+)"', table[1].split("</table>", 1)[0]) if len(table) == 2 else []


def finished(site: OfficeSite, accepted: Accepted) -> None:
    """Carry a copy from the register through to its result at the counter."""
    for login, values in (("nang.hoang", {}), ("but.luong", {}), ("tinh.dinh", {"outcome": "approve"}), ("dau.do", {})):
        late = {"late_reason": "workload", "note": "Đông khách"} if site.office.open_step(accepted)["breached_at"] else {}
        site.office.complete(accepted, login, **values, **late)


class TestRegister:
    def test_says_so_when_it_is_empty(self, site: OfficeSite) -> None:
        assert "Sổ chưa có hồ sơ nào." in site.log_in("nang.hoang").page("/register")

    def test_shows_newest_first_with_the_fifteen_columns(self, site: OfficeSite) -> None:
        first, second = site.office.accept(), site.office.later(minutes=5).accept(BUSINESS)
        page = site.log_in("nang.hoang").page("/register")
        assert shown(page) == [second.code, first.code]
        printed = page.split("print-only-table", 1)[1]
        assert [f"({number})" in printed for number in range(1, 16)] == [True] * 15
        assert "Phòng Kinh tế" in page, "the unit responsible for the field"

    @pytest.mark.parametrize("words", ["dat", "Đạt", "luong van", "261120-0001"])
    def test_finds_by_name_without_accents_and_by_code(self, site: OfficeSite, words: str) -> None:
        wanted = site.office.accept(owner=owner("Lường Văn Đạt"))
        site.office.accept(owner=owner("Mè Thị Kê"))
        assert shown(site.log_in("nang.hoang").page(f"/register?q={words}")) == [wanted.code]

    def test_filters_by_period_procedure_and_status(self, site: OfficeSite) -> None:
        copy, business = site.office.accept(), site.office.accept(BUSINESS)
        site.office.at("2026-11-23T08:00")
        monday = site.office.accept()
        site.log_in("nang.hoang")
        assert shown(site.page("/register?since=2026-11-23&until=2026-11-23")) == [monday.code]
        assert shown(site.page("/register?until=2026-11-20")) == [business.code, copy.code]
        assert shown(site.page(f"/register?procedure={BUSINESS}")) == [business.code]
        assert shown(site.page("/register?status=10")) == []
        assert "Bỏ bớt điều kiện lọc" in site.page("/register?status=10")

    def test_takes_an_old_bookmark_for_the_whole_list(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        page = site.log_in("nang.hoang").page("/register?since=hôm qua&state=lạ&status=99&unit=abc&page=0&by=x")
        assert shown(page) == [accepted.code]

    def test_marks_what_was_late_to_the_citizen(self, site: OfficeSite) -> None:
        late, in_time = site.office.accept(), site.office.accept(BUSINESS)
        site.office.at("2026-11-23T09:00").sweep()
        page = site.log_in("nang.hoang").page("/register?state=overdue")
        assert shown(page) == [late.code]
        assert "Quá hạn hẹn trả" in page
        finished(site, late)
        page = site.page("/register?state=late&by=resolved&since=2026-11-23&until=2026-11-23")
        assert shown(page) == [late.code]
        assert "trả kết quả quá hạn" in page
        assert in_time.code not in page

    def test_pages_on_the_server(self, site: OfficeSite) -> None:
        codes = [site.office.accept().code for _ in range(53)]
        site.log_in("nang.hoang")
        assert len(shown(site.page("/register"))) == 50
        second = site.page("/register?page=2")
        assert shown(second) == list(reversed(codes))[50:]
        assert "51–53 trên 53 hồ sơ" in second

    def test_gives_no_number_to_a_filing_that_nobody_has_accepted(self, site: OfficeSite) -> None:
        office = site.office
        with office.database.writing() as connection:
            filing = office.intake(channel="online")
            office.areas.dossiers.file(connection, actor=SYSTEM, agency_id=office.commune.agency_id, intake=filing)
        page = site.log_in("nang.hoang").page("/register")
        assert '<td class="num muted" data-l="TT">–</td>' in page

    @pytest.mark.parametrize("typed", ["20/11/2026", "20.11.2026", "20112026", "2026-11-20"])
    def test_reads_days_as_people_write_them(self, site: OfficeSite, typed: str) -> None:
        first = site.office.accept()
        site.office.at("2026-11-23T08:00")
        site.office.accept()
        page = site.log_in("nang.hoang").page(f"/register?until={typed}")
        assert shown(page) == [first.code]
        assert 'value="20/11/2026"' in page

    def test_says_which_day_it_cannot_read_and_keeps_it(self, site: OfficeSite) -> None:
        page = site.log_in("nang.hoang").page("/register?since=32/13/2026")
        assert 'value="32/13/2026"' in page
        assert "Không đọc được ngày này, nên chưa lọc theo ngày đó." in page
        assert 'type="date"' not in page, "a browser would show it in the order of its own language"

    def test_asks_the_database_no_more_for_more_lines(self, site: OfficeSite) -> None:
        site.log_in("nang.hoang")
        site.office.accept()
        site.page("/register")  # whether the database is simulated is asked once a minute, not for each page
        with counted_statements(site.office.database) as few:
            site.page("/register")
        for _ in range(20):
            site.office.accept()
        with counted_statements(site.office.database) as many:
            site.page("/register")
        assert len(few) == len(many) <= MOST_STATEMENTS

    def test_is_closed_to_who_has_no_business_with_it(self, site: OfficeSite) -> None:
        site.log_in("may.quan").page("/register", status=403)


class TestPersonalValues:
    def test_are_shown_at_the_counter_and_masked_elsewhere(self, site: OfficeSite) -> None:
        site.office.accept()
        assert "0900 000 119" in site.log_in("nang.hoang").page("/register")
        site.client.post("/logout", data={"csrf_token": site.site.token("/register")})
        page = site.log_in("tinh.dinh").page("/register")
        assert "0900 000 119" not in page
        assert "Bản Mây Hồng" not in page
        assert "•••" in page


class TestFiles:
    def test_hold_the_filtered_register_oldest_first(self, site: OfficeSite) -> None:
        first, other = site.office.accept(owner=owner("Lường Văn Đạt")), site.office.accept(owner=owner("Mè Thị Kê"))
        last = site.office.later(minutes=5).accept(owner=owner("Đỗ Văn Đạt"))
        answer = site.log_in("nang.hoang").client.get("/register.csv?q=dat")
        rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
        assert len(rows[0]) == 15
        assert [row[1] for row in rows[1:]] == [first.code, last.code]
        assert other.code not in answer.get_data(as_text=True)
        assert rows[1][7] == "20/11/2026 08:00"

    def test_can_be_opened_as_excel(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        with site.log_in("nang.hoang").client.get("/register.xlsx") as answer:
            content = answer.data
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert accepted.code in sheet
        assert 'orientation="landscape"' in sheet

    def test_never_hand_a_formula_to_a_spreadsheet(self, site: OfficeSite) -> None:
        site.office.accept(owner=owner('=HYPERLINK("http://ke.xau")'))
        text = site.log_in("nang.hoang").client.get("/register.csv").get_data(as_text=True)
        assert "\"'=HYPERLINK" in text

    def test_leave_a_trace_before_they_leave(self, site: OfficeSite) -> None:
        site.office.accept()
        site.log_in("tinh.dinh").client.get("/register.csv?q=dat&state=open")
        with site.office.database.reading() as connection:
            found = connection.execute(select(trace_entries).where(trace_entries.c.kind == "dossier.register.exported")).one()
        assert found.actor_id == site.office.commune.people["tinh.dinh"]
        assert b'"filter":{"state":"open"}' in bytes(found.body), "a name that was searched for is personal: it stays out"

    def test_keep_personal_values_from_who_may_not_see_them(self, site: OfficeSite) -> None:
        site.office.accept()
        assert "0900000119" not in site.log_in("tinh.dinh").client.get("/register.csv").get_data(as_text=True)
