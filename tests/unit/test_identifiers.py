from datetime import date

import pytest

from engine.errors import InvalidError
from processes.organisation.identifiers import (
    IdentifierInvalidError,
    IdentifierKind,
    IdentifierMismatchError,
    Sex,
    describe,
    mask_identifier,
    mask_phone,
    normalise_identifier,
    normalise_phone,
    require_match,
)

TODAY = date(2026, 11, 20)


class TestDescribe:
    @pytest.mark.parametrize(
        ("number", "place", "sex", "year"),
        [
            ("002187000019", "Hà Giang", Sex.FEMALE, 1987),
            ("002087000019", "Hà Giang", Sex.MALE, 1987),
            ("091305123456", "Kiên Giang", Sex.FEMALE, 2005),
            ("001226000001", "Hà Nội", Sex.MALE, 2026),
        ],
    )
    def test_tells_place_sex_and_birth_year(self, number: str, place: str, sex: Sex, year: int) -> None:
        said = describe(number, today=TODAY)
        assert (said.place_name, said.sex, said.birth_year, said.place_code) == (place, sex, year, number[:3])

    def test_accepts_the_spaces_that_people_type(self) -> None:
        assert describe(" 002 187 000 019", today=TODAY).number == "002187000019"

    def test_takes_a_place_from_101_on_for_a_country(self) -> None:
        assert describe("136190000001", today=TODAY).place_name is None

    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            ("00218700001", "length"),
            ("0021870000190", "length"),
            ("", "digits"),
            ("00218700001X", "digits"),
            ("٠٠٢١٨٧٠٠٠٠١٩", "digits"),
            ("003187000019", "place"),
            ("000187000019", "place"),
            ("002227000019", "year"),
            ("002987000019", "year"),
        ],
    )
    def test_refuses_what_cannot_be(self, number: str, reason: str) -> None:
        with pytest.raises(IdentifierInvalidError) as refused:
            describe(number, today=TODAY)
        assert refused.value.code == "identifier_invalid"
        assert refused.value.facts["reason"] == reason

    def test_says_how_many_digits_there_are(self) -> None:
        with pytest.raises(IdentifierInvalidError) as refused:
            describe("00218700001", today=TODAY)
        assert refused.value.facts["length"] == 11
        assert refused.value.facts["expected"] == 12


class TestRequireMatch:
    def test_accepts_the_year_and_sex_that_the_number_means(self) -> None:
        require_match(describe("002187000019", today=TODAY), birth_year=1987, sex=Sex.FEMALE)

    def test_accepts_when_nothing_else_was_entered(self) -> None:
        require_match(describe("002187000019", today=TODAY))

    def test_refuses_another_year_and_says_what_the_number_means(self) -> None:
        with pytest.raises(IdentifierMismatchError) as refused:
            require_match(describe("002187000019", today=TODAY), birth_year=1978)
        assert refused.value.code == "identifier_mismatch"
        assert (refused.value.facts["sex"], refused.value.facts["birth_year"]) == ("female", 1987)

    def test_refuses_the_other_sex(self) -> None:
        with pytest.raises(IdentifierMismatchError):
            require_match(describe("002187000019", today=TODAY), sex=Sex.MALE)


class TestNormaliseIdentifier:
    @pytest.mark.parametrize(
        ("kind", "typed", "kept"),
        [
            (IdentifierKind.CITIZEN, "002 187 000 019", "002187000019"),
            (IdentifierKind.OLD_CITIZEN, "012.345.678", "012345678"),
            (IdentifierKind.PASSPORT, "c1234567", "C1234567"),
            (IdentifierKind.TAX_CODE, "0100109106", "0100109106"),
            (IdentifierKind.TAX_CODE, "0100109106-001", "0100109106-001"),
            (IdentifierKind.TAX_CODE, "0100109106001", "0100109106-001"),
        ],
    )
    def test_keeps_each_kind_in_one_way(self, kind: IdentifierKind, typed: str, kept: str) -> None:
        assert normalise_identifier(kind, typed, today=TODAY) == kept

    @pytest.mark.parametrize(
        ("kind", "typed"),
        [
            (IdentifierKind.OLD_CITIZEN, "12345678"),
            (IdentifierKind.OLD_CITIZEN, "12345678A"),
            (IdentifierKind.PASSPORT, "C-12"),
            (IdentifierKind.PASSPORT, "ABCDEFGH"),
            (IdentifierKind.TAX_CODE, "0100109107"),
            (IdentifierKind.TAX_CODE, "0100109106-000"),
            (IdentifierKind.TAX_CODE, "01001091"),
        ],
    )
    def test_refuses_what_is_not_of_the_kind(self, kind: IdentifierKind, typed: str) -> None:
        with pytest.raises(IdentifierInvalidError):
            normalise_identifier(kind, typed, today=TODAY)

    def test_finds_any_single_wrong_digit_of_a_tax_code(self) -> None:
        for place in range(10):
            for digit in "0123456789":
                wrong = "0100109106"[:place] + digit + "0100109106"[place + 1 :]
                if wrong == "0100109106":
                    continue
                with pytest.raises(IdentifierInvalidError):
                    normalise_identifier(IdentifierKind.TAX_CODE, wrong, today=TODAY)


class TestNormalisePhone:
    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("0900 123 119", "0900123119"),
            ("+84 900.123.119", "0900123119"),
            ("84900123119", "0900123119"),
            ("+84 (0) 900-123-119", "0900123119"),
            ("0219 3861 234", "02193861234"),
            ("1900 1234", "19001234"),
        ],
    )
    def test_keeps_digits_from_nought_on(self, typed: str, kept: str) -> None:
        assert normalise_phone(typed) == kept

    @pytest.mark.parametrize("typed", ["090012311", "09001231199", "0100123119", "chín không không", "", "113"])
    def test_refuses_what_cannot_be_dialled(self, typed: str) -> None:
        with pytest.raises(InvalidError) as refused:
            normalise_phone(typed)
        assert refused.value.code == "phone_invalid"


class TestMasks:
    def test_leave_enough_to_recognise_a_number_that_one_knows(self) -> None:
        assert mask_phone("0900123119") == "0900 ••• 119"
        assert mask_identifier("002187000019") == "•••••••••019"

    def test_show_nothing_of_a_short_number(self) -> None:
        assert "1" not in mask_phone("113") + mask_identifier("113113")
