"""The legal clock: deadlines worked out from ledgers."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidError
from engine.legalclock import CALENDAR_APPROVED, ClockState, LedgerEntry, first_breach, replay
from engine.timelimit import LimitKind, LimitRule, TimeLimit, deadline, is_late
from engine.worktime import default_calendar
from tests.unit.ledgers import CALENDARS, ZONE, at, clock, due, entry, ledgers, local, off, spans, start, version


class TestReplay:
    def test_says_none_without_a_ledger(self) -> None:
        assert clock() == ClockState("none")

    def test_starts_with_the_deadline_of_the_limit(self) -> None:
        state = clock(start("11-20T14:20", "3d"))
        assert (state.clock, local(state.due_at), state.calendar_version_id) == ("running", "11-26T14:20", 1)
        assert spans(state) == [("11-20T14:20", None, "11-26T14:20")]

    def test_holds_what_is_left_while_stopped(self) -> None:  # the dossier of mockups/dossier.html
        state = clock(start("11-19T14:20", "3d"), entry("stop", "11-20T09:30"))
        assert (state.clock, state.due_at, state.remaining_minutes, local(state.stopped_at)) == ("stopped", None, 1160, "11-20T09:30")
        assert spans(state) == [("11-19T14:20", "11-20T09:30", "11-25T14:20")]

    def test_goes_on_from_the_receipt_of_the_answer(self) -> None:
        state = clock(start("11-19T14:20", "3d"), entry("stop", "11-20T09:30"), entry("resume", "11-23T08:00", entered="11-23T15:12"))
        assert (state.clock, local(state.due_at), state.remaining_minutes) == ("running", "11-26T11:20", None)
        assert spans(state) == [("11-19T14:20", "11-20T09:30", "11-25T14:20"), ("11-23T15:12", None, "11-26T11:20")]

    def test_is_not_moved_by_a_pause_of_no_length(self) -> None:
        assert due(start("11-19T14:20", "3d"), entry("stop", "11-20T09:30:10"), entry("resume", "11-20T09:30:50")) == "11-25T14:20"

    def test_is_not_moved_by_a_pause_outside_working_time(self) -> None:
        assert due(start("11-19T14:20", "3d"), entry("stop", "11-20T17:00"), entry("resume", "11-22T23:00")) == "11-25T14:20"

    def test_resumes_on_a_day_off(self) -> None:
        assert due(start("11-19T14:20", "3d"), entry("stop", "11-20T09:30"), entry("resume", "11-24T10:00")) == "11-27T10:50"

    def test_counts_two_pauses(self) -> None:
        twice = (entry("stop", "11-20T09:30"), entry("resume", "11-20T10:30"), entry("stop", "11-23T08:00"), entry("resume", "11-23T10:00"))
        assert due(start("11-19T14:20", "3d"), *twice) == "11-26T07:50"  # 14:20 on 25/11 and three hours

    def test_counts_overlapping_pauses_once_and_waits_for_both(self) -> None:
        both = (entry("stop", "11-20T09:30", reason="drawn_wait"), entry("stop", "11-20T10:00", reason="supplement"))
        half = clock(start("11-19T14:20", "3d"), *both, entry("resume", "11-23T08:00"))
        assert (half.clock, half.remaining_minutes) == ("stopped", 1160)
        # the second receipt lies earlier than the first, but was entered later
        state = clock(
            start("11-19T14:20", "3d"), *both, entry("resume", "11-23T08:00"), entry("resume", "11-20T16:00", entered="11-23T09:00")
        )
        assert local(state.due_at) == "11-26T11:20"

    def test_outlives_a_pause_longer_than_the_term(self) -> None:
        assert due(start("03-02T08:00", "1d"), entry("stop", "03-02T09:00"), entry("resume", "06-01T09:00")) == "06-02T08:00"

    def test_leaves_a_deadline_that_has_passed_where_it_is(self) -> None:
        late = clock(start("11-19T14:20", "0.25d"), entry("stop", "11-20T09:30"))
        assert (late.clock, local(late.due_at), late.remaining_minutes) == ("stopped", "11-19T16:20", None)
        resumed = clock(start("11-19T14:20", "0.25d"), entry("stop", "11-20T09:30"), entry("resume", "11-23T08:00"))
        assert local(resumed.due_at) == "11-19T16:20"
        assert spans(resumed) == [("11-19T14:20", None, "11-19T16:20")]

    def test_holds_nothing_when_stopped_in_the_last_minute(self) -> None:
        stopped = (start("11-19T14:20", "0.25d"), entry("stop", "11-19T16:20:59"))
        assert (clock(*stopped).due_at, clock(*stopped).remaining_minutes) == (None, 0)
        assert due(*stopped, entry("resume", "11-19T16:20:59")) == "11-19T16:20"
        assert due(*stopped, entry("resume", "11-20T09:00")) == "11-20T09:00"
        assert due(*stopped, entry("resume", "11-21T09:00")) == "11-23T07:30"  # not on a Saturday

    def test_restarts_the_limit_when_the_resume_says_so(self) -> None:
        paused = (start("11-02T08:00", "3d"), entry("extend", "11-02T09:00", "1d"), entry("stop", "11-03T09:30"))
        assert due(*paused, entry("resume", "11-09T10:00", "3d")) == "11-13T10:00"  # what was granted by an extension stays

    def test_keeps_the_deadline_to_judge_by_when_finished(self) -> None:
        state = clock(start("11-19T14:20", "3d"), entry("finish", "11-23T10:00"))
        assert (state.clock, local(state.due_at)) == ("finished", "11-25T14:20")
        assert spans(state) == [("11-19T14:20", "11-23T10:00", "11-25T14:20")]

    def test_keeps_a_deadline_in_force_until_what_ended_it_was_entered(self) -> None:
        state = clock(start("11-19T14:20", "3d"), entry("stop", "11-20T09:30", entered="11-20T15:00"))
        assert (spans(state), state.remaining_minutes) == ([("11-19T14:20", "11-20T15:00", "11-25T14:20")], 1160)

    def test_judges_by_when_it_was_finished_not_by_when_that_was_entered(self) -> None:
        state = clock(start("11-19T14:20", "3d"), entry("finish", "11-25T14:00", entered="11-26T08:00"))
        assert first_breach(state.history, at("11-27T08:00")) is None

    def test_goes_on_after_reopening(self) -> None:
        closed = (start("11-19T14:20", "3d"), entry("close", "11-20T09:30"))
        assert clock(*closed).clock == "finished"
        assert due(*closed, entry("resume", "11-23T08:00")) == "11-26T11:20"

    def test_has_no_deadline_without_a_limit(self) -> None:
        state = clock(start("11-19T14:20", "untimed"), entry("stop", "11-20T09:30"), entry("resume", "11-23T08:00"))
        assert (state.clock, state.due_at, state.history) == ("running", None, ())

    @pytest.mark.parametrize(
        "entries",
        [
            (entry("stop", "11-19T14:20"),),
            (entry("extend", "11-19T14:20", "1d"),),
            (start("11-19T14:20", "3d"), start("11-19T14:20", "3d")),
            (start("11-19T14:20", "3d"), entry("resume", "11-20T14:20")),
            (start("11-19T14:20", "3d"), entry("finish", "11-20T14:20"), entry("stop", "11-20T15:20")),
            (start("11-19T14:20", "3d"), entry("stop", "11-20T14:20"), entry("resume", "11-20T14:19")),
        ],
    )
    def test_refuses_a_ledger_that_cannot_have_happened(self, entries: tuple[LedgerEntry, ...]) -> None:
        with pytest.raises(InvalidError) as refused:
            clock(*entries)
        assert refused.value.code == "ledger_invalid"

    def test_reads_rows_of_the_table(self) -> None:
        row = {
            "kind": "start",
            "at": at("11-20T14:20"),
            "entered_at": at("11-20T14:20"),
            "limit_text": "3d",
            "limit_rule": "endofday",
            "calendar_version_id": 1,
            "reason": None,
            "reference": None,
        }
        assert due(LedgerEntry.read(row)) == "11-26T17:00"

    @given(ledgers())
    def test_never_makes_a_pause_shorten_a_deadline(self, entries: list[LedgerEntry]) -> None:
        before: datetime | None = None
        for count in range(1, len(entries) + 1):
            state = replay(entries[:count], CALENDARS)
            if state.due_at is not None and entries[count - 1].kind in ("resume", "extend"):
                assert before is None or state.due_at >= before
            before = state.due_at or before

    @given(ledgers(extensions=False))
    def test_is_not_moved_when_every_pause_ends_at_once(self, entries: list[LedgerEntry]) -> None:
        neutral: list[LedgerEntry] = []
        for one in entries:
            if one.kind != "resume":
                neutral.append(one)
            if one.kind == "stop":
                neutral.append(LedgerEntry("resume", one.at, 1))
        first = entries[0]
        assert first.limit is not None
        assert replay(neutral, CALENDARS).due_at == deadline(default_calendar(), first.at, first.limit, first.rule)

    @given(ledgers(), st.integers(0, 90 * 24 * 3600))
    def test_remembers_what_was_in_force_at_every_moment(self, entries: list[LedgerEntry], seconds: int) -> None:
        moment = entries[0].at + timedelta(seconds=seconds)
        known = replay([one for one in entries if one.known_at <= moment], CALENDARS)
        history = replay(entries, CALENDARS).history
        in_force = [span.due_at for span in history if span.from_ <= moment and (span.until is None or moment < span.until)]
        assert in_force == ([known.due_at] if known.due_at is not None and known.clock != "finished" else [])

    @given(ledgers(extensions=False))
    def test_counts_neither_more_nor_less_than_the_limit(self, entries: list[LedgerEntry]) -> None:
        first, state, calendar = entries[0], replay(entries, CALENDARS), default_calendar()
        assert first.limit is not None
        minutes = first.limit.working_minutes(480)
        if minutes is None or state.due_at is None or (first.rule is LimitRule.END_OF_DAY and first.limit.kind is LimitKind.WORKING_DAYS):
            return
        worked, since, paused = 0, first.at, False
        for one in entries[1:]:
            if one.kind == "stop" and not is_late(state.due_at, one.at):
                worked, paused = worked + calendar.between(since, one.at), True
            elif one.kind == "resume" and paused:
                since, paused = one.at, False
        assert worked + calendar.between(since, state.due_at) == minutes


class TestCalendarDays:
    def test_adds_the_days_of_the_pause_and_then_rolls(self) -> None:
        assert due(start("11-02T09:00", "15cd"), entry("stop", "11-04T09:00"), entry("resume", "11-09T16:00")) == "11-23T17:00"  # 22/11

    def test_adds_to_the_date_before_it_was_rolled(self) -> None:
        assert due(start("11-06T09:00", "15cd")) == "11-23T17:00"  # 21/11 is a Saturday
        assert due(start("11-06T09:00", "15cd"), entry("stop", "11-09T09:00"), entry("resume", "11-10T09:00")) == "11-23T17:00"
        assert due(start("11-06T09:00", "15cd"), entry("stop", "11-09T09:00"), entry("resume", "11-14T09:00")) == "11-26T17:00"

    def test_keeps_the_rolled_date_once_the_first_is_over(self) -> None:
        paused = (start("11-06T09:00", "15cd"), entry("stop", "11-22T09:00"))
        assert clock(*paused).remaining_days == 1
        assert due(*paused, entry("resume", "11-24T09:00")) == "11-25T17:00"

    def test_does_not_fall_before_a_resume_after_hours(self) -> None:
        paused = (start("11-02T09:00", "15cd"), entry("stop", "11-17T16:00"))
        assert due(*paused, entry("resume", "11-17T16:30")) == "11-17T17:00"
        assert due(*paused, entry("resume", "11-17T18:00")) == "11-18T17:00"

    def test_says_how_many_days_are_held(self) -> None:
        state = clock(start("11-02T09:00", "15cd"), entry("stop", "11-04T09:00"))
        assert (state.remaining_days, state.remaining_minutes) == (13, default_calendar().between(at("11-04T09:00"), at("11-17T17:00")))


class TestEndOfDay:
    """3d received on Thursday 19/11 is due on Wednesday 25/11 (24/11 is off)."""

    def paused(self, stop: str, resume: str) -> str | None:
        return due(start("11-19T14:20", "3d", "endofday"), entry("stop", stop), entry("resume", resume))

    def test_adds_the_working_days_of_the_pause(self) -> None:
        assert self.paused("11-20T09:30", "11-23T08:00") == "11-26T17:00"

    def test_adds_nothing_within_a_day(self) -> None:
        assert self.paused("11-20T09:30", "11-20T16:59") == "11-25T17:00"

    def test_makes_good_the_rest_of_the_day_when_the_day_of_the_resume_has_none(self) -> None:
        assert self.paused("11-20T09:30", "11-20T17:00") == "11-26T17:00"
        assert self.paused("11-20T09:30", "11-21T08:00") == "11-26T17:00"

    def test_gives_nothing_for_a_rest_that_was_not_there(self) -> None:
        assert self.paused("11-20T17:00", "11-21T08:00") == "11-25T17:00"
        assert self.paused("11-21T08:00", "11-22T08:00") == "11-25T17:00"

    def test_does_not_count_the_day_of_the_resume(self) -> None:
        assert self.paused("11-21T08:00", "11-23T16:59") == "11-26T17:00"

    def test_ends_on_the_day_of_the_resume_when_only_the_rest_of_the_last_day_was_left(self) -> None:
        assert self.paused("11-25T09:00", "11-27T10:00") == "11-27T17:00"
        assert self.paused("11-25T09:00", "11-27T17:00") == "11-30T17:00"
        assert self.paused("11-25T09:00", "11-28T10:00") == "11-30T17:00"

    def test_may_end_at_once_when_nothing_was_left(self) -> None:
        assert self.paused("11-25T17:00", "11-25T17:00:30") == "11-25T17:00"
        assert self.paused("11-25T17:00", "11-26T17:00") == "11-26T17:00"
        assert self.paused("11-25T17:00", "11-26T17:01") == "11-27T17:00"

    def test_holds_whole_days(self) -> None:
        state = clock(start("11-19T14:20", "3d", "endofday"), entry("stop", "11-20T09:30"))
        assert (state.remaining_days, state.remaining_minutes) == (2, 360 + 960)

    def test_pauses_hours_as_hours(self) -> None:
        paused = (entry("stop", "11-20T09:30"), entry("resume", "11-23T08:00"))
        assert due(start("11-19T14:20", "24h", "endofday"), *paused) == "11-26T11:20"

    @given(ledgers(extensions=False))
    def test_always_ends_with_a_day(self, entries: list[LedgerEntry]) -> None:
        ending = [replace(one, limit=TimeLimit.parse("3d"), rule=LimitRule.END_OF_DAY) if one.kind == "start" else one for one in entries]
        due_at = replay(ending, CALENDARS).due_at
        assert due_at is None or due_at == default_calendar().close_of(due_at.astimezone(ZONE).date())


class TestExtend:
    def test_lengthens_a_running_clock(self) -> None:
        state = clock(start("11-02T09:00", "3d"), entry("extend", "11-03T10:00", "5d", reason="extends:B3"))
        assert local(state.due_at) == "11-12T09:00"
        assert spans(state) == [("11-02T09:00", "11-03T10:00", "11-05T09:00"), ("11-03T10:00", None, "11-12T09:00")]

    def test_lengthens_what_is_held_while_stopped(self) -> None:
        stopped = (start("11-02T09:00", "3d"), entry("stop", "11-03T09:00"), entry("extend", "11-04T10:00", "1d"))
        assert clock(*stopped).remaining_minutes == 3 * 480
        assert due(*stopped, entry("resume", "11-09T09:00")) == "11-12T09:00"

    def test_makes_the_same_of_it_before_during_and_after_a_pause(self) -> None:
        stop, resume = entry("stop", "11-03T09:00"), entry("resume", "11-09T09:00")
        orders = (
            (entry("extend", "11-02T10:00", "1d"), stop, resume),
            (stop, entry("extend", "11-04T10:00", "1d"), resume),
            (stop, resume, entry("extend", "11-09T10:00", "1d")),
        )
        for limit, rule in (("3d", "elapsed"), ("3d", "endofday"), ("24h", "endofday")):
            assert len({due(start("11-02T09:00", limit, rule), *order) for order in orders}) == 1

    def test_lengthens_by_whole_days_under_the_end_of_day_rule(self) -> None:
        assert due(start("11-02T09:00", "3d", "endofday"), entry("extend", "11-03T10:00", "5d")) == "11-12T17:00"
        with pytest.raises(InvalidError) as refused:
            clock(start("11-02T09:00", "3d", "endofday"), entry("extend", "11-03T10:00", "0.5d"))
        assert refused.value.code == "limit_not_whole_days"

    def test_adds_calendar_days_to_the_date_before_it_was_rolled(self) -> None:
        assert due(start("11-06T09:00", "15cd"), entry("extend", "11-09T10:00", "5cd")) == "11-26T17:00"  # 21/11 and five days

    def test_does_not_give_a_weekend_away_twice(self) -> None:
        twice = (entry("extend", "11-09T10:00", "1cd"), entry("extend", "11-10T10:00", "5cd"))
        assert due(start("11-06T09:00", "15cd"), *twice) == "11-27T17:00"  # 22/11, a Sunday, and five days

    def test_lengthens_calendar_days_by_working_days(self) -> None:
        assert due(start("11-02T09:00", "15cd"), entry("extend", "11-09T10:00", "3d")) == "11-20T17:00"

    def test_moves_a_deadline_that_has_passed_but_not_its_breach(self) -> None:
        state = clock(start("11-02T09:00", "1d"), entry("extend", "11-04T10:00", "5d"))
        assert local(state.due_at) == "11-10T09:00"
        assert local(first_breach(state.history, at("11-05T09:00"))) == "11-03T09:00"

    def test_needs_days_or_hours(self) -> None:
        with pytest.raises(InvalidError) as refused:
            clock(start("11-02T09:00", "3d"), entry("extend", "11-03T10:00", "sameday@15:00"))
        assert refused.value.code == "extension_invalid"

    def test_leaves_no_span_for_a_deadline_replaced_in_the_same_operation(self) -> None:
        state = clock(start("11-02T09:00", "3d"), entry("extend", "11-02T09:00", "5d"))
        assert spans(state) == [("11-02T09:00", None, "11-12T09:00")]


class TestCalendarChange:
    VERSIONS: ClassVar = {
        1: version(1),
        2: version(2, off("11-25")),
        3: version(3, without=date(2026, 11, 24)),
        4: version(4, off("11-30")),
    }

    def replay(self, *entries: LedgerEntry) -> ClockState:
        return replay(entries, self.VERSIONS)

    def test_moves_a_deadline_later(self) -> None:
        state = self.replay(start("11-20T14:20", "3d"), entry("calendar", "11-23T08:00", version=2))
        assert (local(state.due_at), state.calendar_version_id) == ("11-27T14:20", 2)
        assert spans(state)[0] == ("11-20T14:20", "11-23T08:00", "11-26T14:20")

    def test_does_not_move_it_earlier(self) -> None:
        state = self.replay(start("11-20T14:20", "3d"), entry("calendar", "11-23T08:00", version=3))
        assert local(state.due_at) == "11-26T14:20"
        assert len(state.history) == 1

    def test_moves_it_earlier_when_approved(self) -> None:
        state = self.replay(start("11-20T14:20", "3d"), entry("calendar", "11-23T08:00", version=3, reason=CALENDAR_APPROVED))
        assert local(state.due_at) == "11-25T14:20"

    def test_counts_a_day_off_decreed_too_late(self) -> None:
        state = self.replay(start("11-23T14:20", "1d"), entry("calendar", "11-27T08:00", version=2))
        assert local(state.due_at) == "11-26T14:20"
        assert local(first_breach(state.history, at("11-27T09:00"))) == "11-25T14:20"  # the breach stays; it can be cancelled

    def test_counts_on_in_the_new_version_after_a_pause(self) -> None:
        stopped = (start("11-19T14:20", "3d"), entry("stop", "11-20T09:30"), entry("calendar", "11-20T10:00", version=4))
        assert self.replay(*stopped).remaining_minutes == 1160
        assert local(self.replay(*stopped, entry("resume", "11-27T08:00")).due_at) == "12-02T11:20"  # 30/11 is off now

    def test_names_a_version_that_was_not_handed_in(self) -> None:
        with pytest.raises(InvalidError) as refused:
            self.replay(start("11-19T14:20", "3d"), entry("calendar", "11-20T10:00", version=9))
        assert refused.value.code == "calendar_unknown"
