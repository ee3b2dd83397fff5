"""The Vietnamese of the screens: states, statuses, groups, and how figures are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class State:
    """How something stands: a word, an icon, and the suffix of its colours in the theme."""

    word: str
    icon: str


STATES: Mapping[str, State] = MappingProxyType(
    {
        "overdue": State("Quá hạn", "alert"),
        "soon": State("Sắp đến hạn", "clock"),
        "running": State("Trong hạn", "play"),
        "ontime": State("Đúng hạn", "check"),
        "early": State("Trước hạn", "early"),
        "paused": State("Tạm dừng", "pause"),
        "done": State("Hoàn thành", "flag"),
        "next": State("Chưa đến", "dots"),
    }
)

# Official names, exchanged with the national portal.
STATUSES: Mapping[int, str] = MappingProxyType(
    {
        1: "Mới đăng ký",
        2: "Được tiếp nhận",
        3: "Không được tiếp nhận",
        4: "Đang xử lý",
        5: "Yêu cầu bổ sung giấy tờ",
        6: "Yêu cầu thực hiện nghĩa vụ tài chính",
        7: "Công dân yêu cầu rút hồ sơ",
        8: "Dừng xử lý",
        9: "Đã xử lý xong",
        10: "Đã trả kết quả",
    }
)


@dataclass(frozen=True)
class Group:
    """A group of the worklist: its title, the line beneath it, what is said when it is empty."""

    title: str
    icon: str
    tone: str
    line: str
    empty: str


GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        "overdue": Group("Quá hạn", "alert", "overdue", "Mỗi bước quá hạn đã tự lập một phiếu không phù hợp", "Không có việc quá hạn."),
        "today": Group("Hôm nay", "clock", "soon", "Đến hạn trước {close} hôm nay", "Hôm nay không còn việc đến hạn."),
        "week": Group("Tuần này", "cal", "", "", "Từ mai đến cuối tuần chưa có việc đến hạn."),
        "citizen": Group(
            "Chờ công dân",
            "pause",
            "paused",
            "Đồng hồ dừng cho đến khi công dân làm xong việc của mình",
            "Không hồ sơ nào đang chờ công dân.",
        ),
        "rest": Group("Còn lại", "list", "", "", "Không còn việc nào khác."),
    }
)

NONCONFORMITY_STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "raised": "Đề xuất",
        "corrected": "Đã khắc phục",
        "analysis": "Phân tích",
        "awaiting_approval": "Chờ phê duyệt",
        "in_action": "Đang thực hiện",
        "verification": "Đang xác minh",
        "closed": "Đã đóng",
        "carried_over": "Chuyển tiếp",
        "cancelled": "Đã hủy",
    }
)


def number(amount: float, decimals: int = 0) -> str:
    """A number with a decimal comma and points between thousands: "5.214", "96,5"."""
    return f"{amount:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as percent, with a no-break space: "96,5 %"."""
    return f"{number(100 * share, decimals)}\N{NO-BREAK SPACE}%"


def money(amount: int) -> str:
    return f"{number(amount)} đ"


def phone(number: str) -> str:
    """A telephone number as it is read aloud: "0900 000 119"; one that is not of ten digits stays as it was written."""
    plain = number.replace(" ", "")
    is_usual = len(plain) == 10 and plain.isascii() and plain.isdecimal()
    return f"{plain[:4]} {plain[4:7]} {plain[7:]}" if is_usual else number


def opening(text: str) -> str:
    """A phrase at the beginning of a line: "Thứ Hai" of "thứ Hai"."""
    return f"{text[:1].upper()}{text[1:]}"


def masked(digits: str) -> str:
    """A phone or ID number for those whom it does not serve: "0900 ••• 119"."""
    plain = "".join(character for character in digits if character.isdigit())
    return f"{plain[:4]} ••• {plain[-3:]}" if len(plain) >= 9 else "•••"


def short_code(dossier_code: str) -> str:
    """The part of a dossier code that is enough inside one agency: "261118-0011" of "H99.018.01-261118-0011"."""
    return "-".join(dossier_code.split("-")[-2:])
