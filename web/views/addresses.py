"""What the address bar says: periods, pages, choices. Anything that does not exist is left out: an old bookmark is no error."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from werkzeug.datastructures import MultiDict

from processes.reporting.figures import Period
from web.timephrases import full_day
from web.views.days import DayField, day_field, parse_day

_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)
_MOST_DIGITS = 19  # of an id
_MOST_PAGES = 100_000

Asked = MultiDict[str, str]


def dossier_href(code: str) -> str:
    """The page of a dossier."""
    return f"/dossiers/{quote(code)}"


def nonconformity_href(number: str) -> str:
    """The page of a nonconformity."""
    return f"/quality/nonconformities/{quote(number)}"


def read_day(asked: Asked, name: str) -> date | None:
    try:
        day = parse_day(asked.get(name, ""))
    except ValueError:
        return None
    return day if _FIRST <= day <= _LAST else None


def read_period(asked: Asked, today: date) -> Period | None:
    """The period from `since` to `until`; an open end is today, an open beginning the beginning; None when neither is given."""
    since, until = read_day(asked, "since"), read_day(asked, "until")
    if since is None and until is None:
        return None
    first = since if since is not None else _FIRST
    last = until if until is not None else max(today, first)
    return Period(min(first, last), max(first, last))


def told_period(period: Period) -> str:
    """A period in words: "từ 01/11/2026 đến 20/11/2026", "đến 20/11/2026" when its beginning is open."""
    since = f"từ {full_day(period.since)} " if period.since != _FIRST else ""
    return f"{since}đến {full_day(period.until)}"


def period_fields(asked: Asked, period: Period | None) -> dict[str, DayField]:
    """The two fields of a period: the days in force, or what was typed and could not be read."""
    since = period.since if period is not None and period.since != _FIRST else None  # an open beginning stays empty
    return {"since": _field(asked, "since", since), "until": _field(asked, "until", period.until if period is not None else None)}


def _field(asked: Asked, name: str, known: date | None) -> DayField:
    typed = asked.get(name, "").strip()
    return day_field(typed, None if typed and read_day(asked, name) is None else known)


def read_number(asked: Asked, name: str) -> int | None:
    text = asked.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= _MOST_DIGITS else None


def read_choice(asked: Asked, name: str, choices: Any) -> str | None:
    text = asked.get(name, "")
    return text if text in choices else None


def read_page(asked: Asked) -> int:
    return min(max(1, read_number(asked, "page") or 1), _MOST_PAGES)


def without_blanks(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of an address; what is usual is left out."""
    return {name: value for name, value in values.items() if value not in (None, "", (), [], False)}


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a long list this is, as macros.pager shows it."""

    first: int
    last: int
    total: int
    previous: str | None
    next: str | None


def page_of(number: int, size: int, total: int, href: Any) -> Page:
    """href: makes an address of a page's number."""
    first = (number - 1) * size + 1
    return Page(
        first=first,
        last=min(number * size, total),
        total=total if first <= total else 0,
        previous=href(number - 1) if number > 1 else None,
        next=href(number + 1) if number * size < total else None,
    )


def month_of(day: date) -> Period:
    """From the first of the month until the day."""
    return Period(day.replace(day=1), day)


def usual_periods(today: date) -> list[tuple[str, Period]]:
    """The periods that a leader asks for, by name."""
    monday = today - timedelta(days=today.weekday())
    last_month_ends = today.replace(day=1) - timedelta(days=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return [
        ("Tuần này", Period(monday, today)),
        ("Tháng này", month_of(today)),
        ("Tháng trước", Period(last_month_ends.replace(day=1), last_month_ends)),
        ("Quý này", Period(quarter, today)),
        ("Năm nay", Period(today.replace(month=1, day=1), today)),
    ]
