"""The leader's page: each figure counts what its list shows, the book adds up, other origins stay out, bounded SQL."""

import re
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from engine.database import Database
from engine.tables import instances, marks
from processes.dossiers.models import dossiers
from processes.dossiers.operations import Accepted
from processes.organisation.calendars import PublishedCalendars
from processes.reporting import queries
from processes.reporting.figures import Period
from processes.reporting.queries import Scope
from processes.reporting.steptimes import slowest_steps
from tests.office import Office, local
from tests.officeweb import OfficeSite, counted_statements, open_office_site

COPY, BUSINESS = "2.000908", "1.001612"
MOST_STATEMENTS = 24
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path, COPY, BUSINESS)


@pytest.fixture
def office(site: OfficeSite) -> Office:
    return site.office


def finish(office: Office, accepted: Accepted) -> None:
    for login, values in (("nang.hoang", {}), ("but.luong", {}), ("tinh.dinh", {"outcome": "approve"}), ("dau.do", {})):
        step = office.open_step(accepted)
        late = step["due_at"] is not None and step["due_at"] < office.commune.clock.now()
        office.complete(accepted, login, **values, **({"late_reason": "workload", "note": "Đông khách"} if late else {}))


def figure(page: str, name: str) -> tuple[str, str]:
    """A figure by its name: what it says, and where it leads."""
    found = re.search(
        rf'<a class="counter[^"]*" href="([^"]+)"[^>]*><span class="label"><svg.*?</svg>{name}</span><span class="figure">([^<]+)<', page
    )
    assert found is not None, name
    return found[2], unescape(found[1])


def lines(site: OfficeSite, href: str) -> int:
    """How many lines the register says it has there."""
    found = re.search(r'Mẫu 07 <span class="count">([\d.]+)<', site.page(href))
    assert found is not None
    return int(found[1])


def scope(office: Office, *, live_only: bool = True, period: Period = NOVEMBER) -> Scope:
    return Scope(office.actor("tinh.dinh"), period, office.commune.clock.now(), live_only)


@pytest.fixture
def busy(office: Office) -> Office:
    """At 09:00 on Monday: one finished early, one late and open, one waiting for papers, one due today, one due later."""
    early, overdue = office.accept(), office.accept()
    office.accept(BUSINESS)
    waiting = office.accept(BUSINESS)
    with office.database.writing() as connection:
        office.areas.dossiers.request_supplement(
            connection, actor=office.commune.actor(connection, "nang.hoang"), code=waiting.code, content="Bản sao", reason="thiếu"
        )
    office.at("2026-11-20T09:00")
    finish(office, early)
    office.at("2026-11-20T14:00").accept()
    office.at("2026-11-23T09:00").sweep()
    assert overdue.code
    return office


class TestFigures:
    def test_count_what_their_lists_show(self, site: OfficeSite, busy: Office) -> None:
        page = site.log_in("tinh.dinh").page("/monitor")
        expected = {"Đang quá hạn": "1", "Đến hạn hôm nay": "1", "Tạm dừng": "1", "Đang giải quyết": "4"}
        for name, said in expected.items():
            told, href = figure(page, name)
            assert told == said, name
            assert lines(site, href) == int(said), name

    def test_tell_the_share_of_what_was_resolved(self, site: OfficeSite, busy: Office) -> None:
        told, href = figure(site.log_in("tinh.dinh").page("/monitor"), "Đúng và trước hạn")
        assert told == "100,0\N{NO-BREAK SPACE}%"
        assert lines(site, href) == 1

    def test_compare_with_the_period_before(self, site: OfficeSite, office: Office) -> None:
        late, punctual = office.accept(), office.accept()
        office.at("2026-11-20T09:00")
        finish(office, punctual)
        office.at("2026-11-23T09:00")
        finish(office, late)
        page = site.log_in("tinh.dinh").page("/monitor?since=2026-11-23&until=2026-11-23")
        assert figure(page, "Đúng và trước hạn")[0] == "0,0\N{NO-BREAK SPACE}%"
        assert "kỳ trước chưa có" in page
        page = site.page("/monitor?since=2026-11-21&until=2026-11-24")
        assert "giảm 100,0 điểm so với kỳ trước" in page

    def test_say_why_clocks_are_stopped(self, site: OfficeSite, busy: Office) -> None:
        assert "bổ sung 1" in site.log_in("tinh.dinh").page("/monitor")

    def test_are_explained(self, site: OfficeSite) -> None:
        page = site.log_in("tinh.dinh").page("/monitor")
        assert "Mỗi con số tính thế nào" in page
        assert "từ chối tiếp nhận không tính" in page


