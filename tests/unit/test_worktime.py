"""Working time: adding to a moment, measuring between two, and calendars that contradict themselves."""

import csv
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError
from engine.worktime import CalendarDay, Session, WorkingCalendar, default_calendar, default_days

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
VECTORS = Path(__file__).parents[1] / "data" / "working_time_vectors.csv"
OFFICE = (Session(time(7, 30), time(11, 30)), Session(time(13), time(17)))
WEEK = dict.fromkeys(range(5), OFFICE)
RECEPTION = Session(time(7, 30), time(11, 30), counts=False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def build(**changes: object) -> WorkingCalendar:
    facts: dict[str, object] = {
        "code": "suoi-may",
        "version": 1,
        "zone": ZONE,
        "sessions": WEEK,
        "days": (),
        "first_on": date(2026, 1, 1),
        "last_on": date(2026, 12, 31),
    }
    return WorkingCalendar.build(**{**facts, **changes})  # type: ignore[arg-type]


CALENDARS = {
    "default": default_calendar(),
    "seven hours, and a Saturday for receiving people": build(
        sessions={**dict.fromkeys(range(5), (Session(time(7), time(11, 30)), Session(time(13, 30), time(16)))), 5: (RECEPTION,)},
        minutes_per_working_day=420,
        days=default_days()[29:46],
    ),
    "three sessions and a working Sunday": build(
        sessions={day: (Session(time(6), time(6, 1)), Session(time(9), time(12)), Session(time(12), time(12, 59))) for day in (1, 3, 6)},
        minutes_per_working_day=240,
    ),
}
calendars = st.sampled_from(sorted(CALENDARS)).map(CALENDARS.__getitem__)
moments = st.integers(0, 180 * 86_400).map(lambda seconds: datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds))
lengths = st.integers(0, 6000)


class TestAdd:
    def test_holds_for_the_thousand_vectors(self) -> None:
        calendar = default_calendar()
        with VECTORS.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert len(rows) == 1000
        for row in rows:
            start, due = at(row["start_local"]), at(row["due_local_end_of_last_worked_minute"])
            minutes = round(float(row["add_working_hours"]) * 60)
            assert calendar.add(start, minutes) == due, row
            assert calendar.between(start, due) == minutes, row

    @given(calendars, moments, lengths)
    def test_is_undone_by_between(self, calendar: WorkingCalendar, start: datetime, minutes: int) -> None:
        assert calendar.between(start, calendar.add(start, minutes)) == minutes

    @given(calendars, moments, moments, lengths)
    def test_keeps_the_order_of_starts(self, calendar: WorkingCalendar, one: datetime, other: datetime, minutes: int) -> None:
        earlier, later = sorted((one, other))
        assert calendar.add(earlier, minutes) <= calendar.add(later, minutes)

    @given(calendars, moments, lengths, lengths)
    def test_keeps_the_order_of_lengths(self, calendar: WorkingCalendar, start: datetime, one: int, more: int) -> None:
        assert calendar.add(start, one) <= calendar.add(start, one + more)

    @given(calendars, moments, lengths, lengths)
    def test_may_be_done_in_parts(self, calendar: WorkingCalendar, start: datetime, one: int, other: int) -> None:
        assert calendar.add(calendar.add(start, one), other) == calendar.add(start, one + other)

    @given(calendars, moments, st.integers(1, 6000))
    def test_ends_with_a_worked_minute(self, calendar: WorkingCalendar, start: datetime, minutes: int) -> None:
        due = calendar.add(start, minutes)
        assert calendar.between(due - timedelta(minutes=1), due) == 1
        assert due.second == due.microsecond == 0

    def test_agrees_with_counting_minute_by_minute(self) -> None:
        calendar = CALENDARS["three sessions and a working Sunday"]
        for start in (at("2026-03-01T05:00"), at("2026-03-03T12:30"), at("2026-03-05T06:00")):
            moment, worked = start, 0
            while worked < 500:
                local = moment.astimezone(ZONE)
                parts = ((360, 361), (540, 720), (720, 779)) if local.weekday() in (1, 3, 6) else ()
                worked += any(first <= local.hour * 60 + local.minute < last for first, last in parts)
                moment += timedelta(minutes=1)
            assert calendar.add(start, 500) == moment

    @pytest.mark.parametrize(
        ("start", "expected"),
        [
            ("2026-11-20T10:00", "2026-11-20T10:00"),
            ("2026-11-20T17:00", "2026-11-20T17:00"),
            ("2026-11-20T17:01", "2026-11-23T07:30"),
            ("2026-11-20T12:00", "2026-11-20T13:00"),
        ],
    )
    def test_adds_nothing_without_leaving_working_time(self, start: str, expected: str) -> None:
        assert default_calendar().add(at(start), 0) == at(expected)

    def test_refuses_to_count_backwards(self) -> None:
        with pytest.raises(InvalidError):
            default_calendar().add(at("2026-11-20T10:00"), -1)

    def test_refuses_what_leads_outside_the_years(self) -> None:
        calendar = build()
        for start, minutes in (("2026-12-31T16:00", 61), ("2025-12-31T10:00", 1), ("2027-01-01T10:00", 1), ("2026-12-31T18:00", 0)):
            with pytest.raises(InvalidError) as refused:
                calendar.add(at(start), minutes)
            assert refused.value.code == "calendar_exhausted"
        assert calendar.add(at("2026-12-31T16:00"), 60) == at("2026-12-31T17:00")
        assert calendar.between(at("2026-01-01T00:00"), at("2027-01-01T00:00")) == 261 * 480


