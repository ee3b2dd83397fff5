"""The forms of a dossier in the course of its life: form 01 stays as it was issued, form 06 is always as things stand."""

from typing import Any

import pytest
from sqlalchemy import select, update

from engine.database import Database
from engine.errors import NotFoundError
from processes.dossiers.form_data import receipt_slip_data, tracking_slip_data
from processes.dossiers.intake import PaperEntry, PartyEntry
from processes.dossiers.models import Dossier, IssuedForm, Party
from processes.dossiers.operations import Accepted
from processes.forms.receipt_slip import receipt_slip_pdf
from processes.forms.tracking_slip import TrackingSlipData, tracking_slip_pdf
from processes.organisation.models import Agency
from processes.quality.rules import LATE_REASONS
from tests.office import COPY, Office, local, open_office
from tests.unit.form_samples import assert_in_order, pages

HOUSEHOLD, LAND, DISABILITY, PERMIT, CERTIFIED = "1.001612", "1.012796", "1.001699", "1.013225", "2.000815"
COMPANY = PartyEntry(
    "Hợp tác xã Rau Sạch Mây Ngàn", "9990000018", "tax_code", phone="0900000555", address="Bản Khe Rêu", kind="organisation"
)
FILER = PartyEntry("Lò Thị Mưa", "014190000321", phone="0900000777", address="Bản Khe Rêu, xã Suối Mây")


@pytest.fixture
def office(database: Database) -> Office:
    return open_office(database, COPY, HOUSEHOLD, LAND).at("2026-11-20T08:05")


def dossier_of(office: Office, code: str) -> dict[str, Any]:
    with office.database.reading() as connection:
        return dict(connection.execute(select(Dossier.__table__).where(Dossier.code == code)).mappings().one())


def receipt_pdf(office: Office, code: str) -> bytes:
    dossier = dossier_of(office, code)
    with office.database.reading() as connection:
        return receipt_slip_pdf(receipt_slip_data(connection, dossier))


def receipt_text(office: Office, accepted: Accepted) -> str:
    return pages(receipt_pdf(office, accepted.code))[0]


def tracking(office: Office, accepted: Accepted) -> TrackingSlipData:
    dossier, now = dossier_of(office, accepted.code), office.commune.clock.now()
    with office.database.reading() as connection:
        return tracking_slip_data(connection, office.areas.calendars, dossier, now=now, late_reasons=LATE_REASONS)


def tracking_text(office: Office, accepted: Accepted) -> str:
    return " ".join(pages(tracking_slip_pdf(tracking(office, accepted))))


def carry_through(office: Office, accepted: Accepted) -> None:
    """B1 at 08:45, B2 late with its reason, B3 and B4; the result waits at the counter."""
    office.claim(accepted, "nang.hoang")
    office.at("2026-11-20T08:45").complete(accepted, "nang.hoang")
    office.at("2026-11-20T08:50").claim(accepted, "but.luong")
    office.at("2026-11-20T14:00").complete(accepted, "but.luong", late_reason="absence", note="Đi tập huấn cả buổi sáng")
    office.at("2026-11-20T14:05").claim(accepted, "tinh.dinh")
    office.at("2026-11-20T15:00").complete(accepted, "tinh.dinh", outcome="approve")
    office.at("2026-11-20T15:10").claim(accepted, "dau.do")
    office.at("2026-11-20T15:20").complete(accepted, "dau.do")


