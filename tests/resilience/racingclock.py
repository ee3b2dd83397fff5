"""Office hours at a gallop: many processes read the same fast clock, and nobody waits for the night to pass."""

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clocktime

from engine.worktime import WorkingCalendar, default_calendar
from tests.office import ZONE

OPENS = clocktime(7, 25)
DAY = timedelta(hours=9, minutes=50)  # from a little before the first session to a little after the last


@dataclass(frozen=True)
class RacingClock:
    """Real time since `began` (of the monotonic clock, which all processes of a machine share), `factor` times as fast, from `first` on.

    Only working days between 07:25 and 17:15 are lived through; it never stands still and never goes back.
    """

    began: float
    factor: float
    first: date
    days: tuple[date, ...] = field(default=(), repr=False)

    @staticmethod
    def start(first: date, factor: float) -> "RacingClock":
        """A clock that begins now, at 08:00 of its first day."""
        ahead = timedelta(hours=8) - timedelta(hours=OPENS.hour, minutes=OPENS.minute)
        began = time.monotonic() - ahead.total_seconds() / factor
        return RacingClock(began, factor, first, _working_days(default_calendar(), first))

    def now(self) -> datetime:
        lived = timedelta(seconds=(time.monotonic() - self.began) * self.factor)
        day, into = divmod(lived, DAY)
        return (datetime.combine(self.days[day], OPENS, ZONE) + into).astimezone(UTC)

    def recorded_now(self) -> datetime:
        return datetime.now(UTC)


def _working_days(calendar: WorkingCalendar, first: date) -> tuple[date, ...]:
    days = (first + timedelta(days=offset) for offset in range((calendar.last_on - first).days + 1))
    return tuple(day for day in days if calendar.is_working_day(day))
