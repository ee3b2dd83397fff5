import json
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, func, select

from engine.actor import SYSTEM
from engine.clock import VirtualClock
from engine.database import Database
from engine.errors import InvalidError, NotFoundError, NotPermittedError
from engine.ids import TimeOrderedIds
from engine.tables import calendar_days, calendar_versions, trace_entries
from engine.worktime import CalendarDay, Session, default_calendar
from processes.organisation.calendars import PublishedCalendars, load_calendar, publish_calendar, seed_default_calendar
from processes.organisation.events import CalendarPublished, Event
from tests.commune import START, Commune, found_commune

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
TOOLS = {"clock": VirtualClock(START), "ids": TimeOrderedIds()}
YEAR = {"first_on": date(2026, 1, 1), "last_on": date(2026, 12, 31)}
CULTURE_DAY = CalendarDay(date(2026, 11, 24), "off", "Ngày Văn hóa Việt Nam", "Nghị quyết 80")


@pytest.fixture
def commune(database: Database) -> Commune:
    return found_commune(database)


class TestSeedDefaultCalendar:
    def test_counts_as_the_packaged_calendar_does(self, database: Database) -> None:
        packaged = default_calendar()
        with database.writing() as connection:
            seed_default_calendar(connection, actor=SYSTEM, **TOOLS)
            stored = load_calendar(connection, "vn")
        assert (stored.code, stored.version, stored.minutes_per_working_day) == ("vn", 1, 480)
        for month in range(1, 13):
            start = datetime(2026, month, 19, 16, 20, tzinfo=HANOI)
            assert stored.add(start, 2_400) == packaged.add(start, 2_400)
        for ordinal in range(packaged.first_on.toordinal(), packaged.last_on.toordinal() + 1):
            day = date.fromordinal(ordinal)
            assert stored.day(day) == packaged.day(day)
            assert stored.sessions_on(day) == packaged.sessions_on(day)

    def test_does_nothing_the_second_time(self, database: Database) -> None:
        with database.writing() as connection:
            first = seed_default_calendar(connection, actor=SYSTEM, **TOOLS)
            assert seed_default_calendar(connection, actor=SYSTEM, **TOOLS) == first
            assert connection.scalar(select(func.count()).select_from(calendar_versions)) == 1