class TestReceiptSlip:
    def test_says_what_was_received_and_promised(self, office: Office) -> None:
        accepted = office.accept(
            content="Bản sao Giấy khai sinh năm 1985", papers=[PaperEntry("TP1", copies=2), PaperEntry("TP2", certified=1)]
        )
        assert_in_order(
            receipt_text(office, accepted),
            "Mẫu số 01 ban hành kèm theo Thông tư số 03/2025/TT-VPCP",
            "ỦY BAN NHÂN DÂN XÃ SUỐI MÂY",
            "Số: 1/TTPVHCC",
            "Quyển số: 1, Số thứ tự: 1",
            "Suối Mây, ngày 20 tháng 11 năm 2026",
            f"Mã hồ sơ: {accepted.code}",
            "Tiếp nhận hồ sơ của: Lường Văn Đạt",
            "Người nộp: Lường Văn Đạt",
            "Địa chỉ: Bản Mây Hồng, xã Suối Mây",
            "Số điện thoại: 0900000119",
            "Số định danh cá nhân: 014085000456",
            "Cấp bản sao từ sổ gốc: Bản sao Giấy khai sinh năm 1985",
            "Giấy tờ tùy thân của người yêu cầu 2",
            "Giấy tờ chứng minh quan hệ với người được cấp bản chính 1",
            "theo quy định là: 1 ngày làm việc",
            "4. Thời gian nhận hồ sơ: 08 giờ 05 phút, ngày 20 tháng 11 năm 2026",
            "5. Thời gian trả kết quả giải quyết hồ sơ: 08 giờ 05 phút, ngày 23 tháng 11 năm 2026",
            "Đăng ký nhận kết quả tại: Trung tâm Phục vụ hành chính công xã Suối Mây (trực tiếp)",
            "Phí, lệ phí: Miễn phí",
            "NGƯỜI NỘP HỒ SƠ (ký và ghi rõ họ tên) Lường Văn Đạt",
            "NGƯỜI TIẾP NHẬN HỒ SƠ (ký và ghi rõ họ tên) Hoàng Thị Nắng",
        )

    def test_names_an_organisation_and_who_came_for_it(self, office: Office) -> None:
        text = receipt_text(
            office, office.accept(owner=COMPANY, filer=FILER, result_channel="postal", fee_amount=8000, fee_receipt="0000123")
        )
        assert_in_order(
            text,
            "Tiếp nhận hồ sơ của: Hợp tác xã Rau Sạch Mây Ngàn",
            "Người nộp: Lò Thị Mưa, điện thoại 0900000777",
            "Mã số thuế: 9990000018",
            "Đăng ký nhận kết quả tại: Bản Khe Rêu, xã Suối Mây (bưu chính)",
            "Phí, lệ phí: 8.000 đồng, biên lai số 0000123",
        )
        assert "Người nộp: ....." in receipt_text(office, office.accept(owner=COMPANY))

    def test_says_what_is_to_be_paid_with_the_result(self, office: Office) -> None:
        office.load(CERTIFIED)
        text = receipt_text(office, office.accept(CERTIFIED, variant="standard"))
        assert "Phí, lệ phí: 2.000 đồng/trang, nộp khi nhận kết quả" in text
        assert "trong ngày (nhận sau 15 giờ: ngày làm việc tiếp theo)" in text

    def test_names_the_variant(self, office: Office) -> None:
        office.load(PERMIT)
        accepted = office.accept(PERMIT, variant="house")
        content = receipt_text(office, accepted)
        content = content[content.index("Nội dung yêu cầu") : content.index("1. Thành phần")]
        assert "(Nhà ở riêng lẻ" in content

    def test_warns_that_the_appointment_crosses_days_not_yet_decreed(self, office: Office) -> None:
        assert "dự kiến" not in receipt_text(office, office.accept())
        office.at("2026-12-31T14:00")
        assert "chưa công bố: Tết Dương lịch 01/01/2027." in receipt_text(office, office.accept())
        office.at("2027-02-03T14:00")
        assert "Nghỉ Tết Nguyên đán từ 04/02/2027 đến 10/02/2027" in receipt_text(office, office.accept())

    def test_is_the_same_bytes_after_all_that_happened_since(self, office: Office) -> None:
        accepted = office.accept()
        before = receipt_pdf(office, accepted.code)
        actor = office.actor("nang.hoang")
        with office.later(minutes=30).database.writing() as connection:
            office.areas.dossiers.request_supplement(
                connection, actor=actor, code=accepted.code, content="Giấy ủy quyền", reason="Thiếu chữ ký"
            )
        with office.later(days=3).database.writing() as connection:
            office.areas.dossiers.receive_supplement(connection, actor=actor, code=accepted.code, papers=[PaperEntry("TP2", originals=1)])
        with (
            office.database.writing() as connection
        ):  # the appointment moved; the office moved and was renamed; the owner's entry was mended
            connection.execute(update(Agency).values(name="UBND xã Suối Nắng", counter_name="Trung tâm mới", place_name="Suối Nắng"))
            connection.execute(update(Party).values(name="Lường Văn Đạt Con", phone="0900000999"))
        assert dossier_of(office, accepted.code)["promised_at"] != accepted.promised_at
        assert receipt_pdf(office, accepted.code) == before

    def test_is_issued_as_well_when_an_online_filing_is_accepted(self, office: Office) -> None:
        papers = [PaperEntry("TP1", copies=1)]
        with office.database.writing() as connection:
            code = office.areas.dossiers.file(
                connection,
                actor=office.commune.actor(connection, "nang.hoang"),
                agency_id=office.commune.agency_id,
                intake=office.intake(channel="online", result_channel="online", papers=papers),
            )
        with pytest.raises(NotFoundError) as refused:
            receipt_pdf(office, code)
        assert refused.value.code == "form_not_issued"
        with office.later(minutes=20).database.writing() as connection:
            office.areas.dossiers.accept_filing(connection, actor=office.commune.actor(connection, "nang.hoang"), code=code)
        text = pages(receipt_pdf(office, code))[0]
        assert_in_order(text, "Giấy tờ tùy thân của người yêu cầu 1", "4. Thời gian nhận hồ sơ: 08 giờ 25 phút", "(trực tuyến)")

    def test_is_kept_in_full_with_the_form(self, office: Office) -> None:
        accepted = office.accept()
        with office.database.reading() as connection:
            kept = connection.execute(select(IssuedForm.data).where(IssuedForm.dossier_id == accepted.dossier_id)).scalar_one()
        assert (kept["owner"], kept["id_number"], kept["heading"]["citation"]) == (
            "Lường Văn Đạt",
            "014085000456",
            "Mẫu số 01 ban hành kèm theo Thông tư số 03/2025/TT-VPCP",
        )


