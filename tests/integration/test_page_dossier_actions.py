"""One dossier through the browser's eyes: supplements, refusal and withdrawal, personal values, printed forms."""

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.database import Database
from processes.dossiers.intake import PartyEntry
from processes.dossiers.models import supplement_requests
from processes.dossiers.operations import Accepted
from tests.dossierweb import act, browser, now_panel, page_of, row_of, step, through, viewed
from tests.officeweb import OfficeSite, open_office_site


@pytest.fixture
def site(database: Database, tmp_path: Path) -> OfficeSite:
    return open_office_site(database, tmp_path).log_in("nang.hoang")


class TestSupplement:
    def ask(self, site: OfficeSite, accepted: Accepted, status: int = 303, **more: str) -> str:
        return act(site, accepted, "supplement", status, content="Thẻ căn cước", reason="Bản chụp bị mờ", **more)

    def test_stops_the_clock_and_shows_on_the_slip(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        step(site, accepted, "claim")
        page = self.ask(site, accepted)
        assert "Đã lập yêu cầu bổ sung số 1/HDHS (Mẫu 02). Đồng hồ dừng." in page
        assert "Đồng hồ dừng, chờ công dân bổ sung" in page
        assert "Mẫu 02 lần 1: Thẻ căn cước" in page
        assert "dừng từ 08:00 hôm nay" in page
        assert "hoàn thành được khi đồng hồ chạy tiếp" in now_panel(page)

    def test_cannot_be_worked_around(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        step(site, accepted, "claim")
        self.ask(site, accepted)
        assert "Đồng hồ đang dừng từ 08:00 hôm nay." in step(site, accepted, "complete", 409)

    def test_needs_a_reason_and_keeps_what_was_typed(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        page = act(site, accepted, "supplement", 422, content="Thẻ căn cước", reason=" ")
        dialog = re.search(r'<dialog class="ask" id="supplement"[^>]*data-opened.*?</dialog>', page, re.DOTALL)
        assert dialog is not None
        assert "Chưa ghi lý do." in dialog[0]
        assert ">Thẻ căn cước</textarea>" in dialog[0]

    def test_is_received_at_the_moment_it_came(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        self.ask(site, accepted)
        site.office.at("2026-11-20T14:10")
        site.log_in("nang.hoang")
        papers = {"paper_TP1": "yes", "paper_TP1_originals": "1", "paper_TP1_certified": "", "paper_TP1_copies": "0"}
        page = act(site, accepted, "supplement/receive", received_at="13:30 20/11/2026", **papers)
        assert "Đã nhận bổ sung. Đồng hồ chạy tiếp." in page
        assert "Không tính 4 giờ" in page
        assert "bổ sung lần 1, 13:30 hôm nay" in page
        assert "đến 13:30 thứ Hai 23/11" in page

    def test_may_come_in_the_minute_in_which_the_clock_stopped(self, site: OfficeSite) -> None:
        site.office.at("2026-11-20T08:00:40")
        accepted = site.office.accept()
        self.ask(site, accepted)
        site.office.at("2026-11-20T08:05")
        assert "Đã nhận bổ sung." in act(site, accepted, "supplement/receive", received_at="2026-11-20T08:00")

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("2026-11-20T09:00", "Lúc nhận bổ sung nằm ở tương lai."),
            ("2026-11-20T07:00", "Lúc nhận bổ sung sớm hơn lúc dừng"),
            ("09:00 20/11/2026", "Lúc nhận bổ sung nằm ở tương lai."),
            ("hôm qua", "Điều vừa gửi không đọc được."),
        ],
    )
    def test_refuses_a_moment_that_cannot_be_and_keeps_it(self, site: OfficeSite, typed: str, sentence: str) -> None:
        accepted = site.office.accept()
        self.ask(site, accepted)
        page = act(site, accepted, "supplement/receive", 422, received_at=typed)
        assert sentence in page
        assert f'value="{typed}"' in page
        assert row_of(site, accepted)["status"] == 5

    def test_asks_why_it_is_asked_for_again(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        self.ask(site, accepted)
        act(site, accepted, "supplement/receive", received_at="2026-11-20T08:00")
        assert "Vì sao phải yêu cầu thêm lần nữa" in page_of(site, accepted)
        page = self.ask(site, accepted, 422)
        assert "Đã yêu cầu bổ sung 1 lần, thủ tục cho phép 1 lần." in page
        self.ask(site, accepted, repeat_reason="Giấy nộp thêm của người khác")
        with site.office.database.reading() as connection:
            assert connection.execute(select(func.count()).select_from(supplement_requests)).scalar_one() == 2


class TestEnd:
    @pytest.mark.parametrize(
        ("verb", "status", "told"), [("refuse", 3, "Đã từ chối hồ sơ, phiếu số 1/TTPVHCC (Mẫu 03)."), ("withdraw", 7, "Đã cho rút hồ sơ.")]
    )
    def test_asks_for_a_reason_and_keeps_it(self, site: OfficeSite, verb: str, status: int, told: str) -> None:
        accepted = site.office.accept()
        page = act(site, accepted, verb, 422, reason="")
        assert "Chưa ghi lý do." in page
        assert row_of(site, accepted)["status"] == 2
        page = act(site, accepted, verb, reason="Nộp nhầm xã")
        assert told in page
        assert "Lý do: Nộp nhầm xã" in page
        assert row_of(site, accepted)["status"] == status
        assert 'data-open="' not in now_panel(page)

    def test_is_not_offered_to_whom_it_does_not_belong(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        clerk = browser(site, "dau.do")
        assert "Từ chối (Mẫu 03)" not in page_of(clerk, accepted)
        here = f"/dossiers/{accepted.code}"
        assert clerk.send(f"{here}/refuse", shown_on=here, reason="thử").status_code == 403


class TestPersonalValues:
    def test_are_masked_for_other_eyes(self, site: OfficeSite) -> None:
        filer = PartyEntry("Cầm Văn Xuân", "014085000999", phone="0900000085", address="Bản Suối")
        accepted = site.office.accept(filer=filer)
        page = page_of(browser(site, "chuan.ngo"), accepted)
        for value in ("014085000456", "014085000999", "0900 000 119", "0900 000 085", "Bản Mây Hồng", "Bản Suối"):
            assert value not in page
        assert "0900 ••• 119" in page
        assert "Xem đủ số" not in page

    def test_show_the_id_number_only_on_asking_and_say_so_in_the_trace(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        page = page_of(site, accepted)
        assert "014085000456" not in page
        assert "0900 000 119" in page
        assert viewed(site) == []
        answer = site.send(f"/dossiers/{accepted.code}/identifier/owner", shown_on=f"/dossiers/{accepted.code}")
        assert "014085000456" in answer.get_data(as_text=True)
        assert viewed(site) == [(accepted.code, site.office.commune.people["nang.hoang"], None)]
        assert "014085000456" not in page_of(site, accepted)

    def test_are_refused_to_whom_they_do_not_serve_and_shown_to_the_handler(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        through(site, accepted, "nang.hoang")
        here = f"/dossiers/{accepted.code}"
        specialist = browser(site, "but.luong")
        assert specialist.send(f"{here}/identifier/owner", shown_on=here).status_code == 403
        assert viewed(site) == []
        site.office.claim(accepted, "but.luong")
        assert specialist.send(f"{here}/identifier/owner", shown_on=here).status_code == 200

    def test_know_no_other_part(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        here = f"/dossiers/{accepted.code}"
        assert site.send(f"{here}/identifier/filer", shown_on=here).status_code == 404
        assert site.send(f"{here}/identifier/hàng xóm", shown_on=here).status_code == 404


class TestForms:
    def test_are_pdfs(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        for form in ("receipt_slip", "tracking_slip"):
            answer = site.client.get(f"/dossiers/{accepted.code}/forms/{form}.pdf")
            assert answer.mimetype == "application/pdf"
            assert answer.data.startswith(b"%PDF")
        assert [row[0] for row in viewed(site)] == [accepted.code], "form 01 shows the ID number"

    def test_of_the_citizen_are_not_for_other_eyes(self, site: OfficeSite) -> None:
        accepted = site.office.accept()
        assert browser(site, "chuan.ngo").client.get(f"/dossiers/{accepted.code}/forms/receipt_slip.pdf").status_code == 403
        assert browser(site, "ruong.vi").client.get(f"/dossiers/{accepted.code}/forms/tracking_slip.pdf").status_code == 404

    def test_do_not_exist_before_the_dossier_is_accepted(self, site: OfficeSite) -> None:
        office = site.office
        with office.database.writing() as connection:
            actor, agency_id = office.commune.actor(connection, "nang.hoang"), office.commune.agency_id
            code = office.areas.dossiers.file(connection, actor=actor, agency_id=agency_id, intake=office.intake(channel="online"))
        for form in ("receipt_slip", "tracking_slip"):
            page = site.page(f"/dossiers/{code}/forms/{form}.pdf", 404)
            assert "Mẫu này chưa được lập." in page