class TestPublishCalendar:
    def test_adds_a_version_and_leaves_the_earlier_one(self, database: Database) -> None:
        calendars = PublishedCalendars()
        with database.writing() as connection:
            first = publish_calendar(connection, actor=SYSTEM, code="x", name="Lịch thử", source="QĐ 1", days=[], **YEAR, **TOOLS)
            second = publish_calendar(
                connection, actor=SYSTEM, code="x", name="Lịch thử", source="QĐ 2", days=[CULTURE_DAY], **YEAR, **TOOLS
            )
            before, after = calendars.by_id(connection, first), calendars.by_id(connection, second)
            latest = load_calendar(connection, "x")
        friday_evening = datetime(2026, 11, 23, 16, 30, tzinfo=HANOI)
        assert before.add(friday_evening, 60).astimezone(HANOI) == datetime(2026, 11, 24, 8, 0, tzinfo=HANOI)
        assert after.add(friday_evening, 60).astimezone(HANOI) == datetime(2026, 11, 25, 8, 0, tzinfo=HANOI)
        assert (before.version, after.version, latest.version) == (1, 2, 2)

    def test_records_the_difference_and_tells_others(self, database: Database) -> None:
        told: list[Event] = []
        with database.writing() as connection:
            publish_calendar(connection, actor=SYSTEM, code="x", name="Lịch thử", source="QĐ 1", days=[CULTURE_DAY], **YEAR, **TOOLS)
            version_id = publish_calendar(
                connection,
                actor=SYSTEM,
                code="x",
                name="Lịch thử",
                source="QĐ 2",
                days=[CalendarDay(date(2026, 12, 31), "off", "Nghỉ bù", "QĐ 2", provisional=True)],
                tell=lambda _connection, events: told.extend(events),
                **YEAR,
                **TOOLS,
            )
            facts = json.loads(connection.scalars(select(trace_entries.c.body).order_by(trace_entries.c.id.desc())).first() or b"")["facts"]
        assert [day["on"] for day in facts["days_added"]] == ["2026-12-31"]
        assert [day["name"] for day in facts["days_dropped"]] == ["Ngày Văn hóa Việt Nam"]
        assert facts["source"] == "QĐ 2"
        assert told == [CalendarPublished(version_id, "x", 2, SYSTEM, START)]

    def test_keeps_sessions_that_do_not_count(self, database: Database) -> None:
        morning, afternoon = Session(time(7, 30), time(11, 30)), Session(time(13), time(17))
        week = {**dict.fromkeys(range(5), (morning, afternoon)), 5: (Session(time(8), time(11), counts=False),)}
        with database.writing() as connection:
            version_id = publish_calendar(
                connection, actor=SYSTEM, code="x", name="Lịch thử", source="QĐ 1", days=[], sessions=week, **YEAR, **TOOLS
            )
            kept = connection.scalars(select(calendar_versions.c.sessions).where(calendar_versions.c.id == version_id)).one()
            calendar = PublishedCalendars().by_id(connection, version_id)
        assert kept["5"] == [["08:00", "11:00", False]]
        assert not calendar.is_working_day(date(2026, 11, 21))

    def test_refuses_sessions_that_do_not_add_up_and_saves_nothing(self, database: Database) -> None:
        week = dict.fromkeys(range(5), (Session(time(7, 30), time(11)), Session(time(13), time(17))))
        with pytest.raises(InvalidError) as refused, database.writing() as connection:
            publish_calendar(connection, actor=SYSTEM, code="x", name="Lịch thử", source="QĐ 1", days=[], sessions=week, **YEAR, **TOOLS)
        assert refused.value.code == "calendar_inconsistent"
        with database.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(calendar_versions)) == 0
            assert connection.scalar(select(func.count()).select_from(calendar_days)) == 0

    def test_refuses_a_day_without_its_document(self, database: Database) -> None:
        bare = CalendarDay(date(2026, 11, 24), "off", "Ngày Văn hóa Việt Nam", " ")
        with pytest.raises(InvalidError) as refused, database.writing() as connection:
            publish_calendar(connection, actor=SYSTEM, code="x", name="Lịch thử", source="QĐ 1", days=[bare], **YEAR, **TOOLS)
        assert refused.value.code == "days_unsourced"
        assert list(refused.value.errors) == ["days.2026-11-24"]

    def test_refuses_an_officer(self, database: Database, commune: Commune) -> None:
        with database.writing() as connection:
            officer = commune.actor(connection, "nang.hoang")
            with pytest.raises(NotPermittedError):
                publish_calendar(connection, actor=officer, code="x", name="Lịch thử", source="QĐ 1", days=[], **YEAR, **TOOLS)


class TestPublishedCalendars:
    def test_gives_the_latest_version_of_the_agencys_calendar(self, database: Database, commune: Commune) -> None:
        calendars = PublishedCalendars()
        with database.writing() as connection:
            version_id, calendar = calendars.current(connection, commune.agency_id)
            assert (version_id, calendar.version) == (commune.calendar_version_id, 1)
            newer = publish_calendar(connection, actor=SYSTEM, code="vn", name="Lịch", source="QĐ 2", days=[], **YEAR, **TOOLS)
            assert calendars.current(connection, commune.agency_id)[0] == newer

    def test_reads_a_version_once_and_keeps_only_so_many(self, database: Database, commune: Commune) -> None:
        calendars = PublishedCalendars(keep=2)
        with database.writing() as connection:
            ids = [
                publish_calendar(connection, actor=SYSTEM, code="x", name="Lịch", source="QĐ", days=[], **YEAR, **TOOLS) for _ in range(3)
            ]
            kept = [calendars.by_id(connection, version_id) for version_id in ids]
            statements: list[str] = []
            event.listen(connection, "before_cursor_execute", lambda _c, _cur, statement, *_rest: statements.append(statement))
            assert calendars.by_id(connection, ids[2]) is kept[2]
            assert calendars.by_id(connection, ids[1]) is kept[1]
            assert statements == []
            assert calendars.by_id(connection, ids[0]) is not kept[0]

    def test_refuses_a_version_that_does_not_exist(self, database: Database) -> None:
        with database.reading() as connection:
            with pytest.raises(NotFoundError) as refused:
                PublishedCalendars().by_id(connection, 1)
            assert refused.value.code == "calendar_not_found"
            with pytest.raises(NotFoundError):
                load_calendar(connection, "mars")
