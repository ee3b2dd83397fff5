"""The auditor's page: sentences by day, filters, masked values, verification in words, and its own traces."""

import csv
import io
import re
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from engine.database import Database
from engine.tables import trace_entries
from processes.dossiers.operations import Accepted
from processes.organisation.staffing import grant_seat
from tests.office import Office
from tests.officeweb import OfficeSite, counted_statements, open_office_site

MOST_STATEMENTS = 24


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path)


@pytest.fixture
def office(site: OfficeSite) -> Office:
    return site.office


@pytest.fixture
def accepted(office: Office) -> Accepted:
    """B1 was claimed at 08:30 and completed at 10:43, 43 minutes late."""
    one = office.accept()
    office.at("2026-11-20T08:30").claim(one, "nang.hoang")
    office.at("2026-11-20T10:43").complete(one, "nang.hoang", late_reason="workload", note="Đông khách")
    return one


def told(page: str) -> list[str]:
    """The sentences of the timeline, in their order."""
    found = re.findall(r'<div><b class="strong">(.*?)</b>(.*?)</div>', page, re.DOTALL)
    return [unescape(re.sub(r"<span.*", "", f"{who}{words}", flags=re.DOTALL)).strip() for who, words in found]


def kinds(page: str) -> list[str]:
    return re.findall(r'<div class="hash mt-1"[^>]*>[^·]+· ([a-z_.]+) ·', page)


def recorded(office: Office, kind: str) -> int:
    with office.database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(trace_entries).where(trace_entries.c.kind == kind)).scalar_one())


class TestTimeline:
    def test_reads_as_sentences_in_the_order_of_events(self, site: OfficeSite, accepted: Accepted) -> None:
        page = site.log_in("soi.ta").page(f"/trace?q={accepted.code}")
        sentences = told(page)
        assert "Thứ Sáu 20/11/2026" in page
        assert "Hoàng Thị Nắng tiếp nhận hồ sơ tại quầy, thủ tục 2.000908 bản 1, 3 giấy tờ." in sentences
        claimed, overdue, raised, completed = (
            next(index for index, words in enumerate(sentences) if part in words)
            for part in ("nhận bước B1", "ghi nhận B1 Tiếp nhận", "Hệ thống lập KPH-2026-0001 vì B1 quá hạn", "hoàn thành B1")
        )
        assert claimed < overdue < completed
        assert raised
        assert "<del>" in page, "before and after"

    def test_gathers_a_dossiers_nonconformities_under_it(self, site: OfficeSite, accepted: Accepted) -> None:
        site.log_in("soi.ta")
        assert "quality.nonconformity.raised" in kinds(site.page(f"/trace?q={accepted.code}"))
        assert kinds(site.page("/trace?q=KPH-2026-0001")) == kinds(site.page(f"/trace?q={accepted.code}"))[:-1]

    def test_finds_by_the_short_code_and_offers_a_choice(self, site: OfficeSite, office: Office, accepted: Accepted) -> None:
        office.accept()
        site.log_in("soi.ta")
        assert accepted.code in site.page("/trace?q=261120-0001")
        page = site.page("/trace?q=261120")
        assert "Nhiều hồ sơ khớp" in page
        assert "Không có mục nào khớp" in site.page("/trace?q=999999-9999")

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("area=step", {"engine.step.claimed", "engine.step.overdue", "engine.step.completed"}),
            ("area=quality", {"quality.nonconformity.raised", "quality.nonconformity.corrected"}),
            ("area=step&since=2026-11-21", set()),
            ("area=step&until=2026-11-20", {"engine.step.claimed", "engine.step.overdue", "engine.step.completed"}),
            ("area=step&person=nang", {"engine.step.claimed", "engine.step.overdue", "engine.step.completed"}),
            ("area=step&person=tinh", set()),
            ("area=step&person=khong co ai", set()),
        ],
    )
    def test_filters_by_kind_person_and_period(self, site: OfficeSite, accepted: Accepted, asked: str, found: set[str]) -> None:
        assert set(kinds(site.log_in("soi.ta").page(f"/trace?{asked}"))) == found

    def test_goes_on_where_the_page_before_ended(self, site: OfficeSite, office: Office) -> None:
        for _ in range(25):
            office.later(minutes=1).accept()
        site.log_in("soi.ta")
        seen: list[str] = []
        href: str | None = "/trace?area=dossier"
        while href:
            page = site.page(href)
            seen += re.findall(r'title="SHA-256 ([0-9a-f]{64})"', page)
            found = re.search(r'href="([^"]+)" rel="next"', page)
            href = unescape(found[1]) if found else None
        assert len(seen) == len(set(seen)) == 50, "25 acceptances and as many receipt slips, each once"

    def test_asks_the_database_no_more_for_more_entries(self, site: OfficeSite, office: Office, accepted: Accepted) -> None:
        site.log_in("soi.ta").page("/trace")
        with counted_statements(office.database) as few:
            site.page("/trace")
        for _ in range(15):
            office.accept()
        with counted_statements(office.database) as many:
            site.page("/trace")
        assert len(few) == len(many) <= MOST_STATEMENTS

    def test_shows_the_versions_in_force(self, site: OfficeSite, accepted: Accepted) -> None:
        page = site.log_in("soi.ta").page(f"/trace?q={accepted.code}")
        assert "2.000908, bản 1, áp dụng từ 01/07/2025" in page
        assert "vn, bản 1" in page

    def test_is_closed_to_who_may_not_read_it(self, site: OfficeSite) -> None:
        site.log_in("nang.hoang").page("/trace", status=403)

    def test_shows_nothing_of_another_agency(self, site: OfficeSite, office: Office) -> None:
        """The land office's own log-ins are its own."""
        site.log_in("ruong.vi")
        site.client.post("/logout", data={"csrf_token": site.site.token("/desk")})
        assert "Vi Văn Ruộng" not in site.log_in("soi.ta").page("/trace?area=office")


