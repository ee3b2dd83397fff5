"""Numbers that identify people, organisations and telephones: what they must look like, and what an ID number says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from engine.errors import InvalidError
from processes.organisation.provinces import PROVINCES

_FIRST_COUNTRY = 101  # places of birth from here on are countries


class Sex(StrEnum):
    """As an ID number tells it."""

    MALE = "male"
    FEMALE = "female"


class IdentifierKind(StrEnum):
    """What a number identifies its holder by."""

    CITIZEN = "citizen"  # số định danh cá nhân, 12 digits
    OLD_CITIZEN = "old_citizen"  # chứng minh nhân dân, 9 digits; no longer issued
    PASSPORT = "passport"
    TAX_CODE = "tax_code"  # an organisation, or a branch of one


@dataclass(frozen=True, slots=True)
class CitizenNumber:
    """What a 12-digit ID number says about its holder."""

    number: str
    place_code: str  # of the province, or the country, where the birth was registered
    place_name: str | None  # None: a country
    sex: Sex
    birth_year: int


class IdentifierInvalidError(InvalidError):
    """This cannot be an identifier of the kind given."""

    code = "identifier_invalid"


class IdentifierMismatchError(InvalidError):
    """The ID number says something else about its holder than what was entered."""

    code = "identifier_mismatch"


def describe(number: str, *, today: date) -> CitizenNumber:
    """What a 12-digit ID number says: where, which sex, which year.

    Source: Nghị định 137/2015/NĐ-CP Điều 13: 3 digits place, 1 digit century and sex (0 man and 1 woman of the 20th, 2 and 3 of the
    21st, ...), 2 digits year, 6 digits at random.

    Raises: IdentifierInvalidError whose facts say what is impossible (reason length | digits | place | year).
    """
    digits = _bare(number)
    if not digits.isascii() or not digits.isdigit():
        raise IdentifierInvalidError("An ID number has digits only.", reason="digits", length=len(digits), expected=12)
    if len(digits) != 12:
        raise IdentifierInvalidError(
            f"An ID number has 12 digits; this has {len(digits)}.", reason="length", length=len(digits), expected=12
        )
    place = digits[:3]
    if place not in PROVINCES and int(place) < _FIRST_COUNTRY:
        raise IdentifierInvalidError(f"No province has the code {place}.", reason="place", length=12, expected=12, place_code=place)
    century, is_female = divmod(int(digits[3]), 2)
    birth_year = 1900 + 100 * century + int(digits[4:6])
    if birth_year > today.year:
        raise IdentifierInvalidError(
            f"This ID number means born in {birth_year}.", reason="year", length=12, expected=12, birth_year=birth_year
        )
    return CitizenNumber(digits, place, PROVINCES.get(place), Sex.FEMALE if is_female else Sex.MALE, birth_year)


def require_match(citizen: CitizenNumber, *, birth_year: int | None = None, sex: Sex | None = None) -> None:
    """Refuse an ID number that contradicts the birth year or sex entered beside it.

    Raises: IdentifierMismatchError with what the number means.
    """
    if birth_year not in (None, citizen.birth_year) or sex not in (None, citizen.sex):
        raise IdentifierMismatchError(
            f"The ID number means {citizen.sex}, born {citizen.birth_year}.",
            sex=citizen.sex.value,
            birth_year=citizen.birth_year,
            entered_birth_year=birth_year,
            entered_sex=sex.value if sex else None,
        )


def normalise_identifier(kind: IdentifierKind, number: str, *, today: date) -> str:
    """The number of this kind as it is kept, without the spaces and dots that people type.

    Raises: IdentifierInvalidError.
    """
    bare = _bare(number).upper()
    if kind is IdentifierKind.CITIZEN:
        return describe(bare, today=today).number
    if kind is IdentifierKind.TAX_CODE:
        return _tax_code(number.strip())
    pattern, sentence = _PLAIN_KINDS[kind]
    if not pattern.fullmatch(bare):
        raise IdentifierInvalidError(sentence, reason="shape", length=len(bare), kind=kind.value)
    return bare


_PLAIN_KINDS: Mapping[IdentifierKind, tuple[re.Pattern[str], str]] = {
    IdentifierKind.OLD_CITIZEN: (re.compile(r"[0-9]{9}"), "An old identity card number has 9 digits."),
    IdentifierKind.PASSPORT: (re.compile(r"(?=.*[0-9])[A-Z0-9]{5,15}"), "A passport number has 5 to 15 letters and digits."),
}

_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def _tax_code(text: str) -> str:
    """A tax code of an organisation: 10 digits whose last one checks the others, and -001 to -999 for a branch."""
    match = re.fullmatch(r"([0-9]{10})(?:-?([0-9]{3}))?", re.sub(r"[\s.]", "", text))
    if match is None:
        raise IdentifierInvalidError(
            "A tax code has 10 digits, and 3 more for a branch.", reason="shape", length=len(_bare(text)), kind="tax_code"
        )
    main, branch = match.groups()
    total = sum(weight * int(digit) for weight, digit in zip(_TAX_WEIGHTS, main[:9], strict=True))
    if 10 - total % 11 != int(main[9]) or branch == "000":
        raise IdentifierInvalidError("One digit of this tax code is wrong.", reason="check_digit", length=len(main), kind="tax_code")
    return f"{main}-{branch}" if branch else main


def normalise_phone(text: str) -> str:
    """A Vietnamese telephone number as it is kept: digits from 0 on; +84 becomes 0.

    Raises: InvalidError (phone_invalid) for what cannot be dialled.
    """
    digits = re.sub(r"[\s.()\-]", "", text)
    digits = re.sub(r"^(\+84|0084|84(?=[0-9]{9}))0?", "0", digits)
    if not _PHONE.fullmatch(digits):
        raise InvalidError(
            "A telephone number has 10 digits from 0 on (a landline 11).",
            code="phone_invalid",
            length=sum(c.isdigit() for c in text),
            expected=10,
        )
    return digits


# mobile (03, 05, 07, 08, 09), landline (02), service numbers
_PHONE = re.compile(r"0[35789][0-9]{8}|02[0-9]{9}|1[89]00[0-9]{4,6}")


def mask_phone(phone: str) -> str:
    """A telephone number for eyes that it does not serve: 0900 ••• 119."""
    return f"{phone[:4]} ••• {phone[-3:]}" if len(phone) >= 9 else "•••"


def mask_identifier(number: str) -> str:
    """An ID number for eyes that it does not serve: only the last three digits."""
    return "•" * (len(number) - 3) + number[-3:] if len(number) > 6 else "•" * len(number)


def _bare(text: str) -> str:
    return re.sub(r"[\s.\-]", "", text)
