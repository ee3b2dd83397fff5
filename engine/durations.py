"""ISO 8601 durations on the wall clock, as timers in models carry them."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from engine.errors import InvalidError

_DURATION = re.compile(
    r"P(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,4})D)?"
    r"(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6})S)?)?"
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time that runs day and night.

    Unit: months and days are those of the wall clock; minutes are whole, seconds are rounded up to the next minute.
    """

    months: int
    days: int
    minutes: int
    text: str

    def after(self, local: datetime) -> datetime:
        """The local moment this long after a local moment; the day of the month is clipped to the month's last."""
        year, month = divmod(local.year * 12 + local.month - 1 + self.months, 12)
        day = min(local.day, monthrange(year, month + 1)[1])
        return local.replace(year=year, month=month + 1, day=day) + timedelta(days=self.days, minutes=self.minutes)

    def in_vietnamese(self) -> str:
        """The duration in words, largest unit first."""
        hours, minutes = divmod(self.minutes, 60)
        parts = ((self.months, "tháng"), (self.days, "ngày"), (hours, "giờ"), (minutes, "phút"))
        return " ".join(f"{n} {unit}" for n, unit in parts if n)


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration in whole numbers.

    Raises: InvalidError (limit_invalid) for anything else, and for a duration of nothing.
    """
    found = _DURATION.fullmatch(text)
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0,) * 7
    duration = Duration(years * 12 + months, weeks * 7 + days, hours * 60 + minutes - (-seconds // 60), text)
    if text.endswith("T") or not (duration.months or duration.days or duration.minutes):
        raise InvalidError(f"{text!r} is not a duration; write for example P2D or PT4H30M.", code="limit_invalid", limit=text)
    return duration