class TestBetween:
    @given(calendars, moments, moments, moments)
    def test_adds_up(self, calendar: WorkingCalendar, one: datetime, two: datetime, three: datetime) -> None:
        assert calendar.between(one, two) + calendar.between(two, three) == calendar.between(one, three)

    @given(calendars, moments, moments)
    def test_is_never_longer_than_the_clock_on_the_wall(self, calendar: WorkingCalendar, one: datetime, two: datetime) -> None:
        start, end = sorted(moment.replace(second=0, microsecond=0) for moment in (one, two))
        assert 0 <= calendar.between(start, end) <= (end - start) // timedelta(minutes=1)
        assert calendar.between(end, start) == -calendar.between(start, end)

    def test_does_not_count_a_saturday_for_receiving_people(self) -> None:
        calendar = build(sessions={**WEEK, 5: (RECEPTION,)})
        assert calendar.between(at("2026-11-20T17:00"), at("2026-11-23T07:30")) == 0
        assert not calendar.is_working_day(date(2026, 11, 21))
        assert calendar.sessions_on(date(2026, 11, 21)) == []


class TestDays:
    def test_knows_why_a_date_is_off_and_who_says_so(self) -> None:
        day = default_calendar().day(date(2026, 11, 24))
        assert day is not None
        assert (day.kind, day.name, day.source, day.provisional) == ("off", "Ngày Văn hóa Việt Nam", "Nghị quyết 28/2026/QH16", False)
        assert default_calendar().day_name(date(2026, 11, 23)) is None

    def test_marks_the_year_that_is_not_decreed(self) -> None:
        assert all(day.provisional == (day.on.year == 2027) for day in default_days())
        crossed = default_calendar().provisional_days(date(2026, 12, 25), date(2027, 2, 5))
        assert [day.on for day in crossed] == [date(2027, 1, 1), date(2027, 2, 4), date(2027, 2, 5)]

    def test_has_a_name_and_a_source_for_every_date(self) -> None:
        assert len(default_days()) == 61
        assert all(day.name and day.source for day in default_days())

    def test_finds_the_working_days_around_a_date(self) -> None:
        calendar = default_calendar()
        assert calendar.next_working_day(date(2026, 11, 20)) == date(2026, 11, 23)
        assert calendar.next_working_day(date(2026, 11, 23)) == date(2026, 11, 25)
        assert calendar.close_of(date(2026, 11, 24)) is None
        assert calendar.close_of(date(2026, 8, 22)) == at("2026-08-22T17:00")
        assert calendar.working_days_between(date(2026, 11, 20), date(2026, 11, 26)) == 3
        assert calendar.sessions_on(date(2026, 8, 22)) == [
            (at("2026-08-22T07:30"), at("2026-08-22T11:30")),
            (at("2026-08-22T13:00"), at("2026-08-22T17:00")),
        ]

    def test_moves_deadlines_when_a_day_off_is_taken_away(self) -> None:
        without = build(days=[day for day in default_days() if day.on.year == 2026 and day.on != date(2026, 11, 24)])
        assert without.add(at("2026-11-20T14:20"), 1440) == at("2026-11-25T14:20")
        assert default_calendar().add(at("2026-11-20T14:20"), 1440) == at("2026-11-26T14:20")

    @given(st.sampled_from([day for day in default_days() if day.on.year == 2026 and day.kind == "off" and day.on.weekday() < 5]))
    def test_heeds_every_single_day_off(self, day: CalendarDay) -> None:
        without = build(days=[other for other in default_days() if other.on.year == 2026 and other != day])
        eve = datetime.combine(day.on, time(0), ZONE)
        assert without.add(eve, 1) < default_calendar().add(eve, 1)

    def test_gives_a_make_up_day_the_hours_of_an_ordinary_one(self) -> None:
        make_up = CalendarDay(date(2026, 8, 22), "working", "Làm bù", "Thông báo vui số 1")
        calendar = build(sessions={**WEEK, 5: (RECEPTION,)}, days=[make_up])
        assert calendar.close_of(date(2026, 8, 22)) == at("2026-08-22T17:00")


