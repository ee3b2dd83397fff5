"""Form 06: every field in its order, a block for each handover, lateness and pauses in the last column."""

import pytest

from engine.timelimit import Punctuality
from processes.forms.tracking_slip import EarlierHand, Leg, TrackingSlipData, notes, tracking_slip_pdf
from tests.unit.form_samples import (
    CODE,
    COUNTER,
    DAT_HOLDS,
    DAT_TAKES,
    FIRST,
    IN_HAND,
    LATE,
    NANG,
    assert_in_order,
    hand,
    leg,
    local,
    page_sizes,
    pages,
    pause,
    tracking,
)


def text_of(slip: TrackingSlipData) -> str:
    return " ".join(pages(tracking_slip_pdf(slip)))


class TestTrackingSlip:
    def test_has_every_field_of_the_head_in_the_order_of_the_circular(self) -> None:
        assert_in_order(
            text_of(tracking()),
            "Mẫu số 06 ban hành kèm theo Thông tư số 03/2025/TT-VPCP",
            "ỦY BAN NHÂN DÂN XÃ SUỐI MÂY",
            "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG XÃ SUỐI MÂY",
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
            "Độc lập – Tự do – Hạnh phúc",
            "Quyển số: 1, Số thứ tự: 128",
            "Suối Mây, ngày 19 tháng 11 năm 2026",
            "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ",
            "Kèm theo hồ sơ của: Lường Văn Đạt",
            f"Mã hồ sơ: {CODE}",
            "Ngày nhận: 14 giờ 20 phút, ngày 19 tháng 11 năm 2026",
            "Ngày, giờ hẹn trả kết quả: 14 giờ 20 phút, ngày 25 tháng 11 năm 2026",
            "Cơ quan (bộ phận) giải quyết hồ sơ: Phòng Kinh tế, UBND xã Suối Mây",
            "Cơ quan phối hợp giải quyết hồ sơ: Văn phòng đăng ký đất đai Mây Ngàn",
            "TÊN CƠ QUAN",
            "THỜI GIAN GIAO, NHẬN HỒ SƠ",
            "KẾT QUẢ GIẢI QUYẾT HỒ SƠ (Trước hạn / đúng hạn / quá hạn)",
            "GHI CHÚ",
        )

    def test_has_a_block_for_each_handover_with_both_signatures(self) -> None:
        text = text_of(tracking(FIRST, LATE))
        assert_in_order(text, "15 giờ 05 phút, ngày 19 tháng 11 năm 2026", "16 giờ 48 phút, ngày 19 tháng 11 năm 2026")
        assert_in_order(text, f"1. Giao: {COUNTER}", "2. Nhận: Phòng Kinh tế", "1. Giao: Phòng Kinh tế", "2. Nhận: Phòng Kinh tế")
        assert_in_order(
            text,
            "Người giao (Ký) Hoàng Thị Nắng đã ký, tài khoản nang.hoang 15 giờ 05 phút, 19/11/2026",
            "Người nhận (Ký) Nguyễn Văn Sớm đã ký, tài khoản som.nguyen 15 giờ 07 phút, 19/11/2026",
            "Người giao (Ký) Nguyễn Văn Sớm đã ký, tài khoản som.nguyen 16 giờ 48 phút, 19/11/2026",
            "Người nhận (Ký) Phạm Văn Đất đã ký, tài khoản dat.pham 16 giờ 50 phút, 19/11/2026",
        )

    @pytest.mark.parametrize(
        ("result", "words"), [(Punctuality.EARLY, "Trước hạn"), (Punctuality.ON_TIME, "Đúng hạn"), (Punctuality.OVERDUE, "Quá hạn")]
    )
    def test_judges_the_leg_just_ended(self, result: Punctuality, words: str) -> None:
        text = text_of(tracking(leg("B1", NANG, DAT_TAKES, result=result)))
        assert words in text[text.index("GHI CHÚ") :]

    @pytest.mark.parametrize(("count", "blocks"), [(1, 4), (3, 4), (4, 4), (5, 5), (7, 7)])
    def test_has_four_blocks_at_least(self, count: int, blocks: int) -> None:
        text = text_of(tracking(*[FIRST] * count))
        assert text.count("1. Giao:") == text.count("2. Nhận:") == text.count("Người giao (Ký)") == text.count("Người nhận (Ký)") == blocks

    def test_leaves_room_to_write_in_what_is_still_to_come(self) -> None:
        text = text_of(tracking(FIRST, IN_HAND))
        assert text.count("… giờ … phút, ngày … tháng … năm 20…") == 3
        assert "Người giao (Ký) Phạm Văn Đất Người nhận" in text  # who has it now did not sign yet
        assert text.count("đã ký") == 2

    def test_is_a5_up_to_four_handovers_and_a4_beyond(self) -> None:
        assert page_sizes(tracking_slip_pdf(tracking(*[FIRST] * 4))) == {(148, 210)}
        assert page_sizes(tracking_slip_pdf(tracking(*[FIRST] * 5))) == {(210, 297)}

    def test_fits_on_one_page_in_ordinary_cases(self) -> None:
        assert len(pages(tracking_slip_pdf(tracking(FIRST, LATE, IN_HAND)))) == 1
        assert len(pages(tracking_slip_pdf(tracking(*[FIRST] * 4)))) == 1

    def test_never_cuts_a_block_in_two(self) -> None:
        for text in pages(tracking_slip_pdf(tracking(*[LATE] * 12))):
            assert text.count("1. Giao:") == text.count("Người nhận (Ký)") == text.count("Trưởng phòng họp đột xuất")

    def test_names_each_of_several_receivers(self) -> None:
        land = hand("Văn phòng đăng ký đất đai Mây Ngàn", "Vi Văn Ruộng", "ruong.vi", "2026-11-19T17:00")
        text = text_of(tracking(leg("B1", NANG, DAT_TAKES, land, hand("Công an xã"))))
        assert "2. Nhận: Phòng Kinh tế; Văn phòng đăng ký đất đai Mây Ngàn; Công an xã" in text
        assert_in_order(text, "Phạm Văn Đất đã ký", "Vi Văn Ruộng đã ký, tài khoản ruong.vi 17 giờ 00 phút")

    def test_says_how_the_dossier_ended_early(self) -> None:
        ending = "Hồ sơ kết thúc lúc 10 giờ 00 phút, 23/11/2026: công dân yêu cầu rút hồ sơ. Lý do: đổi ý"
        assert ending in text_of(tracking(ending=ending))

    def test_says_that_nobody_coordinates_and_nothing_is_promised(self) -> None:
        text = text_of(tracking(coordinating_bodies=(), promised_at=None))
        assert "Cơ quan phối hợp giải quyết hồ sơ: không có" in text
        assert "Ngày, giờ hẹn trả kết quả: không hẹn trước" in text

    def test_says_of_which_moment_it_is(self) -> None:
        assert "trạng thái lúc 08 giờ 00 phút, ngày 23 tháng 11 năm 2026" in text_of(tracking())

    def test_breaks_a_word_that_is_longer_than_its_column(self) -> None:
        long = leg("B1", NANG, DAT_TAKES, note="x" * 200)
        assert text_of(tracking(long)).replace(" ", "").count("x" * 200) == 1


