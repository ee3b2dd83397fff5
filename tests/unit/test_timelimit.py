"""Limits, the deadlines that follow from them, and lateness."""

from datetime import UTC, datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError
from engine.timelimit import UNTIMED, LimitKind, LimitRule, Punctuality, TimeLimit, deadline, is_late, punctuality, share
from engine.worktime import default_calendar

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def at(text: str) -> datetime:
    """A local moment, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def due(start: str, limit: str, rule: str = "elapsed") -> str | None:
    moment = deadline(default_calendar(), at(start), TimeLimit.parse(limit), LimitRule(rule))
    return None if moment is None else moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


class TestParse:
    @pytest.mark.parametrize(
        ("text", "canonical", "kind"),
        [
            ("3d", "3d", LimitKind.WORKING_DAYS),
            ("03d", "3d", LimitKind.WORKING_DAYS),
            (" 0.50d ", "0.5d", LimitKind.WORKING_DAYS),
            ("4h", "4h", LimitKind.WORKING_HOURS),
            ("1.25h", "1.25h", LimitKind.WORKING_HOURS),
            ("15cd", "15cd", LimitKind.CALENDAR_DAYS),
            ("sameday@15:00", "sameday@15:00", LimitKind.SAME_DAY),
            ("untimed", "untimed", LimitKind.UNTIMED),
            ("P1DT2H", "P1DT2H", LimitKind.DURATION),
        ],
    )
    def test_reads_the_vocabulary_into_its_canonical_text(self, text: str, canonical: str, kind: LimitKind) -> None:
        limit = TimeLimit.parse(text)
        assert (limit.text, limit.kind) == (canonical, kind)
        assert TimeLimit.parse(limit.text) == limit

    @pytest.mark.parametrize(
        "text",
        [
            *("", "3", "d", "-1d", "0d", "0.0h", "0cd", "1.5cd", "3 d", "3D", "1e3h", "٣d", "3d\n4h", "0,5d", "99999d", "nan"),
            *("sameday", "sameday@24:00", "sameday@15:60", "P", "PT", "P1DT", "PT0S", "P1H", "pt4h"),
        ],
    )
    def test_refuses_anything_else_and_a_limit_of_nothing(self, text: str) -> None:
        with pytest.raises(InvalidError) as refused:
            TimeLimit.parse(text)
        assert refused.value.code == "limit_invalid"

    @given(st.integers(1, 99_999_999), st.sampled_from(["d", "h"]))
    def test_round_trips_every_fraction_it_can_write(self, ten_thousandths: int, unit: str) -> None:
        whole, part = divmod(ten_thousandths, 10_000)
        limit = TimeLimit.parse(f"{whole}.{part:04d}{unit}")
        assert limit.amount == Fraction(ten_thousandths, 10_000)
        assert TimeLimit.parse(limit.text) == limit
        assert len(limit.text) <= 24  # the column


class TestWorkingMinutes:
    @pytest.mark.parametrize(("text", "minutes"), [("3d", 1440), ("0.5d", 240), ("0.25d", 120), ("4h", 240), ("1.5h", 90), ("0.33d", 158)])
    def test_counts_a_day_as_the_calendar_does_and_rounds_down(self, text: str, minutes: int) -> None:
        assert TimeLimit.parse(text).working_minutes(480) == minutes

    def test_follows_the_length_of_the_working_day(self) -> None:
        assert TimeLimit.parse("3d").working_minutes(450) == 1350
        assert TimeLimit.parse("3h").working_minutes(450) == 180

    def test_is_at_least_one_minute(self) -> None:
        assert TimeLimit.parse("0.0001h").working_minutes(480) == 1

    @pytest.mark.parametrize("text", ["15cd", "sameday@15:00", "untimed", "PT4H"])
    def test_is_nothing_for_limits_counted_otherwise(self, text: str) -> None:
        assert TimeLimit.parse(text).working_minutes(480) is None


class TestInVietnamese:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("3d", "3 ngày làm việc"),
            ("0.5d", "0,5 ngày làm việc"),
            ("4h", "4 giờ làm việc"),
            ("15cd", "15 ngày"),
            ("sameday@15:00", "trong ngày (nhận sau 15 giờ: ngày làm việc tiếp theo)"),
            ("sameday@15:05", "trong ngày (nhận sau 15 giờ 05 phút: ngày làm việc tiếp theo)"),
            ("untimed", "không tính thời hạn"),
            ("P1DT2H", "1 ngày 2 giờ, tính cả ngoài giờ làm việc"),
        ],
    )
    def test_speaks_as_forms_do(self, text: str, words: str) -> None:
        assert TimeLimit.parse(text).in_vietnamese() == words


class TestDeadline:
    @pytest.mark.parametrize(
        ("received", "limit", "elapsed", "end_of_day"),
        [  # facts.md 4.8
            ("2026-11-20T14:20", "3d", "2026-11-26T14:20", "2026-11-26T17:00"),
            ("2026-11-20T15:30", "1d", "2026-11-23T15:30", "2026-11-23T17:00"),
            ("2026-11-23T16:10", "1d", "2026-11-25T16:10", "2026-11-25T17:00"),
            ("2026-11-21T09:00", "3d", "2026-11-26T17:00", "2026-11-26T17:00"),
            ("2026-11-20T09:00", "25d", "2026-12-28T09:00", "2026-12-28T17:00"),
            ("2026-04-24T08:00", "5d", "2026-05-06T08:00", "2026-05-06T17:00"),
            ("2026-08-21T10:00", "5d", "2026-08-27T10:00", "2026-08-27T17:00"),
            ("2026-02-13T09:00", "3d", "2026-02-25T09:00", "2026-02-25T17:00"),
            ("2026-11-20T14:59", "sameday@15:00", "2026-11-20T17:00", "2026-11-20T17:00"),
            ("2026-11-23T15:01", "sameday@15:00", "2026-11-25T17:00", "2026-11-25T17:00"),
        ],
    )
    def test_holds_for_the_rows_of_the_facts_under_both_rules(self, received: str, limit: str, elapsed: str, end_of_day: str) -> None:
        assert due(received, limit) == elapsed
        assert due(received, limit, "endofday") == end_of_day

    @pytest.mark.parametrize(
        ("start", "limit", "expected"),
        [
            ("2026-11-20T06:00", "0.25d", "2026-11-20T09:30"),  # before opening
            ("2026-11-20T12:00", "0.25d", "2026-11-20T15:00"),  # in the lunch break
            ("2026-11-20T20:15", "0.25d", "2026-11-23T09:30"),  # after closing
            ("2026-11-20T10:30", "0.25d", "2026-11-20T14:00"),  # across the lunch break
            ("2026-11-20T07:30", "4h", "2026-11-20T11:30"),  # the end of the last worked minute, not 13:00
            ("2026-11-20T07:30", "1d", "2026-11-20T17:00"),  # nor 07:30 of the next day
            ("2026-11-20T17:00", "1d", "2026-11-23T17:00"),
            ("2026-08-22T08:00", "2h", "2026-08-22T10:00"),  # a make-up Saturday
            ("2026-01-02T08:00", "2h", "2026-01-05T09:30"),  # off in exchange for 10/1, which the holidays package misses
            ("2026-01-10T08:00", "2h", "2026-01-10T10:00"),
        ],
    )
    def test_counts_only_working_minutes(self, start: str, limit: str, expected: str) -> None:
        assert due(start, limit) == expected

    def test_truncates_the_start_to_the_minute(self) -> None:
        assert due("2026-11-20T14:20:59", "3d") == "2026-11-26T14:20"
        assert due("2026-11-20T15:00:59", "sameday@15:00") == "2026-11-20T17:00"

    @pytest.mark.parametrize(
        ("received", "expected"),
        [
            ("2026-11-20T15:00", "2026-11-20T17:00"),  # up to 15:00 is in time
            ("2026-11-20T15:01", "2026-11-23T17:00"),
            ("2026-11-20T06:00", "2026-11-20T17:00"),
            ("2026-11-21T09:00", "2026-11-23T17:00"),  # Saturday
            ("2026-11-24T09:00", "2026-11-25T17:00"),  # a day off
            ("2026-08-22T14:00", "2026-08-22T17:00"),  # a make-up Saturday
        ],
    )
    def test_answers_on_the_same_day_or_the_next_working_day(self, received: str, expected: str) -> None:
        assert due(received, "sameday@15:00") == expected

    def test_never_makes_a_same_day_appointment_that_is_over_on_receipt(self) -> None:
        assert due("2026-11-20T17:30", "sameday@18:00") == "2026-11-23T17:00"
        assert due("2026-11-20T17:00", "sameday@18:00") == "2026-11-23T17:00"

    @pytest.mark.parametrize(
        ("received", "limit", "expected"),
        [
            ("2026-11-02T09:00", "15cd", "2026-11-17T17:00"),
            ("2026-11-06T09:00", "15cd", "2026-11-23T17:00"),  # 21/11 is a Saturday
            ("2026-11-09T09:00", "15cd", "2026-11-25T17:00"),  # 24/11 is off
            ("2026-11-07T22:00", "1cd", "2026-11-09T17:00"),  # received on a Saturday evening
            ("2026-08-20T09:00", "2cd", "2026-08-22T17:00"),  # a make-up Saturday is a working day
        ],
    )
    def test_ends_calendar_days_at_the_close_of_a_working_day(self, received: str, limit: str, expected: str) -> None:
        assert due(received, limit) == expected
        assert due(received, limit, "endofday") == expected

    @pytest.mark.parametrize(
        ("received", "limit", "expected"),
        [
            ("2026-11-20T00:01", "1d", "2026-11-23T17:00"),  # the day of receipt never counts, however early
            ("2026-11-20T23:59", "1d", "2026-11-23T17:00"),
            ("2026-11-21T12:00", "1d", "2026-11-23T17:00"),  # a day off is a day of receipt like any other
            ("2026-11-22T12:00", "2d", "2026-11-25T17:00"),
            ("2026-08-21T10:00", "1d", "2026-08-22T17:00"),
        ],
    )
    def test_counts_whole_days_after_the_day_of_receipt(self, received: str, limit: str, expected: str) -> None:
        assert due(received, limit, "endofday") == expected

    def test_refuses_fractions_of_a_day_under_the_end_of_day_rule(self) -> None:
        with pytest.raises(InvalidError) as refused:
            due("2026-11-20T14:20", "0.5d", "endofday")
        assert refused.value.code == "limit_not_whole_days"

    def test_keeps_hours_elapsed_under_the_end_of_day_rule(self) -> None:
        assert due("2026-11-20T14:20", "8h", "endofday") == due("2026-11-20T14:20", "8h") == "2026-11-23T14:20"

    def test_is_nothing_for_untimed(self) -> None:
        assert due("2026-11-20T14:20", "untimed") is None

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [
            ("P1D", "2026-01-31T23:50"),  # a day is a day of the wall clock, whatever is worked on it
            ("PT24H", "2026-01-31T23:50"),
            ("P1M", "2026-02-28T23:50"),  # clipped to the month's last day
            ("P1W", "2026-02-06T23:50"),
            ("PT30S", "2026-01-30T23:51"),  # up to the next whole minute
            ("PT10M1S", "2026-01-31T00:01"),
        ],
    )
    def test_runs_durations_on_the_wall_clock(self, limit: str, expected: str) -> None:
        assert due("2026-01-30T23:50", limit) == expected

    def test_refuses_to_leave_the_calendar(self) -> None:
        for limit in ("5d", "10cd", "sameday@15:00"):
            with pytest.raises(InvalidError) as refused:
                due("2027-12-31T16:00", limit)
            assert refused.value.code == "calendar_exhausted"

    def test_refuses_a_moment_without_a_zone(self) -> None:
        with pytest.raises(TypeError):
            deadline(default_calendar(), datetime(2026, 11, 20, 14, 20), TimeLimit.parse("3d"))  # noqa: DTZ001 - the point of the test


class TestLateness:
    def test_is_judged_by_whole_minutes(self) -> None:
        limit = at("2026-11-20T17:00")
        assert not is_late(limit, at("2026-11-20T17:00:59.999999"))
        assert is_late(limit, at("2026-11-20T17:01"))

    def test_needs_a_deadline(self) -> None:
        assert not is_late(None, at("2026-11-20T17:01"))
        assert punctuality(None, at("2026-11-20T17:01"), ZONE) is None

    @pytest.mark.parametrize(
        ("done", "expected"),
        [
            ("2026-11-19T23:59", Punctuality.EARLY),
            ("2026-11-20T00:00", Punctuality.ON_TIME),  # 17:00 of the day before in UTC: dates are local ones
            ("2026-11-20T17:00:59", Punctuality.ON_TIME),
            ("2026-11-20T17:01", Punctuality.OVERDUE),
        ],
    )
    def test_makes_the_three_results_of_the_slip(self, done: str, expected: Punctuality) -> None:
        assert punctuality(at("2026-11-20T17:00"), at(done), ZONE) is expected


class TestShare:
    def test_scales_rounds_down_and_leaves_at_least_a_minute(self) -> None:
        assert share(60, 250, 480) == 31
        assert share(1, 10, 480) == 1

    @given(st.lists(st.integers(1, 480), min_size=1, max_size=12), st.integers(12, 960))
    def test_never_gives_away_more_than_there_is(self, limits: list[int], available: int) -> None:
        total = sum(limits)
        shares = [share(minutes, available, total) for minutes in limits]
        assert sum(shares) <= available + len(limits)  # only the least minute of each can exceed it
        assert all(one >= 1 for one in shares)


def test_untimed_is_what_parsing_it_gives() -> None:
    assert TimeLimit.parse("untimed") is UNTIMED
    assert TimeLimit.parse("sameday@15:00").latest == time(15)
