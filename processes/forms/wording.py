"""Moments, lengths, names and amounts as official papers write them. Source: NĐ 30/2020, Phụ lục I; wording.md rules 6 and 7."""

import unicodedata
from datetime import date, datetime

from processes.organisation.rules import OFFICE_ZONE


def day_in_words(on: date) -> str:
    """A day: "ngày 05 tháng 02 năm 2026"; days below 10 and the first two months get a nought, against forgery."""
    return f"ngày {on.day:02d} tháng {_month(on.month)} năm {on.year}"


def moment_in_words(at: datetime) -> str:
    """A moment in the office's zone: "15 giờ 05 phút, ngày 19 tháng 11 năm 2026"."""
    local = at.astimezone(OFFICE_ZONE)
    return f"{local:%H} giờ {local:%M} phút, {day_in_words(local.date())}"


def short_moment(at: datetime) -> str:
    """A moment where there is little room: "15 giờ 05 phút, 19/11/2026"."""
    return f"{at.astimezone(OFFICE_ZONE):%H giờ %M phút, %d/%m/%Y}"


def hours_in_words(minutes: int) -> str:
    """A length of working time, never turned into days: "19 giờ 20 phút"."""
    hours, rest = divmod(minutes, 60)
    return " ".join(f"{amount} {unit}" for amount, unit in ((hours, "giờ"), (rest, "phút")) if amount) or "0 phút"


def thousands(number: int) -> str:
    """A large number: "150.000"."""
    return f"{number:,}".replace(",", ".")


def agency_in_full(name: str) -> str:
    """An agency as a heading names it: "UBND xã Suối Mây" is "ỦY BAN NHÂN DÂN XÃ SUỐI MÂY"."""
    rank, _, place = name.strip().partition(" ")
    return f"Ủy ban nhân dân {place}".upper() if rank == "UBND" else name.strip().upper()


# What every font of ours can print: Latin with all Vietnamese letters, Greek, Cyrillic, punctuation, the signs of money.
_PRINTABLE = (
    *((0x20, 0x7E), (0xA0, 0x17F), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x300, 0x304), (0x306, 0x30C), (0x31B, 0x31B), (0x323, 0x323)),
    *((0x391, 0x3A1), (0x3A3, 0x3CE), (0x401, 0x40C), (0x40E, 0x44F), (0x451, 0x45C), (0x45E, 0x45F), (0x1EA0, 0x1EF9)),
    *((0x2010, 0x2015), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026), (0x2030, 0x2030), (0x20AB, 0x20AC), (0x2116, 0x2116)),
)
_GLYPHS = frozenset(chr(code) for first, last in _PRINTABLE for code in range(first, last + 1))
UNPRINTABLE = "□"
_INVISIBLE = frozenset({"Cf", "Mn", "Me"})  # nothing by themselves: joins, direction marks, accents that no font of ours has
_SPACING = frozenset({"Cc", "Zs", "Zl", "Zp"})


def printable(text: str) -> str:
    """Text that can be printed: composed letters, one space where there was white space or a control character.

    A character that our fonts do not have becomes a square: the paper is made all the same, and shows that something is missing.
    """
    visible = "".join(letter for letter in text if letter in _GLYPHS or unicodedata.category(letter) not in _INVISIBLE)
    composed = unicodedata.normalize("NFC", visible)
    return " ".join("".join(_or_square(letter) for letter in composed).split())


def _or_square(letter: str) -> str:
    if letter in _GLYPHS:
        return letter
    return " " if unicodedata.category(letter) in _SPACING else UNPRINTABLE


def _month(month: int) -> str:
    return f"{month:02d}" if month < 3 else str(month)
