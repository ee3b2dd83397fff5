"""Which form has which number on which day."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from engine.errors import NotFoundError
from processes.forms.definitions import definition_on, definitions

LAST_OF_2018, FIRST_OF_2025 = date(2025, 9, 14), date(2025, 9, 15)


class TestDefinitionOn:
    @pytest.mark.parametrize(
        ("key", "before", "after"),
        [
            ("receipt_slip", "01", "01"),
            ("supplement_request", "02", "02"),
            ("refusal_notice", "03", "03"),
            ("apology_notice", "04", "04"),
            ("tracking_slip", "05", "06"),
            ("dossier_register", "06", "07"),
        ],
    )
    def test_knows_the_numbers_before_and_after_the_change(self, key: str, before: str, after: str) -> None:
        assert (definition_on(key, LAST_OF_2018).number, definition_on(key, FIRST_OF_2025).number) == (before, after)

    def test_gives_the_title_of_the_day(self) -> None:
        assert definition_on("apology_notice", LAST_OF_2018).title == "Phiếu xin lỗi và hẹn lại ngày trả kết quả"
        assert definition_on("apology_notice", FIRST_OF_2025).title == "Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết"

    def test_says_under_which_circular_the_form_stands(self) -> None:
        assert definition_on("tracking_slip", LAST_OF_2018).citation == "Mẫu số 05 ban hành kèm theo Thông tư số 01/2018/TT-VPCP"
        assert definition_on("tracking_slip", FIRST_OF_2025).citation == "Mẫu số 06 ban hành kèm theo Thông tư số 03/2025/TT-VPCP"
        assert definition_on("supplement_request", FIRST_OF_2025).short == "Mẫu 02"

    def test_has_the_notice_of_stopping_only_since_2025(self) -> None:
        assert definition_on("stop_notice", FIRST_OF_2025).number == "05"
        with pytest.raises(NotFoundError) as refused:
            definition_on("stop_notice", LAST_OF_2018)
        assert (refused.value.code, refused.value.facts["on"]) == ("form_not_in_force", LAST_OF_2018)

    def test_refuses_a_form_that_does_not_exist(self) -> None:
        with pytest.raises(NotFoundError) as refused:
            definition_on("wish_list", FIRST_OF_2025)
        assert refused.value.code == "form_unknown"


class TestDefinitions:
    def test_follow_each_other_without_gap_or_overlap(self) -> None:
        for key in {one.key for one in definitions()}:
            spans = sorted((one for one in definitions() if one.key == key), key=lambda one: one.from_on)
            assert all(one.until_on == next_.from_on - timedelta(days=1) for one, next_ in pairwise(spans) if one.until_on)
            assert [one.until_on for one in spans].count(None) == 1
            assert spans[-1].until_on is None

    def test_give_no_number_to_two_forms_of_one_day(self) -> None:
        for on in (LAST_OF_2018, FIRST_OF_2025):
            numbers = [one.number for one in definitions() if one.from_on <= on and (one.until_on is None or on <= one.until_on)]
            assert sorted(numbers) == sorted(set(numbers))