class TestPersonalValues:
    def test_are_masked(self, site: OfficeSite, accepted: Accepted) -> None:
        page = site.log_in("soi.ta").page(f"/trace?q={accepted.code}")
        assert "Số định danh chủ hồ sơ" in page
        assert "014085000456" not in page
        assert "0900000119" not in page
        assert "Đông khách" not in page, "what an officer noted may name somebody"

    def test_are_shown_to_who_may_see_them_for_one_dossier_alone(self, site: OfficeSite, office: Office, accepted: Accepted) -> None:
        with office.database.writing() as connection:
            person = office.commune.people["nang.hoang"]
            grant_seat(connection, person_id=person, role="auditor", **office.commune.doing)
        site.log_in("nang.hoang")
        assert "014085000456" in site.page(f"/trace?q={accepted.code}")
        assert "014085000456" not in site.page("/trace")
        assert recorded(office, "trace.timeline.viewed") == 1


class TestLooking:
    def test_at_one_dossier_is_itself_in_the_trace(self, site: OfficeSite, office: Office, accepted: Accepted) -> None:
        site.log_in("soi.ta").page(f"/trace?q={accepted.code}")
        page = site.page(f"/trace?q={accepted.code}")
        assert recorded(office, "trace.timeline.viewed") == 2
        assert "(bạn) xem nhật ký này." in " ".join(told(page)).replace("\n", " ")

    def test_at_everything_is_not(self, site: OfficeSite, office: Office, accepted: Accepted) -> None:
        site.log_in("soi.ta").page("/trace")
        assert recorded(office, "trace.timeline.viewed") == 0


class TestFile:
    def test_holds_the_timeline_without_personal_values(self, site: OfficeSite, office: Office, accepted: Accepted) -> None:
        answer = site.log_in("soi.ta").client.get(f"/trace.csv?q={accepted.code}")
        text_ = answer.get_data(as_text=True)
        rows = list(csv.reader(io.StringIO(text_.removeprefix("\ufeff"))))
        assert rows[1][0].startswith("20/11/2026 08:00")
        assert {len(row[8]) for row in rows[1:]} == {64}
        assert "014085000456" not in text_
        assert recorded(office, "trace.timeline.exported") == 1


class TestVerify:
    def verify(self, site: OfficeSite) -> str:
        answer = site.client.post("/trace/verify", data={"csrf_token": site.site.token("/trace")}, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        return unescape(answer.get_data(as_text=True))

    def test_says_that_the_log_holds(self, site: OfficeSite, office: Office, accepted: Accepted) -> None:
        found = self.verify(site.log_in("soi.ta"))
        assert "Nguyên vẹn" in found
        assert recorded(office, "trace.log.verified") == 1

    def test_names_the_first_fault(self, site: OfficeSite, office: Office, accepted: Accepted) -> None:
        site.log_in("soi.ta")
        with office.database.writing() as connection:
            claimed = connection.execute(select(trace_entries).where(trace_entries.c.kind == "engine.step.claimed")).one()
            body = bytes(claimed.body).replace(b'"step":"B1"', b'"step":"B7"')
            assert body != bytes(claimed.body)
            if connection.dialect.name == "postgresql":
                connection.execute(text("set local session_replication_role = replica"))
            else:
                for trigger in connection.execute(text("select name from sqlite_master where type = 'trigger'")).scalars().all():
                    connection.execute(text(f'drop trigger "{trigger}"'))
            connection.execute(trace_entries.update().where(trace_entries.c.id == claimed.id).values(body=body))
        found = self.verify(site)
        assert "Không nguyên vẹn" in found
        assert f"mục {claimed.id}, engine.step.claimed, {accepted.code}" in found
        assert "mã băm của mục đã bị sửa" in found

    def test_is_not_everybodys(self, site: OfficeSite, accepted: Accepted) -> None:
        page = site.log_in("chuan.ngo").page("/trace")
        assert "/trace/verify" not in page
        answer = site.client.post("/trace/verify", data={"csrf_token": site.site.token("/trace")})
        assert answer.status_code == 403

    def test_is_not_begun_before_a_page_for_a_log_too_large(
        self, site: OfficeSite, accepted: Accepted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("web.views.trace.MOST_VERIFIED", 5)
        site.log_in("soi.ta")
        assert "eiso trace verify" in site.page("/trace")
        answer = site.client.post("/trace/verify", data={"csrf_token": site.site.token("/trace")})
        assert answer.status_code == 503
        assert "Nhật ký quá lớn" in answer.get_data(as_text=True)