class TestBuild:
    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"sessions": {**WEEK, 5: (Session(time(7, 30), time(11, 30)),)}}, "sessions.5"),  # counts, but only 240 minutes
            ({"minutes_per_working_day": 450}, "sessions.0"),
            ({"sessions": {0: (Session(time(7), time(12)), Session(time(11), time(14)))}}, "sessions.0"),
            ({"sessions": {0: (Session(time(17), time(9)),)}}, "sessions.0"),
            ({"sessions": {0: (Session(time(9), time(16, 59, 30)), Session(time(17), time(18)))}}, "sessions.0"),
            ({"sessions": {7: OFFICE}}, "sessions.7"),
            ({"sessions": {5: (RECEPTION,)}}, "sessions"),
            ({"sessions": {}}, "sessions"),
            ({"last_on": date(2025, 1, 1)}, "last_on"),
            ({"days": [CalendarDay(date(2027, 1, 1), "off", "Tết", "Văn bản")]}, "days.2027-01-01"),
            ({"days": [CalendarDay(date(2026, 1, 1), "off", "Tết", "Văn bản")] * 2}, "days.2026-01-01"),
            ({"days": [CalendarDay(date(2026, 1, 1), "maybe", "Tết", "Văn bản")]}, "days.2026-01-01"),  # type: ignore[arg-type]
        ],
    )
    def test_refuses_a_calendar_that_contradicts_itself(self, changes: dict[str, object], place: str) -> None:
        with pytest.raises(InvalidError) as refused:
            build(**changes)
        assert refused.value.code == "calendar_inconsistent"
        assert place in refused.value.errors

    def test_names_every_fault_at_once(self) -> None:
        with pytest.raises(InvalidError) as refused:
            build(minutes_per_working_day=450, days=[CalendarDay(date(2030, 1, 1), "off", "Tết", "Văn bản")])
        assert set(refused.value.errors) == {*(f"sessions.{n}" for n in range(5)), "days.2030-01-01"}
