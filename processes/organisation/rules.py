"""The organisation's rules without I/O: names that codes and keys must have, roles and their titles, how seats are counted."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from types import MappingProxyType
from zoneinfo import ZoneInfo

from engine.errors import InvalidError

OFFICE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

# The roles of the model vocabulary, with the title that screens show.
ROLE_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "intake_officer": "Công chức tiếp nhận và trả kết quả",
        "specialist": "Chuyên viên thụ lý",
        "division_head": "Trưởng phòng",
        "leader": "Lãnh đạo UBND",
        "clerk": "Văn thư",
        "council": "Hội đồng",
        "iso_secretary": "Thư ký ISO",
        "quality_representative": "Đại diện lãnh đạo về chất lượng",
        "auditor": "Đánh giá viên nội bộ",
        "police": "Công an xã",
        "land_officer": "Viên chức Chi nhánh Văn phòng đăng ký đất đai",
        "applicant": "Người nộp hồ sơ",
        "administrator": "Quản trị hệ thống",
    }
)

# Roles that sit beside the specialised units: a lane of theirs that names no unit means the whole agency.
AGENCY_WIDE_ROLES = frozenset(
    {"leader", "clerk", "council", "iso_secretary", "quality_representative", "auditor", "police", "applicant", "administrator"}
)
COUNTER_ROLES = frozenset({"intake_officer"})  # likewise: their unit is the counter

AGENCY_KINDS = frozenset({"commune", "ward", "special_zone", "province", "department", "office"})

_AGENCY_CODE = re.compile(r"[A-Z][0-9]{2}(\.[A-Z0-9]{1,5}){0,6}|000(\.[A-Z0-9]{2,5}){1,6}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


def check(**problems: str | None) -> None:
    """Refuse once for all fields that have a problem.

    Raises: InvalidError with the problems by field.
    """
    found = {field: problem for field, problem in problems.items() if problem}
    if found:
        raise InvalidError(f"Some fields cannot be used: {', '.join(found)}.", code="fields_invalid", errors=found)


def agency_code_problem(code: str) -> str | None:
    """What is wrong with an electronic agency identifier.

    Source: QĐ 20/2020/QĐ-TTg (H01.151.01; at most 35 characters), QCVN 102 for the older 000.xx.yy.Hnn.
    """
    if len(code) > 35 or not _AGENCY_CODE.fullmatch(code):
        return "An agency code looks like H99.018 or 000.00.06.H56: capital letters, digits and dots, at most 35 characters."
    return None


def key_problem(key: str) -> str | None:
    """What is wrong with a key of a unit, partner or field, as models name them."""
    return (
        None if _KEY.fullmatch(key) else "A key has small letters, digits and underscores and begins with a letter, at most 32 characters."
    )


def login_problem(login: str) -> str | None:
    return None if _LOGIN.fullmatch(login) else "A login has small letters, digits, dots, hyphens and underscores, at most 64 characters."


def blank_problem(text: str) -> str | None:
    return None if text.strip() else "required"


def role_problem(role: str) -> str | None:
    return None if role in ROLE_TITLES else f"There is no such role; the roles are: {', '.join(ROLE_TITLES)}."


def tidy_login(login: str) -> str:
    """A login as it is kept: people type capitals and spaces around it."""
    return login.strip().lower()


def login_key(login: str) -> str:
    """What failed log-ins are counted under: what was typed may be a password in the wrong box, so it is not kept itself."""
    return sha256(tidy_login(login).encode()).hexdigest()


def local_day(moment: datetime, zone: ZoneInfo = OFFICE_ZONE) -> date:
    """The day in the office on which a moment falls."""
    return moment.astimezone(zone).date()