class TestBook:
    def test_adds_up_and_leads_to_what_it_counts(self, site: OfficeSite, busy: Office) -> None:
        with busy.database.reading() as connection:
            book = queries.book(connection, scope(busy))
        assert (book.received, book.resolved, book.open) == (5, 1, 4)
        assert (book.early, book.open_within, book.open_overdue) == (1, 3, 1)
        page = site.log_in("tinh.dinh").page("/monitor")
        assert "5 = 1 + 4" in page
        hrefs = re.findall(r'class="num strong"><a class="plain" href="([^"]+)">(\d+)<', page)
        assert [(lines(site, unescape(href)), count) for href, count in hrefs] == [(5, "5"), (1, "1"), (4, "4")]

    def test_carries_what_was_open_into_the_next_period(self, busy: Office) -> None:
        december = Period(date(2026, 12, 1), date(2026, 12, 31))
        busy.at("2026-12-02T09:00").sweep()
        with busy.database.reading() as connection:
            book = queries.book(connection, scope(busy, period=december))
        assert (book.online + book.counter, book.carried, book.resolved) == (0, 4, 0)

    def test_leaves_out_what_was_refused_and_counts_what_was_withdrawn(self, office: Office) -> None:
        refused, withdrawn = office.accept(), office.accept()
        with office.database.writing() as connection:
            actor = office.commune.actor(connection, "nang.hoang")
            office.areas.dossiers.refuse(connection, actor=actor, code=refused.code, reason="Không thuộc thẩm quyền")
            office.areas.dossiers.withdraw(connection, actor=actor, code=withdrawn.code, reason="Đổi ý")
        with office.database.reading() as connection:
            book = queries.book(connection, scope(office))
        assert (book.received, book.resolved, book.open) == (1, 1, 0)


class TestStuck:
    def test_says_where_and_in_whose_hands(self, site: OfficeSite, office: Office) -> None:
        office.claim(office.accept(), "nang.hoang")
        office.accept()
        office.at("2026-11-20T10:30").sweep()
        page = site.log_in("tinh.dinh").page("/monitor")
        assert "2 bước đang quá hạn trong 2 hồ sơ" in page
        stuck = unescape(page.split('id="stuck"', 1)[1].split("</section>", 1)[0])
        hrefs = dict(re.findall(r'href="([^"]+)">([^<]+)</a><b>', stuck))
        counted = {name: lines(site, href) for href, name in hrefs.items()}
        assert counted == {
            "B1 Tiếp nhận, kiểm tra, số hóa": 2,
            "Trung tâm Phục vụ hành chính công": 2,
            "Hoàng Thị Nắng": 1,
            "Chưa ai nhận": 1,
        }

    def test_lists_overdue_dossiers_with_their_step(self, site: OfficeSite, busy: Office) -> None:
        page = site.log_in("tinh.dinh").page("/monitor").split('id="drill"', 1)[1].split("</section>", 1)[0]
        assert "quá hạn 1 giờ" in page
        assert "Tiếp nhận, kiểm tra, số hóa" in page


