"""How official papers write moments, lengths and names, and what cannot be printed."""

import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.forms.wording import (
    _GLYPHS,
    UNPRINTABLE,
    agency_in_full,
    day_in_words,
    hours_in_words,
    moment_in_words,
    printable,
    short_moment,
    thousands,
)

AT = datetime(2026, 11, 19, 8, 5, tzinfo=UTC)  # 15:05 in the office


class TestMoments:
    def test_are_told_in_the_offices_time(self) -> None:
        assert moment_in_words(AT) == "15 giờ 05 phút, ngày 19 tháng 11 năm 2026"
        assert short_moment(AT) == "15 giờ 05 phút, 19/11/2026"

    @pytest.mark.parametrize(
        ("on", "words"),
        [
            (date(2026, 2, 5), "ngày 05 tháng 02 năm 2026"),
            (date(2026, 3, 15), "ngày 15 tháng 3 năm 2026"),
            (date(2026, 12, 31), "ngày 31 tháng 12 năm 2026"),
        ],
    )
    def test_have_a_nought_before_small_days_and_the_first_two_months(self, on: date, words: str) -> None:
        assert day_in_words(on) == words


class TestLengths:
    @pytest.mark.parametrize(("minutes", "words"), [(0, "0 phút"), (45, "45 phút"), (120, "2 giờ"), (1160, "19 giờ 20 phút")])
    def test_stay_in_hours_and_minutes(self, minutes: int, words: str) -> None:
        assert hours_in_words(minutes) == words


class TestAmounts:
    @pytest.mark.parametrize(("number", "words"), [(0, "0"), (8000, "8.000"), (1234567, "1.234.567")])
    def test_have_points_between_thousands(self, number: int, words: str) -> None:
        assert thousands(number) == words


class TestAgencyInFull:
    def test_writes_the_peoples_committee_out(self) -> None:
        assert agency_in_full("UBND xã Suối Mây") == "ỦY BAN NHÂN DÂN XÃ SUỐI MÂY"

    def test_leaves_other_agencies_as_they_are(self) -> None:
        assert agency_in_full("Văn phòng đăng ký đất đai Mây Ngàn") == "VĂN PHÒNG ĐĂNG KÝ ĐẤT ĐAI MÂY NGÀN"


class TestPrintable:
    def test_composes_letters_typed_in_parts(self) -> None:
        assert printable(unicodedata.normalize("NFD", "Khuỷu Ẵm Ỷ")) == "Khuỷu Ẵm Ỷ"

    def test_makes_one_space_of_white_space_and_control_characters(self) -> None:
        assert printable(" Suối\n\n\tMây\x00Hồng \u2028") == "Suối Mây Hồng"

    def test_drops_what_is_invisible(self) -> None:
        assert printable("Đạt\u202etạĐ\u200b\ufeff") == "ĐạttạĐ"

    def test_shows_a_square_where_no_font_has_the_letter(self) -> None:
        assert printable("Lý 李 😀 \ue000") == "Lý □ □ □"

    @given(st.text())
    def test_leaves_nothing_that_cannot_be_printed(self, text: str) -> None:
        told = printable(text)
        assert printable(told) == told
        assert set(told) <= _GLYPHS | {UNPRINTABLE}