class TestTrackingSlip:
    def test_begins_with_the_counter_and_four_blocks(self, office: Office) -> None:
        slip = tracking(office, office.accept())
        (first,) = slip.legs
        assert (first.giver.unit, first.giver.person, first.giver.at, first.receivers) == (
            "Trung tâm Phục vụ hành chính công",
            None,
            None,
            (),
        )
        assert " ".join(pages(tracking_slip_pdf(slip))).count("1. Giao:") == 4

    def test_tells_the_life_of_a_dossier_from_hand_to_hand(self, office: Office) -> None:
        accepted = office.accept()
        carry_through(office, accepted)
        slip = tracking(office, accepted)
        assert [(leg.step_code, leg.giver.unit, leg.receivers[0].unit) for leg in slip.legs] == [
            ("B1", "Trung tâm Phục vụ hành chính công", "Văn phòng HĐND và UBND"),
            ("B2", "Văn phòng HĐND và UBND", "Lãnh đạo UBND"),
            ("B3", "Lãnh đạo UBND", "Văn phòng HĐND và UBND"),
            ("B4", "Văn phòng HĐND và UBND", "Trung tâm Phục vụ hành chính công"),
        ]
        text = tracking_text(office, accepted)
        assert_in_order(
            text,
            "Mẫu số 06 ban hành kèm theo Thông tư số 03/2025/TT-VPCP",
            "Kèm theo hồ sơ của: Lường Văn Đạt",
            f"Mã hồ sơ: {accepted.code}",
            "Ngày nhận: 08 giờ 05 phút, ngày 20 tháng 11 năm 2026",
            "Ngày, giờ hẹn trả kết quả: 08 giờ 05 phút, ngày 23 tháng 11 năm 2026",
            "giải quyết hồ sơ: Văn phòng HĐND và UBND, UBND xã Suối Mây",
            "Cơ quan phối hợp giải quyết hồ sơ: không có",
        )
        assert_in_order(
            text,
            "Hoàng Thị Nắng đã ký, tài khoản nang.hoang 08 giờ 45 phút, 20/11/2026",
            "Lường Thị Bút đã ký, tài khoản but.luong 08 giờ 50 phút, 20/11/2026",
            "Lường Thị Bút đã ký, tài khoản but.luong 14 giờ 00 phút, 20/11/2026",
            "Đinh Quang Tĩnh đã ký, tài khoản tinh.dinh 14 giờ 05 phút, 20/11/2026",
        )
        assert (
            "B2: dùng 3 giờ 45 phút trên 3 giờ, quá hạn 45 phút. Lý do: người thụ lý nghỉ, đi công tác, họp. Đi tập huấn cả buổi sáng."
            in text
        )
        body = text[text.index("GHI CHÚ") :]
        assert (body.count("Quá hạn"), body.count("Đúng hạn")) == (1, 3)

    def test_leaves_the_return_to_the_citizen_to_the_register(self, office: Office) -> None:
        accepted = office.accept()
        carry_through(office, accepted)
        step = office.open_step(accepted)
        with office.database.writing() as connection:
            office.areas.dossiers.return_result(
                connection,
                actor=office.commune.actor(connection, "nang.hoang"),
                code=accepted.code,
                step_id=step["id"],
                receiver="Lường Văn Đạt",
            )
        assert [leg.step_code for leg in tracking(office, accepted).legs] == ["B1", "B2", "B3", "B4"]

    def test_shows_who_has_it_now_and_until_when(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T08:45").complete(accepted, "nang.hoang")
        office.claim(accepted, "but.luong")
        office.at("2026-11-20T10:00")
        slip = tracking(office, accepted)
        assert (slip.legs[1].giver.person, slip.legs[1].giver.at, slip.legs[1].result) == ("Lường Thị Bút", None, None)
        assert "B2: đang giữ, đã dùng 1 giờ 15 phút trên 3 giờ, hạn 13 giờ 15 phút, 20/11/2026." in tracking_text(office, accepted)
        office.at("2026-11-20T13:30").sweep()
        text = tracking_text(office, accepted)
        assert "đã dùng 3 giờ 15 phút trên 3 giờ, quá hạn 15 phút." in text
        assert "Quá hạn" in text[text.index("GHI CHÚ") :]

    def test_notes_the_pauses_with_the_form_behind_them(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T08:45").complete(accepted, "nang.hoang")
        actor = office.actor("nang.hoang")
        with office.at("2026-11-20T09:30").database.writing() as connection:
            office.areas.dossiers.request_supplement(
                connection, actor=actor, code=accepted.code, content="Giấy ủy quyền", reason="Thiếu chữ ký"
            )
        assert "Đồng hồ dừng từ 09 giờ 30 phút, 20/11/2026: chờ công dân bổ sung (Mẫu 02, số 1/HDHS)." in tracking_text(office, accepted)
        with office.at("2026-11-23T08:00").database.writing() as connection:
            office.areas.dossiers.receive_supplement(connection, actor=actor, code=accepted.code)
        text = tracking_text(office, accepted)
        assert (
            "Đồng hồ dừng từ 09 giờ 30 phút, 20/11/2026 đến 08 giờ 00 phút, 23/11/2026: chờ công dân bổ sung (Mẫu 02, số 1/HDHS). "
            "Không tính 6 giờ 30 phút."
        ) in text
        assert "hẹn trả kết quả: 16 giờ 05 phút, ngày 23 tháng 11 năm 2026" in text  # the newest appointment, unlike on form 01

    def test_says_how_a_dossier_ended_early(self, office: Office) -> None:
        accepted = office.accept()
        office.at("2026-11-20T11:00").sweep()
        with office.database.writing() as connection:
            office.areas.dossiers.withdraw(
                connection, actor=office.commune.actor(connection, "nang.hoang"), code=accepted.code, reason="Ông Đạt đổi ý"
            )
        text = tracking_text(office, accepted)
        assert "Hồ sơ kết thúc lúc 11 giờ 00 phút, 20/11/2026: công dân yêu cầu rút hồ sơ. Lý do: Ông Đạt đổi ý" in text
        assert "Chấm dứt khi chưa làm xong." in text
        assert "Quá hạn" in text[text.index("GHI CHÚ") :]  # B1 was late before

    def test_names_those_who_coordinate(self, office: Office) -> None:
        slip = tracking(office, office.accept(LAND))
        assert (slip.handling_body, slip.coordinating_bodies) == (
            "Phòng Kinh tế, UBND xã Suối Mây",
            ("Văn phòng đăng ký đất đai Mây Ngàn",),
        )

    def test_names_a_council_beside_the_unit_in_charge(self, office: Office) -> None:
        office.load(DISABILITY)
        slip = tracking(office, office.accept(DISABILITY))
        assert (slip.handling_body, slip.coordinating_bodies) == ("Phòng Văn hóa - Xã hội, UBND xã Suối Mây", ("Hội đồng",))

    def test_is_there_only_for_accepted_dossiers(self, office: Office) -> None:
        dossier = dossier_of(office, office.accept().code)
        with office.database.reading() as connection, pytest.raises(NotFoundError) as refused:
            tracking_slip_data(
                connection,
                office.areas.calendars,
                {**dossier, "instance_id": None},
                now=local("2026-11-20T09:00"),
                late_reasons=LATE_REASONS,
            )
        assert refused.value.code == "form_not_issued"
