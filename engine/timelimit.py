"""Lengths of time in the words of the law, the deadline that follows from them, and what late means."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.clock import minute
from engine.durations import Duration, parse_duration
from engine.errors import InvalidError

if TYPE_CHECKING:
    from engine.worktime import WorkingCalendar

_AMOUNT = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4})?)(d|h)")
_CALENDAR_DAYS = re.compile(r"([0-9]{1,4})cd")
_SAME_DAY = re.compile(r"sameday@([01][0-9]|2[0-3]):([0-5][0-9])")


class LimitKind(StrEnum):
    """What a limit is counted in."""

    WORKING_DAYS = "d"
    WORKING_HOURS = "h"
    CALENDAR_DAYS = "cd"
    SAME_DAY = "sameday"
    UNTIMED = "untimed"
    DURATION = "duration"  # ISO 8601 on the wall clock, only on timers


class LimitRule(StrEnum):
    """How working days are counted; every other kind of limit is the same under both."""

    ELAPSED = "elapsed"  # 3d from Friday 14:20 ends on Wednesday 14:20
    END_OF_DAY = "endofday"  # the day of receipt does not count; due at the close of the n-th working day


class Punctuality(StrEnum):
    """How something that is done stands to its deadline."""

    EARLY = "early"  # trước hạn: on a date before the due date
    ON_TIME = "ontime"  # đúng hạn
    OVERDUE = "overdue"  # quá hạn


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A length of time as a procedure states it. Made by parse(); two limits are equal when their texts are.

    Unit: amount counts days or hours, as kind says.
    """

    kind: LimitKind
    amount: Fraction | None
    latest: time | None  # sameday: received up to this time counts as that day
    text: str  # canonical; parse(text) gives an equal limit

    @staticmethod
    def parse(text: str) -> "TimeLimit":
        """Read a limit: 3d, 0.5d, 4h, 15cd, sameday@15:00, untimed, or an ISO 8601 duration such as PT4H.

        Raises: InvalidError (limit_invalid) for anything else, and for a limit of nothing.
        """
        return _parse(text.strip())

    def working_minutes(self, minutes_per_day: int) -> int | None:
        """The limit in working minutes, rounded down to the minute, at least 1; None for a limit counted in anything else."""
        if self.amount is None or self.kind is LimitKind.CALENDAR_DAYS:
            return None
        return max(1, int(self.amount * (minutes_per_day if self.kind is LimitKind.WORKING_DAYS else 60)))

    @property
    def whole(self) -> int | None:
        """The number of days or hours when it is whole, else None."""
        return int(self.amount) if self.amount is not None and self.amount.denominator == 1 else None

    @property
    def duration(self) -> Duration | None:
        """The wall-clock duration of a timer, else None."""
        return parse_duration(self.text) if self.kind is LimitKind.DURATION else None

    def in_vietnamese(self) -> str:
        """The limit as forms and screens print it."""
        match self.kind:
            case LimitKind.WORKING_DAYS:
                return f"{_decimal(self.amount, ',')} ngày làm việc"
            case LimitKind.WORKING_HOURS:
                return f"{_decimal(self.amount, ',')} giờ làm việc"
            case LimitKind.CALENDAR_DAYS:
                return f"{_decimal(self.amount, ',')} ngày"
            case LimitKind.SAME_DAY:
                return f"trong ngày (nhận sau {_hour(self.latest)}: ngày làm việc tiếp theo)"
            case LimitKind.UNTIMED:
                return "không tính thời hạn"
        return f"{parse_duration(self.text).in_vietnamese()}, tính cả ngoài giờ làm việc"

    def __str__(self) -> str:
        return self.text


UNTIMED = TimeLimit(LimitKind.UNTIMED, None, None, "untimed")


