"""Ledgers for tests: one working calendar, moments in local time, entries with few words, and random ledgers that can happen."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from engine.ledger import EntryKind, LedgerEntry
from engine.legalclock import ClockState, replay
from engine.timelimit import LimitRule, TimeLimit
from engine.worktime import CalendarDay, Session, WorkingCalendar, default_calendar, default_days

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CALENDARS: dict[int, WorkingCalendar] = {1: default_calendar()}
LIMITS = ("0.25d", "1d", "3d", "10d", "5h", "7cd", "15cd", "sameday@15:00", "untimed")
WHOLE_LIMITS = ("1d", "3d", "10d", "5h", "7cd", "15cd", "sameday@15:00", "untimed")


def at(text: str) -> datetime:
    """A local moment of 2026 (11-20T14:20), in UTC."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).astimezone(UTC)


def local(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(ZONE).strftime("%m-%dT%H:%M")


def entry(
    kind: EntryKind, when: str, limit: str | None = None, *, entered: str | None = None, version: int = 1, **facts: Any
) -> LedgerEntry:
    parsed = TimeLimit.parse(limit) if limit else None
    return LedgerEntry(kind, at(when), version, parsed, entered_at=at(entered) if entered else None, **facts)


def start(when: str, limit: str, rule: str = "elapsed", **facts: Any) -> LedgerEntry:
    return entry("start", when, limit, rule=LimitRule(rule), **facts)


OFFICE = (Session(time(7, 30), time(11, 30)), Session(time(13), time(17)))


def version(number: int, *more: CalendarDay, without: date | None = None, code: str = "vn") -> WorkingCalendar:
    days = [day for day in default_days() if day.on != without]
    return WorkingCalendar.build(
        code=code,
        version=number,
        zone=ZONE,
        sessions=dict.fromkeys(range(5), OFFICE),
        days=[*days, *more],
        first_on=date(2024, 1, 1),
        last_on=date(2027, 12, 31),
    )


def off(on: str) -> CalendarDay:
    return CalendarDay(date.fromisoformat(f"2026-{on}"), "off", "Nghỉ vì bão vui", "Công điện 1/CĐ")


def clock(*entries: LedgerEntry) -> ClockState:
    return replay(entries, CALENDARS)


def due(*entries: LedgerEntry) -> str | None:
    return local(clock(*entries).due_at)


def spans(state: ClockState) -> list[tuple[str | None, str | None, str | None]]:
    return [(local(span.from_), local(span.until), local(span.due_at)) for span in state.history]


@st.composite
def ledgers(draw: st.DrawFn, *, extensions: bool = True) -> list[LedgerEntry]:
    """A start, then pauses that are entered in order, extensions in between, perhaps an end; the receipt may lie before its entry."""
    rule = draw(st.sampled_from(list(LimitRule)))
    limit = draw(st.sampled_from(LIMITS if rule is LimitRule.ELAPSED else WHOLE_LIMITS))
    now = datetime(2026, 1, 20, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 60 * 24 * 60)))
    entries = [LedgerEntry("start", now, 1, TimeLimit.parse(limit), rule)]
    stopped_at: datetime | None = None
    for kind in draw(st.lists(st.sampled_from(["pause", "pause", "extend"] if extensions else ["pause"]), max_size=6)):
        now += timedelta(seconds=draw(st.integers(0, 6 * 24 * 3600)))
        if kind == "extend":
            by = draw(st.sampled_from(["1d", "5d", "4h", "3cd"]))
            entries.append(LedgerEntry("extend", now, 1, TimeLimit.parse(by)))
        elif stopped_at is None:
            entries.append(LedgerEntry("stop", now, 1))
            stopped_at = now
        else:
            received_at = stopped_at + (now - stopped_at) * draw(st.sampled_from([0, 0.5, 1]))
            entries.append(LedgerEntry("resume", received_at, 1, entered_at=now))
            stopped_at = None
    if draw(st.booleans()) and stopped_at is None:
        entries.append(LedgerEntry("finish", now + timedelta(seconds=draw(st.integers(0, 20 * 24 * 3600))), 1))
    return entries