class TestNotes:
    def test_tell_the_time_taken(self) -> None:
        assert notes(FIRST) == ["B1: dùng 45 phút trên 2 giờ."]

    def test_tell_why_a_step_was_late(self) -> None:
        assert notes(LATE) == [
            "B2: dùng 1 giờ 43 phút trên 1 giờ, quá hạn 43 phút.",
            "Lý do: người thụ lý nghỉ, đi công tác, họp.",
            "Trưởng phòng họp đột xuất.",
        ]

    def test_tell_when_the_clock_stood_still(self) -> None:
        told = notes(leg("B3", NANG, DAT_TAKES, pauses=(pause(),)))
        assert told[1] == (
            "Đồng hồ dừng từ 09 giờ 30 phút, 20/11/2026 đến 08 giờ 00 phút, 23/11/2026: chờ công dân bổ sung (Mẫu 02, số 5/HDHS). "
            "Không tính 6 giờ 30 phút."
        )

    def test_tell_that_the_clock_stands_still(self) -> None:
        assert notes(IN_HAND) == [
            "B3: đang giữ, đã dùng 3 giờ 20 phút trên 20 giờ.",
            "Đồng hồ dừng từ 09 giờ 30 phút, 20/11/2026: chờ công dân bổ sung (Mẫu 02, số 5/HDHS).",
        ]

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            (
                {"status": "open", "result": None, "due_at": local("2026-11-20T09:05")},
                "B4: đang giữ, đã dùng 45 phút trên 2 giờ, hạn 09 giờ 05 phút, 20/11/2026.",
            ),
            (
                {"status": "open", "result": Punctuality.OVERDUE, "late_minutes": 5},
                "B4: đang giữ, đã dùng 45 phút trên 2 giờ, quá hạn 5 phút.",
            ),
            ({"number": 2}, "B4 lần 2: dùng 45 phút trên 2 giờ."),
            ({"limit_minutes": None, "limit": "15 ngày"}, "B4: dùng 45 phút, thời hạn 15 ngày."),
            ({"limit_minutes": None, "due_at": None}, "B4: dùng 45 phút, không tính thời hạn."),
        ],
    )
    def test_tell_of_other_steps(self, changes: dict[str, object], told: str) -> None:
        assert notes(leg("B4", DAT_HOLDS, **changes)) == [told]

    def test_tell_that_a_step_was_ended(self) -> None:
        ended: Leg = leg("B2", DAT_TAKES, status="cancelled", result=None)
        assert notes(ended)[1] == "Chấm dứt khi chưa làm xong."

    def test_tell_that_a_step_went_back_and_why(self) -> None:
        back: Leg = leg("B2", DAT_TAKES, status="cancelled", result=None, sent_back_to="B1", note="Thiếu bản chính")
        assert notes(back)[1:] == ["Trả lại B1: Thiếu bản chính."]

    def test_tell_who_held_the_step_before(self) -> None:
        earlier = (EarlierHand("Nguyễn Văn Sớm", local("2026-11-19T16:00"), 30),)
        assert notes(leg("B2", DAT_TAKES, earlier=earlier))[1:] == ["Nguyễn Văn Sớm giữ 30 phút, đến 16 giờ 00 phút, 19/11/2026."]