def deadline(calendar: "WorkingCalendar", start: datetime, limit: TimeLimit, rule: LimitRule = LimitRule.ELAPSED) -> datetime | None:
    """The moment until which something received at start is on time, a whole minute in UTC; None for untimed.

    The start is truncated to the minute. Limits in hours are elapsed under either rule.

    Raises: InvalidError (limit_not_whole_days) for a fraction of a day under the end-of-day rule;
        (calendar_exhausted) outside the calendar's years.
    Source: rules 1.3 to 1.5; BLDS 2015 Đ147-148 (the first day does not count; a last day off moves to the next working day).
    """
    start = minute(start)
    match limit.kind:
        case LimitKind.UNTIMED:
            return None
        case LimitKind.DURATION:
            return calendar.to_utc(parse_duration(limit.text).after(calendar.local(start)))
        case LimitKind.SAME_DAY:
            return _same_day(calendar, start, limit.latest or time.max)
        case LimitKind.CALENDAR_DAYS:
            return calendar.close_on_or_after(calendar.local(start).date() + timedelta(days=limit.whole or 0))
    if limit.kind is LimitKind.WORKING_DAYS and rule is LimitRule.END_OF_DAY:
        return calendar.close_of_nth_working_day(calendar.local(start).date(), whole_days(limit))
    return calendar.add(start, limit.working_minutes(calendar.minutes_per_working_day) or 0)


def whole_days(limit: TimeLimit) -> int:
    """The number of days of a limit that the end-of-day rule counts.

    Raises: InvalidError (limit_not_whole_days).
    """
    if limit.whole is None:
        raise InvalidError(
            f"The end-of-day rule counts whole days, and {limit.text} is not whole; use whole days, hours, or the elapsed rule.",
            code="limit_not_whole_days",
            limit=limit.text,
        )
    return limit.whole


def is_late(due_at: datetime | None, moment: datetime) -> bool:
    """Whether a moment lies after a deadline: 17:00:59 is on time for 17:00. Nothing is late without a deadline."""
    return due_at is not None and minute(moment) > due_at


def punctuality(due_at: datetime | None, done_at: datetime, zone: ZoneInfo) -> Punctuality | None:
    """How something done at a moment stands to its deadline, dates read in the zone; None without a deadline."""
    if due_at is None:
        return None
    if is_late(due_at, done_at):
        return Punctuality.OVERDUE
    done_on, due_on = done_at.astimezone(zone).date(), due_at.astimezone(zone).date()
    return Punctuality.EARLY if done_on < due_on else Punctuality.ON_TIME


def share(minutes: int, available: int, total: int) -> int:
    """A step's limit in a same-day procedure: its part of the minutes available, rounded down, at least 1 (rule 1.5)."""
    return max(1, minutes * available // total) if total > 0 else max(1, minutes)


def _same_day(calendar: "WorkingCalendar", start: datetime, latest: time) -> datetime:
    """Received up to `latest` while that day's work is not over: the close of that day, else of the next working day."""
    received = calendar.local(start)
    close = calendar.close_of(received.date())
    if close is not None and received.time() <= latest and start < close:
        return close
    return calendar.close_on_or_after(received.date() + timedelta(days=1))


@lru_cache(maxsize=4096)
def _parse(text: str) -> TimeLimit:
    if text == UNTIMED.text:
        return UNTIMED
    if found := _AMOUNT.fullmatch(text):
        return _counted(LimitKind(found[2]), found[1], text)
    if found := _CALENDAR_DAYS.fullmatch(text):
        return _counted(LimitKind.CALENDAR_DAYS, found[1], text)
    if found := _SAME_DAY.fullmatch(text):
        return TimeLimit(LimitKind.SAME_DAY, None, time(int(found[1]), int(found[2])), text)
    if text.startswith("P"):
        return TimeLimit(LimitKind.DURATION, None, None, parse_duration(text).text)
    raise InvalidError(
        f"{text!r} is not a limit; write 3d, 0.5d, 4h, 15cd, sameday@15:00 or untimed.",
        code="limit_invalid",
        limit=text,
    )


def _counted(kind: LimitKind, number: str, text: str) -> TimeLimit:
    amount = Fraction(number)
    if amount == 0:
        raise InvalidError(f"{text!r} is a limit of nothing; write untimed if there is none.", code="limit_invalid", limit=text)
    return TimeLimit(kind, amount, None, f"{_decimal(amount, '.')}{kind.value}")


def _decimal(amount: Fraction | None, point: str) -> str:
    """At most four decimals, without trailing zeros."""
    whole, part = divmod(int((amount or Fraction(0)) * 10_000), 10_000)
    return f"{whole}{point}{part:04d}".rstrip("0") if part else str(whole)


def _hour(latest: time | None) -> str:
    latest = latest or time(0)
    return f"{latest.hour} giờ {latest.minute:02d} phút" if latest.minute else f"{latest.hour} giờ"
