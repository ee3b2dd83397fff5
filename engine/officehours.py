"""Office hours of a week, the dates that differ from their weekday, and the counting sessions that follow from both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Week = Mapping[int, tuple["Session", ...]]


@dataclass(frozen=True, slots=True)
class Session:
    """Office hours on a day; a session that does not count is for receiving people only (a Saturday morning)."""

    start: time
    end: time
    counts: bool = True

    @property
    def minutes(self) -> int:
        return (self.end.hour - self.start.hour) * 60 + self.end.minute - self.start.minute


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A date that is not what its weekday says, and the document that says so.

    kind: off, or working: a make-up day, on which the sessions of an ordinary working day hold.
    """

    on: date
    kind: Literal["off", "working"]
    name: str
    source: str
    provisional: bool = False  # not yet decreed; an appointment that crosses it says so


def minute_of(moment: datetime) -> int:
    """The whole minutes since the epoch.

    Raises: TypeError for a moment without a zone: guessing one would move a deadline in silence.
    """
    if moment.tzinfo is None:
        raise TypeError("a moment needs a time zone")
    since = moment - EPOCH
    return since.days * 1440 + since.seconds // 60


def faults_of(week: Week, days: Iterable[CalendarDay], minutes_per_working_day: int, first_on: date, last_on: date) -> dict[str, str]:
    """Every contradiction in a calendar by its place; empty when there is none."""
    return _faults_of_week(week, minutes_per_working_day) | _faults_of_days(days, first_on, last_on)


def _faults_of_week(week: Week, minutes_per_working_day: int) -> dict[str, str]:
    faults: dict[str, str] = {}
    for weekday, parts in week.items():
        place = f"sessions.{weekday}"
        counted = sum(part.minutes for part in parts if part.counts)
        if weekday not in range(7):
            faults[place] = "A weekday is 0 (Monday) to 6 (Sunday)."
        elif any(part.minutes <= 0 for part in parts) or any(earlier.end > later.start for earlier, later in pairwise(parts)):
            faults[place] = "Sessions end after they start and do not overlap."
        elif any(moment.second or moment.microsecond for part in parts for moment in (part.start, part.end)):
            faults[place] = "Sessions start and end on whole minutes."
        elif counted not in (0, minutes_per_working_day):
            faults[place] = f"The counting sessions add up to {counted} minutes, not to {minutes_per_working_day}."
    if not faults and not any(part.counts for parts in week.values() for part in parts):
        faults["sessions"] = "No weekday has a session that counts."
    return faults


def _faults_of_days(days: Iterable[CalendarDay], first_on: date, last_on: date) -> dict[str, str]:
    faults: dict[str, str] = {}
    if last_on < first_on:
        faults["last_on"] = "The last date lies before the first."
    seen: set[date] = set()
    for day in days:
        if day.on in seen:
            faults[f"days.{day.on}"] = "The date is named twice."
        elif not first_on <= day.on <= last_on:
            faults[f"days.{day.on}"] = "The date lies outside the calendar's years."
        elif day.kind not in ("off", "working"):
            faults[f"days.{day.on}"] = "A day is off or working."
        seen.add(day.on)
    return faults


def lay_out(
    week: Week, named: Mapping[date, CalendarDay], zone: ZoneInfo, first_on: date, last_on: date
) -> tuple[list[int], list[int], list[int], list[int]]:
    """Every counting session in minutes since the epoch, every working day and where its sessions begin."""
    counting = {weekday: tuple(part for part in parts if part.counts) for weekday, parts in week.items()}
    ordinary = next(counting[weekday] for weekday in sorted(counting) if counting[weekday])
    starts: list[int] = []
    ends: list[int] = []
    working: list[int] = []
    first_session: list[int] = []
    for ordinal in range(first_on.toordinal(), last_on.toordinal() + 1):
        on = date.fromordinal(ordinal)
        parts = _sessions_of(on, named.get(on), counting, ordinary)
        if parts:
            working.append(ordinal)
            first_session.append(len(starts))
        for part in parts:
            starts.append(minute_of(datetime.combine(on, part.start, zone)))
            ends.append(minute_of(datetime.combine(on, part.end, zone)))
    first_session.append(len(starts))
    return starts, ends, working, first_session


def _sessions_of(on: date, day: CalendarDay | None, counting: Week, ordinary: tuple[Session, ...]) -> tuple[Session, ...]:
    if day is not None and day.kind == "off":
        return ()
    parts = counting.get(on.weekday(), ())
    return ordinary if day is not None and not parts else parts