class TestSlowSteps:
    def test_measures_working_time_as_the_calendar_does(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T14:00").complete(accepted, "nang.hoang", late_reason="workload", note="Đông khách")
        office.at("2026-11-23T09:15").complete(accepted, "but.luong", late_reason="workload", note="Đông khách")
        with office.database.reading() as connection:
            calendars = PublishedCalendars()
            calendar = calendars.current(connection, office.commune.agency_id)[1]
            found = {one.code: one for one in slowest_steps(connection, scope(office), calendar)}
        assert found["B1"].median_minutes == calendar.between(local("2026-11-20T08:00"), local("2026-11-20T14:00")) == 270
        assert found["B2"].p90_minutes == calendar.between(local("2026-11-20T14:00"), local("2026-11-23T09:15")) == 285
        assert (found["B1"].p90_permille, found["B1"].late, found["B1"].passes) == (2250, 1, 1)

    def test_takes_the_median_and_the_ninth_decile(self, office: Office) -> None:
        accepted = [office.accept() for _ in range(10)]
        for minutes, one in enumerate(accepted, start=1):
            office.at(f"2026-11-20T08:{minutes * 5:02d}").complete(one, "nang.hoang")
        with office.database.reading() as connection:
            calendar = PublishedCalendars().current(connection, office.commune.agency_id)[1]
            (found,) = slowest_steps(connection, scope(office), calendar)
        assert (found.passes, found.median_minutes, found.p90_minutes) == (10, 25, 45)

    def test_leaves_out_a_step_in_which_the_clock_stopped(self, office: Office) -> None:
        accepted = office.accept()
        with office.database.writing() as connection:
            actor = office.commune.actor(connection, "nang.hoang")
            office.areas.dossiers.request_supplement(connection, actor=actor, code=accepted.code, content="Bản sao", reason="thiếu")
        office.at("2026-11-20T09:00")
        with office.database.writing() as connection:
            actor = office.commune.actor(connection, "nang.hoang")
            office.areas.dossiers.receive_supplement(connection, actor=actor, code=accepted.code)
        office.complete(accepted, "nang.hoang")
        with office.database.reading() as connection:
            calendar = PublishedCalendars().current(connection, office.commune.agency_id)[1]
            assert slowest_steps(connection, scope(office), calendar) == []


class TestOrigins:
    @pytest.fixture
    def imported(self, site: OfficeSite, office: Office) -> Accepted:
        accepted = office.accept()
        with office.database.writing() as connection:
            connection.execute(update(dossiers).where(dossiers.c.id == accepted.dossier_id).values(origin="imported"))
            connection.execute(update(instances).where(instances.c.id == accepted.instance_id).values(origin="imported"))
        site.log_in("tinh.dinh")
        return accepted

    def test_stay_out_of_live_figures_unless_chosen(self, site: OfficeSite, imported: Accepted) -> None:
        assert figure(site.page("/monitor"), "Đang giải quyết")[0] == "0"
        told, href = figure(site.page("/monitor?origin=all"), "Đang giải quyết")
        assert (told, lines(site, href)) == ("1", 1)

    def test_are_live_figures_on_a_simulated_database_which_says_so(self, site: OfficeSite, office: Office, imported: Accepted) -> None:
        with office.database.writing() as connection:
            connection.execute(insert(marks).values(name="simulated", value="1"))
        page = site.page("/monitor")
        assert figure(page, "Đang giải quyết")[0] == "1"
        assert "Dữ liệu mô phỏng" in page


class TestSweepLine:
    def test_says_when_no_sweep_has_run(self, site: OfficeSite) -> None:
        assert "Chưa lần nào rà hạn" in site.log_in("tinh.dinh").page("/monitor")

    def test_says_when_it_is_late(self, site: OfficeSite, office: Office) -> None:
        office.sweep()
        assert "Rà hạn lần cuối" in site.log_in("tinh.dinh").page("/monitor")
        office.later(minutes=6)
        assert "Rà hạn đang chậm" in site.page("/monitor")


class TestStatements:
    def test_are_as_many_for_many_dossiers_as_for_few(self, site: OfficeSite, office: Office) -> None:
        def count() -> int:
            site.log_in("tinh.dinh").page("/monitor")
            with counted_statements(office.database) as seen:
                site.page("/monitor")
            return len(seen)

        office.accept()
        office.at("2026-11-23T09:00").sweep()
        few = count()
        for _ in range(15):
            office.accept()
        office.at("2026-11-25T09:00").sweep()
        assert few == count() <= MOST_STATEMENTS

    def test_are_refused_to_who_may_not_read_them(self, site: OfficeSite) -> None:
        site.log_in("nang.hoang").page("/monitor", status=403)
