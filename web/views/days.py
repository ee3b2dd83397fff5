"""Days and moments as people type them: 25/11/2026, 5.1.2026, 25112026; and as addresses have always carried them, 2026-11-25."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from web import timephrases

_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})|(\d{2})(\d{2})(\d{4})", re.ASCII)
_HOUR = re.compile(r"(\d{1,2})[:hg.](\d{2})", re.ASCII)
_MOST_TYPED = 40  # characters of what is shown again


@dataclass(frozen=True, slots=True)
class DayField:
    """A field of a day: what stands in it, and why it could not be read."""

    typed: str
    problem: str | None = None


def parse_day(text: str) -> date:
    """Raises: ValueError for what is no day."""
    tidy = text.strip()
    found = _DAY.fullmatch(tidy)
    if found is None:
        return date.fromisoformat(tidy)
    day, month, year = (int(part) for part in found.groups() if part is not None)
    return date(year, month, day)


def parse_moment(text: str) -> datetime:
    """A local moment: "08:25 20/11/2026", the other way round, or ISO 8601.

    Raises: ValueError for what is no moment.
    """
    tidy = " ".join(text.split())
    if "T" in tidy:
        return datetime.fromisoformat(tidy).replace(tzinfo=None)
    first, _, rest = tidy.partition(" ")
    hour, day = (first, rest) if _HOUR.fullmatch(first) else (rest, first)
    found = _HOUR.fullmatch(hour)
    if found is None:
        raise ValueError(f"there is no hour in {text!r}")
    return datetime.combine(parse_day(day), time(int(found[1]), int(found[2])))


def day_field(typed: str, known: date | None) -> DayField:
    """known: the day that was read from what was typed, or that is in force where nothing was typed."""
    if known is not None:
        return DayField(timephrases.full_day(known))
    if not typed.strip():
        return DayField("")
    return DayField(typed.strip()[:_MOST_TYPED], "Không đọc được ngày này, nên chưa lọc theo ngày đó. Gõ như 25/11/2026.")
