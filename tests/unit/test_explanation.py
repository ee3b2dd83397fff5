"""Deadlines explained line by line."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.explanation import ExplainLine, explain, explain_limit
from engine.legalclock import LedgerEntry, replay
from engine.moving import Unit
from engine.timelimit import LimitRule, TimeLimit
from engine.worktime import CalendarDay, Session, WorkingCalendar, default_calendar
from tests.unit.ledgers import CALENDARS, ZONE, at, entry, ledgers, local, start


def lines_of(*entries: LedgerEntry, now: str | None = None) -> list[ExplainLine]:
    return explain(entries, CALENDARS, at(now) if now else None)


def told(lines: list[ExplainLine]) -> list[tuple[str, str | None, int | None, int | None]]:
    return [(line.kind, local(line.at), line.counted_minutes, line.remaining_minutes) for line in lines]


def days(line: ExplainLine) -> list[tuple[str, list[tuple[str, str, int]], int]]:
    """Date, sessions used, counted so far."""
    return [
        (
            f"{day.on:%d/%m}",
            [(f"{u.from_.astimezone(ZONE):%H:%M}", f"{u.until.astimezone(ZONE):%H:%M}", u.minutes) for u in day.sessions],
            day.counted,
        )
        for day in line.days
    ]


class TestExplainLimit:
    def test_makes_the_table_of_the_intake_page(self) -> None:
        started, due = explain_limit(default_calendar(), at("11-23T11:20"), TimeLimit.parse("3d"))
        assert (started.kind, started.remaining_minutes, started.calendar_code, started.calendar_version) == ("start", 1440, "vn", 1)
        assert started.limit == TimeLimit.parse("3d")
        assert (due.kind, local(due.at), due.counted_minutes, due.remaining_minutes) == ("due", "11-27T11:20", 1440, 0)
        assert days(due) == [
            ("23/11", [("11:20", "11:30", 10), ("13:00", "17:00", 240)], 250),
            ("24/11", [], 250),
            ("25/11", [("07:30", "11:30", 240), ("13:00", "17:00", 240)], 730),
            ("26/11", [("07:30", "11:30", 240), ("13:00", "17:00", 240)], 1210),
            ("27/11", [("07:30", "11:20", 230)], 1440),
        ]
        off = due.days[1].day
        assert off is not None
        assert (off.name, off.source) == ("Ngày Văn hóa Việt Nam", "Nghị quyết 28/2026/QH16")

    def test_shows_the_day_of_receipt_even_when_nothing_of_it_counts(self) -> None:
        due = explain_limit(default_calendar(), at("11-19T20:15"), TimeLimit.parse("2h"))[-1]
        assert days(due) == [("19/11", [], 0), ("20/11", [("07:30", "09:30", 120)], 120)]

    def test_counts_dates_for_calendar_days(self) -> None:
        started, due = explain_limit(default_calendar(), at("11-06T09:00"), TimeLimit.parse("15cd"))
        assert (started.unit, started.counted_days, started.remaining_days, started.counted_minutes) == (Unit.CALENDAR_DAYS, 0, 15, None)
        assert (due.counted_days, due.remaining_days) == (15, 0)
        assert [day.days for day in due.days] == [0, *[1] * 15, 0, 0]  # the day of receipt; 21/11 rolls on to 23/11

    def test_counts_working_days_under_the_end_of_day_rule(self) -> None:
        due = explain_limit(default_calendar(), at("11-20T14:20"), TimeLimit.parse("3d"), LimitRule.END_OF_DAY)[-1]
        assert [f"{day.on:%d/%m}" for day in due.days if day.days] == ["23/11", "25/11", "26/11"]

    def test_flags_days_that_no_document_has_decreed(self) -> None:
        calendar, received = default_calendar(), datetime(2026, 12, 31, 9, tzinfo=ZONE)
        due = explain_limit(calendar, received, TimeLimit.parse("2d"))[-1]
        assert [day.on for day in due.provisional_days] == [date(2027, 1, 1)]

    def test_leaves_out_a_saturday_for_receiving_people(self) -> None:
        office = (Session(time(7, 30), time(11, 30)), Session(time(13), time(17)))
        calendar = WorkingCalendar.build(
            code="suoi-may",
            version=3,
            zone=ZONE,
            sessions={**dict.fromkeys(range(5), office), 5: (Session(time(7, 30), time(11, 30), counts=False),)},
            first_on=date(2026, 1, 1),
            last_on=date(2026, 12, 31),
        )
        due = explain_limit(calendar, at("11-20T16:00"), TimeLimit.parse("2h"))[-1]
        assert days(due)[1] == ("21/11", [], 60)

    def test_is_empty_without_a_deadline(self) -> None:
        assert explain_limit(default_calendar(), at("11-20T14:20"), TimeLimit.parse("untimed")) == []

    def test_explains_a_timer_on_the_wall_clock_without_days(self) -> None:
        due = explain_limit(default_calendar(), at("11-20T14:20"), TimeLimit.parse("P2D"))[-1]
        assert (due.unit, due.counted_minutes, due.days) == (Unit.WALL_CLOCK, 2880, ())


class TestExplain:
    STOP = entry("stop", "11-20T09:30", reason="supplement", reference="02/SM")
    RESUME = entry("resume", "11-23T08:00", entered="11-23T08:03", reference="02/SM")

    def test_makes_the_table_of_the_dossier_page(self) -> None:
        lines = lines_of(start("11-19T14:20", "3d"), self.STOP, self.RESUME, now="11-23T11:20")
        assert told(lines) == [
            ("start", "11-19T14:20", 0, 1440),
            ("stop", "11-20T09:30", 280, 1160),
            ("resume", "11-23T08:00", 280, 1160),
            ("now", "11-23T11:20", 480, 960),
            ("due", "11-26T11:20", 1440, 0),
        ]
        assert (lines[1].reason, lines[1].reference) == ("supplement", "02/SM")
        assert lines[2].not_counted_minutes == 390
        assert local(lines[4].due_before) == "11-25T14:20"

    def test_promises_nothing_while_stopped(self) -> None:
        lines = lines_of(start("11-19T14:20", "3d"), self.STOP, now="11-23T11:20")
        assert told(lines)[1:] == [("stop", "11-20T09:30", 280, 1160), ("now", "11-23T11:20", 280, 1160)]

    def test_says_by_how_much_it_is_late(self) -> None:
        lines = lines_of(start("11-19T14:20", "1d"), now="11-23T08:30")
        assert (lines[1].kind, lines[1].remaining_minutes, lines[1].overdue_minutes) == ("now", 0, 160 + 60)
        done = lines_of(start("11-19T14:20", "1d"), entry("finish", "11-20T14:50"), now="11-23T08:30")
        assert [(line.kind, line.overdue_minutes) for line in done] == [("start", None), ("finish", 30), ("due", None)]

    def test_counts_on_from_the_latest_receipt_when_two_things_held_the_clock(self) -> None:
        holds = (self.STOP, entry("stop", "11-20T10:00"), self.RESUME, entry("resume", "11-20T16:00", entered="11-23T09:00"))
        lines = lines_of(start("11-19T14:20", "3d"), *holds)
        assert told(lines)[-2:] == [("resume", "11-20T16:00", 280, 1160), ("due", "11-26T11:20", 1440, 0)]
        assert [line.not_counted_minutes for line in lines if line.kind == "resume"] == [None, 390]
        assert days(lines[-1])[0][1][0] == ("08:00", "11:30", 210)

    def test_shows_an_extension(self) -> None:
        lines = lines_of(start("11-02T09:00", "3d"), entry("extend", "11-03T09:00", "5d", reason="extends:B3"))
        assert told(lines)[1] == ("extend", "11-03T09:00", 480, 1440 + 2400 - 480)
        assert (local(lines[1].due_before), local(lines[1].due_after)) == ("11-05T09:00", "11-12T09:00")

    def test_shows_a_change_of_calendar_and_counts_in_the_new_version(self) -> None:
        storm = CalendarDay(date(2026, 11, 25), "off", "Nghỉ vì bão vui", "Công điện 1/CĐ")
        old = default_calendar()
        office = (Session(time(7, 30), time(11, 30)), Session(time(13), time(17)))
        new = WorkingCalendar.build(
            code="vn",
            version=2,
            zone=ZONE,
            sessions=dict.fromkeys(range(5), office),
            days=[storm],
            first_on=old.first_on,
            last_on=old.last_on,
        )
        ledger = [start("11-20T14:20", "3d"), entry("calendar", "11-23T08:00", version=2, reference="Công điện 1/CĐ")]
        _, change, due = explain(ledger, {1: old, 2: new})
        assert (change.kind, change.calendar_version, local(change.due_before), local(change.due_after)) == (
            "calendar",
            2,
            "11-26T14:20",
            "11-26T14:20",
        )
        assert [day.day.name for day in due.days if day.day] == ["Nghỉ vì bão vui"]

    def test_makes_good_the_rest_of_the_day_of_a_stop(self) -> None:
        lines = lines_of(start("11-19T14:20", "3d", "endofday"), entry("stop", "11-20T09:30"), entry("resume", "11-21T08:00"))
        assert [(f"{day.on:%d/%m}", day.days) for day in lines[-1].days] == [
            ("21/11", 0),
            ("22/11", 0),
            ("23/11", 0),
            ("24/11", 0),
            ("25/11", 1),
            ("26/11", 1),
        ]

    def test_counts_the_extension_of_a_deadline_that_had_passed(self) -> None:
        lines = lines_of(
            start("11-02T09:00", "1d"), entry("extend", "11-04T10:00", "1d"), entry("stop", "11-06T10:00"), entry("resume", "11-09T10:00")
        )
        assert told(lines)[-1] == ("due", "11-04T09:00", 960, 0)

    def test_begins_again_where_the_limit_restarts(self) -> None:
        lines = lines_of(start("11-02T08:00", "3d"), entry("stop", "11-03T09:30"), entry("resume", "11-09T10:00", "3d"))
        assert told(lines)[2:] == [("resume", "11-09T10:00", 0, 1440), ("due", "11-12T10:00", 1440, 0)]

    @given(ledgers(), st.one_of(st.none(), st.integers(0, 60 * 24 * 60)))
    def test_adds_up_to_the_limit(self, entries: list[LedgerEntry], minutes: int | None) -> None:
        now = entries[-1].known_at + timedelta(minutes=minutes) if minutes is not None else None
        state, lines = replay(entries, CALENDARS), explain(entries, CALENDARS, now)
        if not lines:
            assert state.due_at is None
            return
        counted = 0
        for line in lines:
            counted += sum(day.minutes + day.days for day in line.days)
            assert counted == (line.counted_minutes if line.counted_minutes is not None else line.counted_days)
            assert all(sum(session.minutes for session in day.sessions) == day.minutes for day in line.days)
        assert (lines[-1].kind == "due") == (state.due_at is not None)
        if lines[-1].kind == "due":
            assert lines[-1].at == state.due_at
            assert (lines[-1].remaining_minutes or 0) + (lines[-1].remaining_days or 0) == 0

    @given(ledgers())
    def test_grants_the_whole_limit_and_its_extensions(self, entries: list[LedgerEntry]) -> None:
        entries = [replace(one, rule=LimitRule.ELAPSED, limit=TimeLimit.parse("3d")) if one.kind == "start" else one for one in entries]
        entries = [one for one in entries if one.kind != "extend" or (one.limit and one.limit.text != "3cd")]
        lines = explain(entries, CALENDARS)
        granted = sum(one.limit.working_minutes(480) or 0 for one in entries if one.kind in ("start", "extend") and one.limit)
        assert (lines[-1].counted_minutes or 0) + (lines[-1].remaining_minutes or 0) == granted
