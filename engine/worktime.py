"""Working time: which minutes of which days count, how to add them to a moment and how to measure them between two."""

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from engine.errors import InvalidError
from engine.officehours import EPOCH, CalendarDay, Session, faults_of, lay_out, minute_of

__all__ = ["CalendarDay", "Session", "WorkingCalendar", "default_calendar", "default_days"]

_MONDAY_TO_FRIDAY = range(5)


@dataclass(frozen=True)
class WorkingCalendar:
    """A version of a working calendar; never changes. Made by build().

    Unit: add() and between() count whole working minutes and truncate moments to the minute.
    Raises: InvalidError (calendar_exhausted) whenever a question leads outside first_on to last_on.
    """

    code: str
    version: int
    zone: ZoneInfo
    minutes_per_working_day: int
    first_on: date
    last_on: date
    _days: Mapping[date, CalendarDay] = field(repr=False)
    # One row for each counting session, in minutes since the epoch; _before and _after are the working minutes
    # from first_on up to its start and its end, so that a sum over years is one subtraction.
    _starts: list[int] = field(repr=False)
    _ends: list[int] = field(repr=False)
    _before: list[int] = field(repr=False)
    _after: list[int] = field(repr=False)
    # One row for each working day: its ordinal and the index of its first session; the latter has one row more.
    _working: list[int] = field(repr=False)
    _first_session: list[int] = field(repr=False)
    _from: int = field(repr=False)  # first minute of first_on
    _until: int = field(repr=False)  # first minute after last_on

    @staticmethod
    def build(
        *,
        code: str,
        version: int,
        zone: ZoneInfo,
        sessions: Mapping[int, Iterable[Session]],
        days: Iterable[CalendarDay] = (),
        first_on: date,
        last_on: date,
        minutes_per_working_day: int = 480,
    ) -> "WorkingCalendar":
        """Make a calendar from sessions by weekday (0 = Monday) and the dates that differ from their weekday.

        A make-up day has the sessions of its own weekday if that is a working day, else those of the first working weekday.

        Raises: InvalidError (calendar_inconsistent) with every fault by its place: the counting sessions of a working day that do
            not add up to minutes_per_working_day, sessions that overlap, dates named twice or outside the years.
        """
        week = {weekday: tuple(sorted(parts, key=lambda part: part.start)) for weekday, parts in sessions.items()}
        rows = list(days)
        faults = faults_of(week, rows, minutes_per_working_day, first_on, last_on)
        if faults:
            raise InvalidError("The calendar contradicts itself.", code="calendar_inconsistent", errors=faults, calendar=code)
        named = {day.on: day for day in rows}
        starts, ends, working, first_session = lay_out(week, named, zone, first_on, last_on)
        after = [0]
        for start, end in zip(starts, ends, strict=True):
            after.append(after[-1] + end - start)
        return WorkingCalendar(
            code=code,
            version=version,
            zone=zone,
            minutes_per_working_day=minutes_per_working_day,
            first_on=first_on,
            last_on=last_on,
            _days=named,
            _starts=starts,
            _ends=ends,
            _before=after[:-1],
            _after=after[1:],
            _working=working,
            _first_session=first_session,
            _from=minute_of(datetime.combine(first_on, time(), zone)),
            _until=minute_of(datetime.combine(last_on + timedelta(days=1), time(), zone)),
        )

    def add(self, start: datetime, minutes: int) -> datetime:
        """The end of the n-th working minute after a moment: 17:00, not 07:30 of the next day.

        With 0 minutes the moment itself while the office works, else the next opening.
        """
        at = self._minute(start)
        worked = self._worked(at)
        if minutes <= 0:
            if minutes < 0:
                raise InvalidError("Working time is added forwards.", code="limit_invalid", minutes=minutes)
            index = bisect_left(self._ends, at)
            return self._moment(max(at, self._starts[index])) if index < len(self._ends) else self._exhausted(at)
        target = worked + minutes
        index = bisect_left(self._after, target)
        if index == len(self._after):
            self._exhausted(at)
        return EPOCH + timedelta(minutes=self._starts[index] + target - self._before[index])

    def between(self, start: datetime, end: datetime) -> int:
        """The working minutes from one moment to another; negative when the second lies before the first."""
        return self._worked(self._minute(end)) - self._worked(self._minute(start))

    def is_working_day(self, on: date) -> bool:
        """Whether a date has a session that counts."""
        return self.close_of(on) is not None

    def close_of(self, on: date) -> datetime | None:
        """The end of a date's last counting session; None on a day off."""
        self._require(on)
        index = bisect_left(self._working, on.toordinal())
        if index == len(self._working) or self._working[index] != on.toordinal():
            return None
        return self._close(index)

    def close_on_or_after(self, on: date, not_before: datetime | None = None) -> datetime:
        """The close of the first working day from a date on whose close does not lie before a moment."""
        self._require(on)
        index = bisect_left(self._working, on.toordinal())
        if not_before is not None:
            index = max(index, bisect_left(self._working, self.local(not_before).date().toordinal()))
            if index < len(self._working) and self._close(index) < not_before:
                index += 1
        return self._close(index)

    def close_of_nth_working_day(self, after: date, n: int) -> datetime:
        """The close of the n-th working day after a date, which itself does not count."""
        self._require(after)
        return self._close(bisect_right(self._working, after.toordinal()) + n - 1)

    def next_working_day(self, after: date) -> date:
        """The first working day after a date."""
        return self.local(self.close_of_nth_working_day(after, 1)).date()

    def working_days_between(self, after: date, until: date) -> int:
        """The number of working days after one date, up to and with another."""
        self._require(after)
        self._require(until)
        return bisect_right(self._working, until.toordinal()) - bisect_right(self._working, after.toordinal())

    def sessions_on(self, on: date) -> list[tuple[datetime, datetime]]:
        """The counting sessions of a date, in order."""
        self._require(on)
        index = bisect_left(self._working, on.toordinal())
        if index == len(self._working) or self._working[index] != on.toordinal():
            return []
        rows = range(self._first_session[index], self._first_session[index + 1])
        return [(self._moment(self._starts[row]), self._moment(self._ends[row])) for row in rows]

    def day(self, on: date) -> CalendarDay | None:
        """Why a date differs from its weekday: the day off or the make-up day with its source; None for an ordinary date."""
        return self._days.get(on)

    def day_name(self, on: date) -> str | None:
        """The name of a day off or a make-up day; None for an ordinary date."""
        day = self._days.get(on)
        return None if day is None else day.name

    def provisional_days(self, first: date, last: date) -> list[CalendarDay]:
        """The rows not yet decreed from one date to another, both counted: a deadline that crosses one may still move."""
        return sorted((day for day in self._days.values() if day.provisional and first <= day.on <= last), key=lambda day: day.on)

    def local(self, moment: datetime) -> datetime:
        """A moment as the clock on the office's wall shows it."""
        return moment.astimezone(self.zone)

    def to_utc(self, local: datetime) -> datetime:
        """A moment on the office's wall clock, in UTC."""
        return (local if local.tzinfo else local.replace(tzinfo=self.zone)).astimezone(UTC)

    def _minute(self, moment: datetime) -> int:
        at = minute_of(moment)
        if not self._from <= at <= self._until:
            self._exhausted(at)
        return at

    def _worked(self, at: int) -> int:
        """Working minutes from first_on up to a minute."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return 0
        end = self._ends[index]
        return self._before[index] + (at if at < end else end) - self._starts[index]

    def _close(self, index: int) -> datetime:
        if index >= len(self._working):
            self._exhausted(self._until)
        return self._moment(self._ends[self._first_session[index + 1] - 1])

    def _require(self, on: date) -> None:
        if not self.first_on <= on <= self.last_on:
            self._exhausted(minute_of(datetime.combine(on, time(), self.zone)))

    def _moment(self, at: int) -> datetime:
        return EPOCH + timedelta(minutes=at)

    def _exhausted(self, at: int) -> datetime:
        raise InvalidError(
            f"The calendar {self.code} version {self.version} holds {self.first_on} to {self.last_on}; this leads outside. "
            "Publish a version that goes on.",
            code="calendar_exhausted",
            calendar=self.code,
            version=self.version,
            first_on=self.first_on,
            last_on=self.last_on,
            from_=self._moment(at),
        )


@lru_cache(maxsize=1)
def default_calendar() -> WorkingCalendar:
    """The calendar of Vietnamese offices, 2024 to 2027: 07:30-11:30 and 13:00-17:00, Monday to Friday; 2027 is provisional.

    Source: engine/calendar_vn.csv names the document behind every date.
    """
    office_hours = (Session(time(7, 30), time(11, 30)), Session(time(13), time(17)))
    return WorkingCalendar.build(
        code="vn",
        version=1,
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        sessions=dict.fromkeys(_MONDAY_TO_FRIDAY, office_hours),
        days=default_days(),
        first_on=date(2024, 1, 1),
        last_on=date(2027, 12, 31),
    )


@lru_cache(maxsize=1)
def default_days() -> tuple[CalendarDay, ...]:
    """The days off and make-up days of the default calendar, in order."""
    lines = files("engine").joinpath("calendar_vn.csv").read_text(encoding="utf-8").splitlines()
    return tuple(
        CalendarDay(
            on=date.fromisoformat(row["on"]),
            kind="off" if row["kind"] == "off" else "working",
            name=row["name"],
            source=row["source"],
            provisional=row["provisional"] == "yes",
        )
        for row in csv.DictReader(lines)
    )
