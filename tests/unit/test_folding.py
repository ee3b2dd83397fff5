import unicodedata

import pytest

from engine.folding import fold


class TestFold:
    @pytest.mark.parametrize(
        ("text", "folded"),
        [("Đạt", "dat"), ("NGUYỄN  Thị\tƯớc ", "nguyen thi uoc"), ("khuỷu tay Ỷ Ẵ", "khuyu tay y a"), ("H99.018", "h99.018"), ("", "")],
    )
    def test_takes_off_accents_strokes_and_capitals(self, text: str, folded: str) -> None:
        assert fold(text) == folded

    def test_does_not_care_how_the_text_was_composed(self) -> None:
        assert fold(unicodedata.normalize("NFD", "Đặng Thị Ửng")) == fold(unicodedata.normalize("NFC", "Đặng Thị Ửng"))

    def test_changes_nothing_the_second_time(self) -> None:
        assert fold(fold("Vừ A Dính")) == fold("Vừ A Dính")
